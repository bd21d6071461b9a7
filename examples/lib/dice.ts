/**
 * Repeatable choices from a seed: which process is killed, what the customers ask for. A Weyl sequence with the finaliser of
 * Steele, Lea and Flood's SplitMix (OOPSLA 2014); plenty for choosing, useless for secrets.
 */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 <= x < 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  }

  /** A whole number, 0 <= n < end. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Dice of their own, so that one roller's pace does not change another's throws. */
  fork(): Dice {
    return new Dice(this.below(2 ** 32));
  }
}
