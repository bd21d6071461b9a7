/**
 * Breadth-first search: every reachable state once, the nearest first, so the first violation has a shortest trace. Runs in slices, for
 * whoever shows progress or wants to stop it. One core; several share the work in shared-search.ts.
 */
import { FoundWays } from "./found-ways.ts";
import type { Model } from "./model.ts";
import type { StateGraph } from "./state-graph.ts";
import { StateLayers, type SearchRules, type Violation } from "./state-layers.ts";
import { walkActions } from "./trace-walk.ts";
import type { VisitedStates } from "./visited-states.ts";

export interface SearchBounds {
  readonly maxStates: number;
  readonly maxDepth: number;
}

export type SearchEnd = "complete" | "violated" | "states" | "depth";

export class BreadthFirst {
  readonly #model: Model;
  readonly #bounds: SearchBounds;
  readonly #layers: StateLayers<FoundWays>;

  /** `graph`: is told every transition. */
  constructor(model: Model, rules: SearchRules, bounds: Partial<SearchBounds> = {}, graph?: StateGraph) {
    this.#model = model;
    this.#bounds = { maxStates: Infinity, maxDepth: Infinity, ...bounds };
    this.#layers = new StateLayers(model, rules, { ways: new FoundWays(), graph });
    this.#layers.begin();
  }

  get visited(): VisitedStates {
    return this.#layers.visited;
  }

  get transitions(): number {
    return this.#layers.transitions;
  }

  /** Actions from the initial states to the layer being expanded. */
  get depth(): number {
    return this.#layers.depth;
  }

  get violation(): Violation | undefined {
    return this.#layers.violation;
  }

  /** States found and not expanded yet. */
  get waiting(): number {
    return this.#layers.layerLength + this.#layers.nextLength;
  }

  /** The states that wait, in bytes for each of all that were found. */
  get waitingBytesPerState(): number {
    return this.#layers.waitingBytes / Math.max(1, this.visited.count);
  }

  /** Expands about so many states; undefined while there are more. */
  run(states: number): SearchEnd | undefined {
    const { maxStates, maxDepth } = this.#bounds;
    const layers = this.#layers;
    for (let i = 0; i < states; i++) {
      if (layers.violation !== undefined) return "violated";
      if (layers.visited.count >= maxStates) return "states";
      if (layers.layerLength === 0) {
        if (layers.nextLength === 0) return "complete";
        if (layers.depth >= maxDepth) return "depth";
        layers.nextLayer();
        if (layers.depth >= maxDepth) return "depth";
      }
      layers.expand();
    }
    return undefined;
  }

  /** The states from an initial one to this, and the number of the action that leads to each: the way is walked again. */
  trace(number: number): { readonly state: Int32Array; readonly action: number }[] {
    const actions: number[] = [];
    for (let at = number; at >= 0; at = this.visited.ways.parentOf(at)) actions.push(this.visited.ways.actionOf(at));
    actions.reverse();
    return walkActions(this.#model, actions);
  }
}
