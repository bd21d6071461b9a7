/**
 * Random walks: for worlds with more states than can be kept, and for depths that breadth-first search does not reach. Each walk begins at
 * an initial state and takes one of the next actions by chance, until none is left or it is long enough. Keeps nothing but the walk
 * under way. Finds violations; never shows that there are none.
 */
import { Successors, type Choose, type Model } from "./model.ts";
import type { SearchRules } from "./state-layers.ts";

/** Who follows the walks, each from its beginning to its end. */
export interface WalkFollower {
  begun(): void;
  /** It is over. `isEnd`: nothing can happen any more; otherwise it was long enough. True: it broke a property, and is kept. */
  ended(isEnd: boolean): boolean;
}

export class RandomWalk {
  steps = 0;
  walks = 0;
  /** Steps of the longest walk. */
  longest = 0;
  /** What is wrong in the last state of the walk under way, which ends there. */
  violation: string | undefined;
  readonly #model: Model;
  readonly #rules: SearchRules;
  readonly #maxSteps: number;
  readonly #choose: Choose;
  readonly #follower: WalkFollower | undefined;
  /** The walk under way is kept. */
  #isKept = false;
  readonly #successors: Successors;
  /** The choices of the walk under way: it can be walked again. */
  #choices: number[] = [];
  readonly #state: Int32Array;
  #taken = 0;
  #isOver = true;

  constructor(model: Model, rules: SearchRules, options: { readonly maxSteps: number; readonly choose: Choose; readonly follower?: WalkFollower }) {
    this.#model = model;
    this.#rules = rules;
    this.#maxSteps = options.maxSteps;
    this.#follower = options.follower;
    this.#choose = (count) => {
      const chosen = options.choose(count);
      this.#choices.push(chosen);
      return chosen;
    };
    this.#successors = new Successors(model.width);
    this.#state = new Int32Array(model.width);
  }

  /** Takes so many steps, or fewer when one of them leads to a violation, or the follower keeps a walk: then true. */
  run(steps: number): boolean {
    for (let i = 0; i < steps && this.violation === undefined && !this.#isKept; i++) {
      if (this.#isOver) this.#begin();
      else this.#step();
    }
    return this.violation !== undefined || this.#isKept;
  }

  #begin(): void {
    this.#isOver = false;
    this.walks++;
    this.#choices = [];
    this.#taken = 0;
    this.#follower?.begun();
    const initial = this.#model.initial();
    this.#state.set(initial[this.#choose(initial.length)]!);
    this.#look();
  }

  #step(): void {
    const isLong = this.#taken++ >= this.#maxSteps;
    if (isLong || !takeByChance(this.#model, this.#state, this.#successors, this.#choose)) {
      this.#isOver = true;
      this.#isKept = this.#follower?.ended(!isLong) === true;
      return;
    }
    this.steps++;
    this.longest = Math.max(this.longest, this.#taken);
    this.#look();
  }

  #look(): void {
    this.violation = this.#rules.violation(this.#state);
    if (!this.#rules.isExpanded(this.#state)) this.#isOver = true;
  }

  /** Where the walk under way is. */
  get last(): Int32Array {
    return this.#state;
  }

  /** The states of the walk under way. */
  states(): Int32Array[] {
    let at = 0;
    const again: Choose = () => this.#choices[at++]!;
    const initial = this.#model.initial();
    const states = [initial[again(initial.length)]!.slice()];
    while (at < this.#choices.length) {
      const state = states.at(-1)!.slice();
      takeByChance(this.#model, state, this.#successors, again);
      states.push(state);
    }
    return states;
  }
}

/** Moves the state to one of its successors; false when it has none. */
export function takeByChance(model: Model, state: Int32Array, successors: Successors, choose: Choose): boolean {
  successors.begin(state, 0, 0);
  let row = 0;
  if (model.expandOne === undefined) {
    model.expand(state, successors);
    if (successors.count > 0) row = choose(successors.count);
  } else model.expandOne(state, successors, choose);
  if (successors.count === 0) return false;
  const { rows, width } = successors;
  for (let i = 0, at = row * width; i < width; i++, at++) state[i] = rows[at]!;
  return true;
}
