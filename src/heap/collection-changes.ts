/**
 * Key-level changes of one Map or Set in one turn: what the log needs (operations in order) and what undo needs.
 * One `set` costs the same on a Map of ten as on a Map of a million. A delete or clear takes a copy of the order once a
 * turn, because a key that is put back must stand where it stood; system tables, whose order nobody sees, are marked
 * `unordered` and do not. A Set is a Map whose values are undefined.
 */
export const operation = { set: 0, delete: 1, clear: 2 } as const;
export type Operation = (typeof operation)[keyof typeof operation];

export type Collection = Map<unknown, unknown> | Set<unknown>;

const mapGet = Map.prototype.get;
const mapSet = Map.prototype.set;
const mapDelete = Map.prototype.delete;
const mapClear = Map.prototype.clear;
const mapHas = Map.prototype.has;
const setAdd = Set.prototype.add;
const setDelete = Set.prototype.delete;
const setClear = Set.prototype.clear;
const setHas = Set.prototype.has;

const absent: unique symbol = Symbol("absent");

export class CollectionChanges {
  readonly collection: Collection;
  readonly unordered: boolean;
  /** For the log. Values are read when the record is written, so one entry a key and run of sets is enough. */
  readonly operations: Operation[] = [];
  readonly keys: unknown[] = [];
  /** Keys set since the last delete or clear: setting them again needs no further operation. */
  #fresh = new Set<unknown>();
  /** For undo: what each changed key held before, the oldest first. */
  readonly #undoKeys: unknown[] = [];
  readonly #undoValues: unknown[] = [];
  /** Keys and values as they stood before the first delete or clear of the turn. */
  #copy: [unknown, unknown][] | undefined;

  constructor(collection: Collection, unordered: boolean) {
    this.collection = collection;
    this.unordered = unordered;
  }

  beforeSet(key: unknown): void {
    if (this.#fresh.has(key)) return;
    this.#fresh.add(key);
    this.operations.push(operation.set);
    this.keys.push(key);
    if (this.#copy === undefined) this.#remember(key);
  }

  /** The key is there: deleting one that is not changes nothing and is not told. */
  beforeDelete(key: unknown): void {
    if (this.unordered) this.#remember(key);
    else this.#takeCopy();
    this.#fresh.delete(key);
    this.operations.push(operation.delete);
    this.keys.push(key);
  }

  beforeClear(): void {
    if (this.collection.size === 0) return;
    this.#takeCopy();
    this.#fresh.clear();
    this.operations.push(operation.clear);
    this.keys.push(undefined);
  }

  #has(key: unknown): boolean {
    return this.collection instanceof Map ? mapHas.call(this.collection, key) : setHas.call(this.collection, key);
  }

  #remember(key: unknown): void {
    this.#undoKeys.push(key);
    if (!this.#has(key)) this.#undoValues.push(absent);
    else this.#undoValues.push(this.collection instanceof Map ? mapGet.call(this.collection, key) : undefined);
  }

  #takeCopy(): void {
    if (this.#copy !== undefined) return;
    this.#copy = this.collection instanceof Map ? [...Map.prototype.entries.call(this.collection)] as [unknown, unknown][] : [...Set.prototype.entries.call(this.collection)] as [unknown, unknown][];
  }

  undo(): void {
    const { collection } = this;
    if (this.#copy !== undefined) {
      if (collection instanceof Map) {
        mapClear.call(collection);
        for (const [key, value] of this.#copy) mapSet.call(collection, key, value);
      } else {
        setClear.call(collection);
        for (const [key] of this.#copy) setAdd.call(collection, key);
      }
    }
    for (let i = this.#undoKeys.length - 1; i >= 0; i--) {
      const key = this.#undoKeys[i];
      const value = this.#undoValues[i];
      if (collection instanceof Map) {
        if (value === absent) mapDelete.call(collection, key);
        else mapSet.call(collection, key, value);
      } else if (value === absent) setDelete.call(collection, key);
      else setAdd.call(collection, key);
    }
  }
}
