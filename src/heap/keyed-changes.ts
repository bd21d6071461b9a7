/**
 * Key-level changes of one Map, Set or dictionary in one turn: what the log needs (operations in order) and what undo needs
 * (what each changed key held). One `set` or `delete` costs the same at any size. Only an undone delete costs the size,
 * because the key must stand again where it stood (key-order.ts), and so does `clear`. System tables, whose order nobody sees,
 * are marked `unordered`. What kind of collection it is, the subclasses say. K1.
 */
import { forgetOrder, KeyOrder, retainedOrder, retainOrder, smallCollectionMax } from "./key-order.ts";
import type { OwnBefore } from "./own-before.ts";

/** `insert` is a set of a key that was not there: it stands behind all others. To the log it is a `set`. */
export const operation = { set: 0, delete: 1, clear: 2, insert: 3 } as const;
export type Operation = (typeof operation)[keyof typeof operation];

export function puts(kind: Operation | undefined): boolean {
  return kind === operation.set || kind === operation.insert;
}

/** As a Map compares keys: NaN is itself, and so is 0 whatever its sign. */
export function isSameKey(a: unknown, b: unknown): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

const absent: unique symbol = Symbol("absent");
/** Up to so many operations the last one of a key is looked for one by one. */
const searchedMax = 8;

export abstract class KeyedChanges {
  /** For the log. Values are read when the record is written, so one entry a key and run of sets is enough. */
  readonly operations: Operation[] = [];
  readonly keys: unknown[] = [];
  /** For undo: what each changed key held before, the oldest first. */
  readonly undoKeys: unknown[] = [];
  readonly undoValues: unknown[] = [];
  /** Keys and values as they stood before the first `clear` of the turn, or before changes that nobody tells one by one. */
  copy: [unknown, unknown][] | undefined = undefined;
  /** The operations do not tell everything: the log needs the whole content. */
  untold = false;
  /** Own properties of a Map or Set that has some (shapes.ts). */
  own: OwnBefore | undefined = undefined;
  readonly unordered: boolean;
  order: KeyOrder | undefined;
  /** How much of `order` was there when the turn began. */
  #orderLength = 0;
  /** Keys the turn inserted while there was no `order` to note them in. */
  #inserted = 0;
  /** Places in `order` that the turn made stale. */
  #deleted = 0;
  #lastOfKey: Map<unknown, Operation> | undefined = undefined;
  /** Operations before this one are about what a `clear` took away. */
  #from = 0;

  constructor(collection: object, unordered: boolean) {
    this.unordered = unordered;
    this.order = unordered ? undefined : retainedOrder(collection);
    if (this.order !== undefined) this.#orderLength = this.order.keys.length;
  }

  abstract readonly collection: object;
  /** False for a Set. */
  abstract readonly hasValues: boolean;
  abstract has(key: unknown): boolean;
  abstract get(key: unknown): unknown;
  protected abstract put(key: unknown, value: unknown): void;
  protected abstract remove(key: unknown): void;
  protected abstract removeAll(): void;
  /** Whether the key stands where it was inserted; indexes of an object do not. */
  protected abstract isOrdered(key: unknown): boolean;
  /** Those keys, in order. */
  protected abstract orderedKeys(): unknown[];
  protected abstract entries(): [unknown, unknown][];

  /** The last operation on the key in this turn, as far as the content still shows it. */
  protected lastOf(key: unknown): Operation | undefined {
    if (this.#lastOfKey !== undefined) return this.#lastOfKey.get(key);
    const { keys, operations } = this;
    for (let i = operations.length - 1; i >= this.#from; i--) if (isSameKey(keys[i], key)) return operations[i];
    return undefined;
  }

  #tell(kind: Operation, key: unknown): void {
    const { operations, keys } = this;
    operations.push(kind);
    keys.push(key);
    if (this.#lastOfKey !== undefined) this.#lastOfKey.set(key, kind);
    else if (operations.length - this.#from > searchedMax) {
      this.#lastOfKey = new Map();
      for (let i = this.#from; i < operations.length; i++) this.#lastOfKey.set(keys[i], operations[i]!);
    }
  }

  beforeSet(key: unknown): void {
    if (puts(this.lastOf(key))) return;
    const present = this.has(key);
    this.#tell(present ? operation.set : operation.insert, key);
    if (this.copy !== undefined) return;
    this.undoKeys.push(key);
    this.undoValues.push(present ? this.get(key) : absent);
    if (present || this.unordered || !this.isOrdered(key)) return;
    if (this.order === undefined) this.#inserted++;
    else this.order.keys.push(key);
  }

  /** The key is there: deleting one that is not changes nothing and is not told. */
  beforeDelete(key: unknown): void {
    this.#tell(operation.delete, key);
    if (this.copy !== undefined) return;
    this.undoKeys.push(key);
    this.undoValues.push(this.get(key));
    if (this.unordered || !this.isOrdered(key)) return;
    this.#deleted++;
    if (this.order === undefined) this.#listOrder();
  }

  beforeClear(): void {
    this.takeCopy();
    this.#tell(operation.clear, undefined);
    this.#from = this.operations.length;
    this.#lastOfKey = undefined;
  }

  /** Before changes that nobody tells one by one. */
  beforeAnything(): void {
    this.takeCopy();
    this.untold = true;
  }

  protected takeCopy(): void {
    if (this.copy !== undefined) return;
    this.copy = this.entries();
  }

  #listOrder(): void {
    const keys = this.orderedKeys();
    this.order = new KeyOrder(keys);
    // Nothing was deleted so far, so what the turn inserted stands at the end.
    this.#orderLength = keys.length - this.#inserted;
    if (keys.length > smallCollectionMax) retainOrder(this.collection, this.order);
  }

  /** Undo takes out and puts back keys that the turn did not touch. */
  get movesOthers(): boolean {
    return this.#deleted > 0 || this.copy !== undefined;
  }

  undo(): void {
    if (this.copy !== undefined) {
      this.removeAll();
      for (const [key, value] of this.copy) this.put(key, value);
    }
    for (let i = this.undoKeys.length - 1; i >= 0; i--) {
      const value = this.undoValues[i];
      if (value === absent) this.remove(this.undoKeys[i]);
      else this.put(this.undoKeys[i], value);
    }
    const { order } = this;
    if (order === undefined) return;
    order.keys.length = this.#orderLength;
    if (this.#deleted > 0) this.#putInOrder(order.sequence(this.#orderLength, (key) => this.has(key)));
  }

  /** Takes out and puts back what stands behind the first key that is out of place. */
  #putInOrder(sequence: readonly unknown[]): void {
    const now = this.orderedKeys();
    let at = 0;
    while (at < sequence.length && Object.is(now[at], sequence[at])) at++;
    for (; at < sequence.length; at++) {
      const value = this.get(sequence[at]);
      this.remove(sequence[at]);
      this.put(sequence[at], value);
    }
  }

  /** The turn was committed: what is kept for later turns stays in proportion to the collection. */
  settle(): void {
    const { order } = this;
    if (order === undefined) return;
    order.stale += this.#deleted;
    const live = order.keys.length - order.stale;
    if (this.copy !== undefined || live <= smallCollectionMax) forgetOrder(this.collection);
    else if (order.stale > live) {
      order.keys = this.orderedKeys();
      order.stale = 0;
    }
  }
}
