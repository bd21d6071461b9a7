/**
 * The states of a breadth-first search: the layer that is expanded, the next one that is found meanwhile, and all that were seen. Keeps
 * fingerprints of what it has seen and whole states only of the two layers. What a core shares with others is the same, of its part of
 * the states: those of other parts are given away, and come in from there. When a layer is over and what ends a search are its user's.
 */
import type { Ways } from "./found-ways.ts";
import { Frontier } from "./frontier.ts";
import { fingerprint, Successors, type Model } from "./model.ts";
import type { Naming } from "./naming.ts";
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

export interface Violation {
  readonly what: string;
  /** The number of the state among those visited. */
  readonly state: number;
}

/** Where the states of other parts go. */
export interface OtherParts {
  isElsewhere(low: number, high: number): boolean;
  /** The state at `from` of `rows`, reached from this part's state `parent`; `word`: what sleeps in it. */
  send(rows: Int32Array, from: number, low: number, high: number, parent: number, action: number, word: number): void;
}

export interface LayersOptions<W extends Ways> {
  readonly ways: W;
  /** Every transition, for properties of ways and not of states. */
  readonly graph?: StateGraph | undefined;
  readonly others?: OtherParts;
  readonly naming?: Naming;
}

export class StateLayers<W extends Ways> {
  readonly visited: VisitedStates<W>;
  transitions = 0;
  /** Actions from the initial states to the layer being expanded. */
  depth = 0;
  violation: Violation | undefined;
  readonly #model: Model;
  readonly #rules: SearchRules;
  readonly #others: OtherParts | undefined;
  readonly #successors: Successors;
  readonly #graph: StateGraph | undefined;
  /** Undefined where every transition is to be seen, or where what commutes leads to other states all the same. */
  readonly #sleep: SleepSets | undefined;
  #layer: Frontier;
  #next: Frontier;
  /** The one that is expanded, and the one that was found. */
  readonly #state: Int32Array;
  readonly #found: Int32Array;

  constructor(model: Model, rules: SearchRules, { ways, graph, others, naming }: LayersOptions<W>) {
    this.#graph = graph;
    this.#others = others;
    this.#sleep = graph === undefined && rules.isBounded !== true && model.symmetry === undefined && model.processOf !== undefined ? new SleepSets((source) => model.processOf!(source), naming) : undefined;
    this.visited = new VisitedStates(ways, graph !== undefined ? "numbers" : this.#sleep !== undefined ? "words" : undefined);
    this.#model = model;
    this.#rules = rules;
    this.#successors = new Successors(model.width);
    this.#layer = new Frontier(model.width);
    this.#next = new Frontier(model.width);
    this.#state = new Int32Array(model.width);
    this.#found = new Int32Array(model.width);
  }

  /** The initial states of this part. */
  begin(): void {
    this.#model.initial().forEach((state, index) => {
      const { low, high } = fingerprint(state);
      if (this.#others?.isElsewhere(low, high) !== true) this.#reach(state, 0, low, high, -1, index, 0, this.#layer);
    });
  }

  /** Found and not expanded yet, of the layer and of the next. */
  get layerLength(): number {
    return this.#layer.length;
  }

  get nextLength(): number {
    return this.#next.length;
  }

  /** The states that wait, in bytes. */
  get waitingBytes(): number {
    return this.#layer.byteLength + this.#next.byteLength;
  }

  /** Once the layer is over. */
  nextLayer(): void {
    [this.#layer, this.#next] = [this.#next, this.#layer];
    this.depth++;
  }

  /** The next state of the layer. */
  expand(): void {
    const number = this.#layer.shift(this.#state);
    const { low, high } = this.#layer;
    const successors = this.#successors;
    const sleep = this.#sleep;
    const others = this.#others;
    if (sleep !== undefined) this.visited.word = sleep.expanding(this.visited.wordOf(low, high), number);
    successors.begin(this.#state, low, high, sleep?.isAwake);
    this.#model.expand(this.#state, successors);
    const { count, width, rows } = successors;
    this.transitions += count;
    for (let i = 0; i < count; i++) {
      sleep?.take(successors.sources[i]!);
      const [toLow, toHigh, action, word] = [successors.low[i]!, successors.high[i]!, successors.actions[i]!, sleep?.asleepAfter ?? 0];
      if (others?.isElsewhere(toLow, toHigh) === true) others.send(rows, i * width, toLow, toHigh, number, action, word);
      else this.#reach(rows, i * width, toLow, toHigh, number, action, word, this.#next);
    }
    const graph = this.#graph;
    if (graph === undefined) return;
    graph.begin(number);
    for (let i = 0; i < count; i++) graph.add(this.visited.numberOf(successors.low[i]!, successors.high[i]!), successors.sources[i]!);
  }

  /** A state of this part that another one has reached. */
  receive(state: Int32Array, low: number, high: number, parent: number, action: number, word: number): void {
    this.#reach(state, 0, low, high, parent, action, word, this.#next);
  }

  /** The state at `from` of `rows`. Looked at once, when it is found. */
  #reach(rows: Int32Array, from: number, low: number, high: number, parent: number, action: number, word: number, into: Frontier): void {
    const { symmetry } = this.#model;
    const sleep = this.#sleep;
    symmetry?.fingerprint(rows, from);
    const number = this.visited.add(symmetry?.low ?? low, symmetry?.high ?? high, parent, action, word);
    if (number < 0) {
      if (sleep !== undefined && sleep.wakes(this.visited.word, word)) this.#wake(rows, from, low, high, parent, action, word);
      return;
    }
    const state = this.#found;
    for (let i = 0; i < state.length; i++) state[i] = rows[from + i]!;
    const what = this.#rules.violation(state);
    if (what !== undefined) this.violation ??= { what, state: number };
    if (this.#rules.isExpanded(state)) into.push(rows, from, number, low, high);
  }

  /** A known state was reached with fewer sources asleep than before. If it was expanded, what it passed over comes again. */
  #wake(rows: Int32Array, from: number, low: number, high: number, parent: number, action: number, word: number): void {
    const sleep = this.#sleep!;
    const { visited } = this;
    const woken = sleep.meet(visited.word, word);
    visited.word = sleep.word;
    if (woken === 0) return;
    const number = visited.ways.note(parent, action);
    sleep.again.set(number, woken);
    this.#next.push(rows, from, number, low, high);
  }
}
