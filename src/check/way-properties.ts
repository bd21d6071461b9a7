/**
 * The properties of a world that say something of ways: what each of their predicates says of every state is noted while a search finds
 * the states, and held against the graph when it is done.
 */
import type { Predicate, Property } from "../sim/world-definition.ts";
import { livenessViolation, type LivenessViolation } from "./liveness.ts";
import { StateGraph } from "./state-graph.ts";

/** One that says something of ways. */
export type WayProperty = Exclude<Property, { readonly kind: "always" }> & { readonly kind: "eventually" | "eventuallyAlways" | "leadsTo" };

export class WayProperties {
  /** Undefined when no property asks for one. */
  readonly graph: StateGraph | undefined;
  readonly #properties: readonly WayProperty[];
  /** By state, two bits a property: whether it holds, and whether it begins. */
  readonly #marks: Uint8Array[] = [];
  #count = 0;

  constructor(properties: readonly Property[]) {
    this.#properties = properties.filter((property): property is WayProperty => property.kind !== "always");
    this.graph = this.#properties.length === 0 ? undefined : new StateGraph();
  }

  /** The next state. */
  look(state: { holds(predicate: Predicate): boolean }): void {
    if (this.graph === undefined) return;
    this.#properties.forEach((property, index) => this.#mark(index, (state.holds(property.holds) ? 1 : 0) | (property.kind === "leadsTo" && state.holds(property.from) ? 2 : 0)));
    this.#count++;
  }

  /** The next state is one that is not looked at. */
  skip(): void {
    this.#properties.forEach((_, index) => this.#mark(index, 1));
    this.#count++;
  }

  #mark(property: number, mark: number): void {
    let marks = this.#marks[property];
    if (marks === undefined || marks.length === this.#count) {
      const grown = new Uint8Array(Math.max(1024, this.#count * 2));
      if (marks !== undefined) grown.set(marks);
      this.#marks[property] = marks = grown;
    }
    marks[this.#count] = mark;
  }

  violation(states: number): (LivenessViolation & { readonly property: string; readonly what: string }) | undefined {
    const { graph } = this;
    if (graph === undefined) return undefined;
    for (const [index, { kind, name }] of this.#properties.entries()) {
      const marks = this.#marks[index]!;
      const found = livenessViolation(graph, states, 1, { kind, holds: (state) => (marks[state]! & 1) !== 0, from: (state) => (marks[state]! & 2) !== 0 });
      if (found === undefined) continue;
      const end = found.circleFrom === undefined ? "nothing can happen any more" : "it can go on like this for ever";
      return { ...found, property: name, what: kind === "eventuallyAlways" ? `it does not hold for good: ${end}` : `it does not come true: ${end}` };
    }
    return undefined;
  }
}
