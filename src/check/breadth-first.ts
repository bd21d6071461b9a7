/**
 * Breadth-first search: every reachable state once, the nearest first, so the first violation has a shortest trace. Runs in slices, for
 * whoever shows progress or wants to stop it. Keeps fingerprints of what it has seen and whole states only of two layers.
 */
import { fingerprint, Successors, type Model } from "./model.ts";
import { Frontier } from "./frontier.ts";
import { SleepSets } from "./sleep-sets.ts";
import type { StateGraph } from "./state-graph.ts";
import { VisitedStates } from "./visited-states.ts";

export interface SearchRules {
  /** What is wrong in a state, asked once for each, in the order of their numbers; undefined when nothing is. */
  violation(state: Int32Array): string | undefined;
  /** False: nothing is explored from this state. */
  isExpanded(state: Int32Array): boolean;
  /** Some states are not explored from. */
  readonly isBounded?: boolean;
}

export interface SearchBounds {
  readonly maxStates: number;
  readonly maxDepth: number;
}

export interface Violation {
  readonly what: string;
  /** The number of the state among those visited. */
  readonly state: number;
}

export type SearchEnd = "complete" | "violated" | "states" | "depth";

export class BreadthFirst {
  readonly visited: VisitedStates;
  transitions = 0;
  /** Actions from the initial states to the layer being expanded. */
  depth = 0;
  violation: Violation | undefined;
  readonly #model: Model;
  readonly #rules: SearchRules;
  readonly #bounds: SearchBounds;
  readonly #successors: Successors;
  /** Every transition, for properties of ways and not of states; undefined when there are none. */
  readonly #graph: StateGraph | undefined;
  /** Undefined where every transition is to be seen, or where what commutes leads to other states all the same. */
  readonly #sleep: SleepSets | undefined;
  #layer: Frontier;
  #next: Frontier;
  /** The one that is expanded, and the one that was found. */
  readonly #state: Int32Array;
  readonly #found: Int32Array;

  constructor(model: Model, rules: SearchRules, bounds: Partial<SearchBounds> = {}, graph?: StateGraph) {
    this.#graph = graph;
    this.#sleep = graph === undefined && rules.isBounded !== true && model.symmetry === undefined && model.processOf !== undefined ? new SleepSets((source) => model.processOf!(source)) : undefined;
    this.visited = new VisitedStates(graph !== undefined ? "numbers" : this.#sleep !== undefined ? "words" : undefined);
    this.#model = model;
    this.#rules = rules;
    this.#bounds = { maxStates: Infinity, maxDepth: Infinity, ...bounds };
    this.#successors = new Successors(model.width);
    this.#layer = new Frontier(model.width);
    this.#next = new Frontier(model.width);
    this.#state = new Int32Array(model.width);
    this.#found = new Int32Array(model.width);
    model.initial().forEach((state, index) => {
      const { low, high } = fingerprint(state);
      this.#reach(state, 0, low, high, -1, index, this.#layer);
    });
  }

  /** States found and not expanded yet. */
  get waiting(): number {
    return this.#layer.length + this.#next.length;
  }

  /** Expands about so many states; undefined while there are more. */
  run(states: number): SearchEnd | undefined {
    const { maxStates, maxDepth } = this.#bounds;
    for (let i = 0; i < states; i++) {
      if (this.violation !== undefined) return "violated";
      if (this.visited.count >= maxStates) return "states";
      if (this.#layer.length === 0) {
        if (this.#next.length === 0) return "complete";
        if (this.depth >= maxDepth) return "depth";
        [this.#layer, this.#next] = [this.#next, this.#layer];
        this.depth++;
        if (this.depth >= maxDepth) return "depth";
      }
      this.#expand(this.#layer.shift(this.#state), this.#layer.low, this.#layer.high);
    }
    return undefined;
  }

  #expand(number: number, low: number, high: number): void {
    const successors = this.#successors;
    const sleep = this.#sleep;
    if (sleep !== undefined) this.visited.word = sleep.expanding(this.visited.wordOf(low, high), number);
    successors.begin(this.#state, low, high, sleep?.isAwake);
    this.#model.expand(this.#state, successors);
    const { count, width } = successors;
    this.transitions += count;
    for (let i = 0; i < count; i++) {
      sleep?.take(successors.sources[i]!);
      this.#reach(successors.rows, i * width, successors.low[i]!, successors.high[i]!, number, successors.actions[i]!, this.#next);
    }
    const graph = this.#graph;
    if (graph === undefined) return;
    graph.begin(number);
    for (let i = 0; i < count; i++) graph.add(this.visited.numberOf(successors.low[i]!, successors.high[i]!), successors.sources[i]!);
  }

  /** The state at `from` of `rows`. Looked at once, when it is found. */
  #reach(rows: Int32Array, from: number, low: number, high: number, parent: number, action: number, into: Frontier): void {
    const { symmetry } = this.#model;
    const sleep = this.#sleep;
    symmetry?.fingerprint(rows, from);
    const number = this.visited.add(symmetry?.low ?? low, symmetry?.high ?? high, parent, action, sleep?.asleepAfter ?? 0);
    if (number < 0) {
      if (sleep !== undefined && sleep.wakes(this.visited.word)) this.#wake(rows, from, low, high, parent, action);
      return;
    }
    const state = this.#found;
    for (let i = 0; i < state.length; i++) state[i] = rows[from + i]!;
    const what = this.#rules.violation(state);
    if (what !== undefined) this.violation ??= { what, state: number };
    if (this.#rules.isExpanded(state)) into.push(rows, from, number, low, high);
  }

  /** A known state was reached with fewer sources asleep than before. If it was expanded, what it passed over comes again. */
  #wake(rows: Int32Array, from: number, low: number, high: number, parent: number, action: number): void {
    const sleep = this.#sleep!;
    const { visited } = this;
    const woken = sleep.meet(visited.word);
    visited.word = sleep.word;
    if (woken === 0) return;
    const number = visited.ways.note(parent, action);
    sleep.again.set(number, woken);
    this.#next.push(rows, from, number, low, high);
  }

  /** The states that wait, in bytes for each of all that were found. */
  get waitingBytesPerState(): number {
    return (this.#layer.byteLength + this.#next.byteLength) / Math.max(1, this.visited.count);
  }

  /** The states from an initial one to this, and the number of the action that leads to each: the way is walked again. */
  trace(number: number): { readonly state: Int32Array; readonly action: number }[] {
    const actions: number[] = [];
    for (let at = number; at >= 0; at = this.visited.ways.parentOf(at)) actions.push(this.visited.ways.actionOf(at));
    actions.reverse();
    let state = this.#model.initial()[actions[0]!]!;
    const steps = [{ state, action: actions[0]! }];
    const successors = new Successors(this.#model.width);
    for (const action of actions.slice(1)) {
      successors.begin(state, 0, 0);
      this.#model.expand(state, successors);
      state = successors.rows.slice(action * successors.width, (action + 1) * successors.width);
      steps.push({ state, action });
    }
    return steps;
  }
}
