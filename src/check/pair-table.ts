/** A table from pairs of non-negative integers to integers, open-addressed: what a Map would need an object or a large number for. */
import { hashLow } from "./model.ts";

const fullestShare = 0.6;

export class PairTable {
  #size = 0;
  #mask = 1023;
  /** Triples (first + 1, second, value). */
  #slots = new Int32Array(3 * 1024);

  /** -1 when there is none. */
  get(first: number, second: number): number {
    const at = this.#find(first, second);
    return this.#slots[at] === 0 ? -1 : this.#slots[at + 2]!;
  }

  set(first: number, second: number, value: number): void {
    const at = this.#find(first, second);
    const slots = this.#slots;
    if (slots[at] === 0) this.#size++;
    slots[at] = first + 1;
    slots[at + 1] = second;
    slots[at + 2] = value;
    if (this.#size > this.#mask * fullestShare) this.#grow();
  }

  #find(first: number, second: number): number {
    const slots = this.#slots;
    let slot = hashLow(first, second) & this.#mask;
    for (;;) {
      const at = slot * 3;
      if (slots[at] === 0 || (slots[at] === first + 1 && slots[at + 1] === second)) return at;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array(3 * (this.#mask + 1));
    this.#size = 0;
    for (let at = 0; at < before.length; at += 3) if (before[at] !== 0) this.set(before[at]! - 1, before[at + 1]!, before[at + 2]!);
  }
}
