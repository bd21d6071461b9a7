/**
 * What a world says of single states, as rules of a search: its properties of states, that no handler throws, its constraint. Notes which
 * property the last violation broke.
 */
import type { AppModel } from "./app-model.ts";
import { AppView } from "./app-view.ts";
import type { SearchRules } from "./state-layers.ts";
import { PredicateMemory } from "./predicate-memory.ts";
import type { Predicate } from "../sim/world-definition.ts";

/** Who is shown each state, in order. */
export interface WayWatch {
  look(state: { holds(predicate: Predicate): boolean }): void;
  /** The next state is not to be looked at: a handler has thrown. */
  skip(): void;
}

export class WorldRules implements SearchRules {
  /** Of the last violation. */
  broken = "";
  readonly isBounded: boolean;
  readonly #model: AppModel;
  readonly #ways: WayWatch | undefined;
  readonly #memory: PredicateMemory;

  /** `ways`: is shown every state too. */
  constructor(model: AppModel, ways?: WayWatch) {
    const { properties, constraint } = model.definition;
    this.#model = model;
    this.#ways = ways;
    this.isBounded = constraint !== undefined;
    const predicates = properties.flatMap((property) => (property.kind === "leadsTo" ? [property.from, property.holds] : [property.holds]));
    this.#memory = new PredicateMemory(new AppView(model, model.initial()[0]!), constraint === undefined ? predicates : [...predicates, constraint]);
  }

  violation(state: Int32Array): string | undefined {
    const failure = this.#model.failureIn(state);
    if (failure !== undefined) {
      this.#ways?.skip();
      this.broken = "no handler throws";
      return failure;
    }
    const memory = this.#memory;
    memory.turnTo(state);
    this.#ways?.look(memory);
    for (const property of this.#model.definition.properties) {
      if (property.kind !== "always" || memory.holds(property.holds)) continue;
      this.broken = property.name;
      return memory.wrong(property.holds);
    }
    return undefined;
  }

  /** What one of the world's predicates says of a state. */
  holds(predicate: Predicate, state: Int32Array): boolean {
    if (this.#model.failureIn(state) !== undefined) return false;
    this.#memory.turnTo(state);
    return this.#memory.holds(predicate);
  }

  isExpanded(state: Int32Array): boolean {
    if (this.#model.failureIn(state) !== undefined) return false;
    const { constraint } = this.#model.definition;
    if (constraint === undefined) return true;
    this.#memory.turnTo(state);
    return this.#memory.holds(constraint);
  }
}
