/**
 * Changes of one dense array in one turn, by elements: before an element is written or removed its old value is kept, and
 * nothing else. What moves most elements (sort, unshift) keeps all of them, so does a turn that changes very many. What the
 * array became is read when the record is written. K1.
 */
import { isIndex } from "./own-properties.ts";

/** Arrays up to this length are kept whole as soon as more than a few elements change: that is cheaper than account. */
const smallArrayMax = 32;
/** Up to so many kept elements are looked through one by one. */
const searchedMax = 4;

const noIndexes: number[] = [];
const noValues: unknown[] = [];

/** So many values fit on the stack as arguments of one call. */
const argumentsMax = 10_000;

export class ArrayChanges {
  readonly array: unknown[];
  /** The length before the turn. */
  readonly length: number;
  /** What `shift` took, the first first. */
  front: unknown[] = noValues;
  /** Old indexes of elements whose old values are kept, and those values. Everything else at an index below `length` is as it was. */
  oldIndexes: number[] = noIndexes;
  oldValues: unknown[] = noValues;
  /** All old values, once they are kept. */
  whole: unknown[] | undefined = undefined;
  /** Holes or named properties may have come. */
  untold = false;
  #places: Map<number, number> | undefined = undefined;

  constructor(array: unknown[]) {
    this.array = array;
    this.length = array.length;
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
    if (this.oldIndexes.length > 0 || this.front.length >= this.length) this.keepAll();
    else if (this.front.length === 0) this.front = [this.array[0]];
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
    const { oldIndexes, oldValues } = this;
    const whole = this.front.length === 0 ? this.array.slice() : this.front.concat(this.array);
    whole.length = this.length;
    for (let i = 0; i < oldIndexes.length; i++) whole[oldIndexes[i]!] = oldValues[i];
    this.whole = whole;
    this.oldIndexes = noIndexes;
    this.oldValues = noValues;
    this.#places = undefined;
  }

  #keep(index: number): void {
    if (index >= this.length || this.#isKept(index)) return;
    const value = this.array[index - this.front.length];
    const count = this.oldIndexes.length;
    if (count === 0) {
      this.oldIndexes = [index];
      this.oldValues = [value];
      return;
    }
    if (count >= (this.length <= smallArrayMax ? searchedMax : 64 + (this.length >>> 4))) return this.keepAll();
    this.oldIndexes.push(index);
    this.oldValues.push(value);
    if (this.#places !== undefined) this.#places.set(index, count);
    else if (count >= searchedMax) this.#places = new Map(this.oldIndexes.map((old, place) => [old, place]));
  }

  #isKept(index: number): boolean {
    if (this.#places !== undefined) return this.#places.has(index);
    const { oldIndexes } = this;
    for (let i = 0; i < oldIndexes.length; i++) if (oldIndexes[i] === index) return true;
    return false;
  }

  /** The places of what is kept in `oldIndexes` and `oldValues`, by rising index. */
  get placesInOrder(): number[] {
    const { oldIndexes } = this;
    const places = oldIndexes.map((_, place) => place);
    return places.length === 1 ? places : places.sort((a, b) => oldIndexes[a]! - oldIndexes[b]!);
  }

  undo(): void {
    const { array, whole } = this;
    if (whole !== undefined) {
      restoreElements(array, whole, this.untold);
      return;
    }
    for (let end = this.front.length; end > 0; end -= argumentsMax) array.unshift(...this.front.slice(Math.max(0, end - argumentsMax), end));
    for (const place of this.placesInOrder) {
      const index = this.oldIndexes[place]!;
      // Written one behind the other, for a gap would make the array sparse to the engine.
      if (index < array.length) array[index] = this.oldValues[place];
      else array.push(this.oldValues[place]);
    }
    array.length = this.length;
  }
}

/** Makes a dense array hold exactly these elements; `named` when it may have other properties. */
function restoreElements(array: unknown[], elements: readonly unknown[], named: boolean): void {
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
