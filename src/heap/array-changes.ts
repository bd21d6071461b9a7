/**
 * Changes of one dense array in one turn, by elements: before an element is written or removed its old value is kept, and
 * nothing else. What moves most elements (sort, unshift) keeps all of them, so does a turn that changes very many. Small arrays
 * are copied at once: that is cheaper than keeping account. What the array became is read when the record is written. K1.
 */
import { isIndex } from "./own-properties.ts";

const smallArrayMax = 32;

/** Of arrays that are copied, nothing is put in here. */
const noFront: unknown[] = [];
const noOlds = new Map<number, unknown>();

/** So many values fit on the stack as arguments of one call. */
const argumentsMax = 10_000;

export class ArrayChanges {
  readonly array: unknown[];
  /** The length before the turn. */
  readonly length: number;
  /** What `shift` took, the first first. */
  readonly front: unknown[];
  /** Old values by their old index. Everything else at an index below `length` is as it was. */
  readonly olds: Map<number, unknown>;
  /** All old values, once they are kept. */
  whole: unknown[] | undefined;
  /** Holes or named properties may have come. */
  untold = false;
  readonly #keptMax: number;

  constructor(array: unknown[]) {
    this.array = array;
    this.length = array.length;
    this.#keptMax = 64 + (array.length >>> 4);
    const isSmall = array.length <= smallArrayMax;
    this.whole = isSmall ? array.slice() : undefined;
    this.front = isSmall ? noFront : [];
    this.olds = isSmall ? noOlds : new Map();
  }

  beforeElement(key: unknown): void {
    const index = typeof key === "number" && key >>> 0 === key ? key : typeof key === "string" && isIndex(key) ? Number(key) : -1;
    if (index < 0) this.beforeAnything();
    else if (this.whole === undefined) this.#keep(index + this.front.length);
  }

  beforePop(): void {
    const { length } = this.array;
    if (length > 0 && this.whole === undefined) this.#keep(length - 1 + this.front.length);
  }

  beforeShift(): void {
    if (this.whole !== undefined || this.array.length === 0) return;
    // An element that was told and not written yet would be looked for in the wrong place after the shift.
    if (this.olds.size > 0 || this.front.length >= this.length) this.keepAll();
    else this.front.push(this.array[0]);
  }

  /** Everything from `start` on, counted from the end if negative, will move or go. */
  beforeTail(start: number): void {
    const { length } = this.array;
    const whole = Math.trunc(start);
    const from = whole < 0 ? Math.max(0, length + whole) : whole;
    for (let i = from; i < length && this.whole === undefined; i++) this.#keep(i + this.front.length);
  }

  beforeAnything(): void {
    this.untold = true;
    this.keepAll();
  }

  keepAll(): void {
    if (this.whole !== undefined) return;
    const whole = this.front.length === 0 ? this.array.slice() : this.front.concat(this.array);
    whole.length = this.length;
    for (const [index, value] of this.olds) whole[index] = value;
    this.whole = whole;
    this.olds.clear();
  }

  #keep(index: number): void {
    if (index >= this.length || this.olds.has(index)) return;
    this.olds.set(index, this.array[index - this.front.length]);
    if (this.olds.size > this.#keptMax) this.keepAll();
  }

  /** Indexes, as they were, of the old values that are kept. */
  get keptIndexes(): number[] {
    return [...this.olds.keys()].sort((a, b) => a - b);
  }

  undo(): void {
    const { array, whole } = this;
    if (whole !== undefined) {
      restoreElements(array, whole, this.untold);
      return;
    }
    for (let end = this.front.length; end > 0; end -= argumentsMax) array.unshift(...this.front.slice(Math.max(0, end - argumentsMax), end));
    for (const index of this.keptIndexes) {
      // Written one behind the other, for a gap would make the array sparse to the engine.
      if (index < array.length) array[index] = this.olds.get(index);
      else array.push(this.olds.get(index));
    }
    array.length = this.length;
  }
}

/** Makes a dense array hold exactly these elements; `named` when it may have other properties. */
export function restoreElements(array: unknown[], elements: readonly unknown[], named: boolean): void {
  if (named) {
    for (const name of Reflect.ownKeys(array)) {
      if (typeof name === "symbol" || !isIndex(name)) if (name !== "length") delete (array as unknown as Record<PropertyKey, unknown>)[name];
    }
  }
  if (array.length > elements.length) array.length = elements.length;
  const { length } = array;
  for (let i = 0; i < length; i++) array[i] = elements[i];
  for (let i = length; i < elements.length; i++) array.push(elements[i]);
}
