/** A seeded generator (mulberry32): one seed, one sequence, so that what a test or a campaign has drawn can be drawn again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < 4; i++) this.below(2);
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.#next() % bound;
  }

  /** 0 <= x < 1. */
  fraction(): number {
    return this.#next() / 4294967296;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  from<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
