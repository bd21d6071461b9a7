/**
 * What the search explores: states that are short vectors of integers of one width, and the actions that lead from each to others.
 * Models of apps (app-model.ts) and models written by hand are alike to it. Decides nothing about order or memory.
 */

/**
 * What an action is one of, as a small number: messages of one channel, timers of one node, calls of one client. An action of a source
 * that could always have gone on is not passed over for ever (weak fairness).
 */
export type Source = number;

/** The source of what may happen and need not, such as a crash. */
export const unfair: Source = 0xffff;

/** An integer below `options`. */
export type Choose = (options: number) => number;

export interface Model {
  /** Integers of a state. */
  readonly width: number;
  initial(): readonly Int32Array[];
  /** Adds every state that one action leads to, in an order that is always the same. */
  expand(state: Int32Array, successors: Successors): void;
  /**
   * The process that a source acts on, such as a node: actions of two sources with different processes commute, and neither takes the
   * other away. -1: it commutes with none. Undefined: nothing is known of that.
   */
  processOf?(source: Source): number;
  /** Where states that differ count as one: the fingerprint of them all, left in `low` and `high`. */
  readonly symmetry?: { readonly low: number; readonly high: number; fingerprint(rows: Int32Array, from: number): void } | undefined;
  /** Adds one of the states that `expand` would add, as `choose` says; none when there is none. Quicker than to make all of them. */
  expandOne?(state: Int32Array, successors: Successors, choose: Choose): void;
  /** What a source is, for people. */
  describeSource?(source: Source): string;
  /** The action that was the `index`-th of `state`, for people. */
  describe(state: Int32Array, index: number): string;
}

/** Fingerprints are 64 bits, in two halves: the exclusive or of a hash of each (place, value), so that a change costs what it changes. */
export function hashLow(place: number, value: number): number {
  let x = Math.imul(value ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return x ^ (x >>> 15);
}

export function hashHigh(place: number, value: number): number {
  let x = Math.imul(value ^ Math.imul(place + 1, 0x27d4eb2f), 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/** The successors of one state, collected without an allocation for each. */
export class Successors {
  readonly width: number;
  count = 0;
  /** Rows of `width` integers. */
  rows: Int32Array;
  low: Int32Array;
  high: Int32Array;
  sources: Int32Array;
  /** Which of all the state's actions each is: some may have been passed over. */
  actions: Int32Array;
  /** Actions so far, those that were passed over too. */
  #actions = 0;
  #isAwake: ((source: Source) => boolean) | undefined;
  #state: Int32Array = new Int32Array(0);
  #low = 0;
  #high = 0;
  #row = 0;

  constructor(width: number) {
    this.width = width;
    const rows = 64;
    this.rows = new Int32Array(width * rows);
    this.low = new Int32Array(rows);
    this.high = new Int32Array(rows);
    this.sources = new Int32Array(rows);
    this.actions = new Int32Array(rows);
  }

  /** `isAwake`: false for sources whose actions need not be added. */
  begin(state: Int32Array, low: number, high: number, isAwake?: (source: Source) => boolean): void {
    this.#actions = 0;
    this.#isAwake = isAwake;
    this.#state = state;
    this.#low = low;
    this.#high = high;
    this.count = 0;
  }

  /** False: `actions` of this source are passed over, because other ways lead where they lead. */
  wants(source: Source, actions: number): boolean {
    if (this.#isAwake === undefined || this.#isAwake(source)) return true;
    this.#actions += actions;
    return false;
  }

  /** A new successor, equal to the state until `set` says otherwise. */
  add(source: Source): void {
    const { width } = this;
    if (this.count === this.low.length) this.#grow();
    const index = this.count++;
    this.#row = index * width;
    const { rows } = this;
    for (let i = 0; i < width; i++) rows[this.#row + i] = this.#state[i]!;
    this.low[index] = this.#low;
    this.high[index] = this.#high;
    this.sources[index] = source;
    this.actions[index] = this.#actions++;
  }

  /** What the newest successor has at a place. */
  at(place: number): number {
    return this.rows[this.#row + place]!;
  }

  set(place: number, value: number): void {
    const at = this.#row + place;
    const before = this.rows[at]!;
    if (before === value) return;
    this.rows[at] = value;
    const index = this.count - 1;
    this.low[index]! ^= hashLow(place, before) ^ hashLow(place, value);
    this.high[index]! ^= hashHigh(place, before) ^ hashHigh(place, value);
  }

  #grow(): void {
    const grow = (before: Int32Array): Int32Array => {
      const after = new Int32Array(before.length * 2);
      after.set(before);
      return after;
    };
    this.rows = grow(this.rows);
    this.low = grow(this.low);
    this.high = grow(this.high);
    this.sources = grow(this.sources);
    this.actions = grow(this.actions);
  }
}

export function fingerprint(state: Int32Array): { readonly low: number; readonly high: number } {
  let low = 0;
  let high = 0;
  for (let i = 0; i < state.length; i++) {
    low ^= hashLow(i, state[i]!);
    high ^= hashHigh(i, state[i]!);
  }
  return { low, high };
}
