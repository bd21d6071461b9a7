/**
 * A first-in-first-out queue over segments of a fixed size: constant time at both ends and at any place, memory given back as it
 * drains. It never moves what it holds: an array of 10^6 stops for milliseconds when it grows or is cut.
 */
const segmentItems = 1024;

export class Queue<T> {
  /** All full but the last; at least one. */
  #segments: (T | undefined)[][] = [[]];
  #last: (T | undefined)[] = this.#segments[0]!;
  /** Where the front is in the first segment. */
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#last.length === segmentItems) {
      this.#last = [];
      this.#segments.push(this.#last);
    }
    this.#last.push(item);
    this.#length++;
  }

  peek(): T | undefined {
    return this.#segments[0]![this.#head];
  }

  /** The item at `index` from the front. */
  at(index: number): T | undefined {
    const place = this.#head + index;
    return this.#segments[Math.floor(place / segmentItems)]?.[place % segmentItems];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const first = this.#segments[0]!;
    const item = first[this.#head];
    first[this.#head++] = undefined;
    this.#length--;
    if (this.#length === 0) {
      this.#last.length = 0;
      this.#segments.length = 0;
      this.#segments.push(this.#last);
      this.#head = 0;
    } else if (this.#head === segmentItems) {
      this.#segments.shift();
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#last = [];
    this.#segments = [this.#last];
    this.#head = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#length; i++) yield this.at(i)!;
  }
}
