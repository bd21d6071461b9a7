/**
 * Whether a property that a long walk has not come to can still come true, judged by more walks from where it ended; and the critical
 * transition, after which none of them comes to it, by bisection (Killian, Anderson, Jhala and Vahdat, "Life, Death, and the Critical
 * Transition", NSDI 2007, sections 3 and 4). Sure of life when it is seen; of death only where nothing can happen any more.
 */
import type { Choose, Model } from "./model.ts";
import { Successors } from "./model.ts";
import { takeByChance } from "./random-walk.ts";

export interface DeadWalkOptions {
  /** From each state that is judged. */
  readonly walks: number;
  readonly maxSteps: number;
  readonly choose: Choose;
}

export class DeadWalk {
  readonly #model: Model;
  readonly #options: DeadWalkOptions;
  readonly #successors: Successors;
  readonly #state: Int32Array;

  constructor(model: Model, options: DeadWalkOptions) {
    this.#model = model;
    this.#options = options;
    this.#successors = new Successors(model.width);
    this.#state = new Int32Array(model.width);
  }

  /** A walk from there has come to a state where it holds. */
  canComeTrue(from: Int32Array, holds: (state: Int32Array) => boolean): boolean {
    const { walks, maxSteps, choose } = this.#options;
    const state = this.#state;
    for (let walk = 0; walk < walks; walk++) {
      state.set(from);
      for (let step = 0; step < maxSteps && takeByChance(this.#model, state, this.#successors, choose); step++) if (holds(state)) return true;
    }
    return false;
  }

  /** The first of these states from which it cannot come true any more; it cannot from the last. */
  criticalAt(states: readonly Int32Array[], since: number, holds: (state: Int32Array) => boolean): number {
    let [dead, from] = [states.length - 1, since];
    while (from < dead) {
      const middle = (from + dead) >>> 1;
      if (this.canComeTrue(states[middle]!, holds)) from = middle + 1;
      else dead = middle;
    }
    return dead;
  }
}
