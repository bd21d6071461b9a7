/**
 * Key-level changes of a plain object with very many keys (keyed-changes.ts), told by the barrier before each write with a
 * computed key. The write itself comes later, after the value was computed, and may never come; so each telling looks whether
 * the one before has happened, and where the order of events cannot be known the object is taken whole. K1.
 */
import { forgetOrder } from "./key-order.ts";
import { KeyedChanges, puts } from "./keyed-changes.ts";
import { OwnBefore } from "./own-before.ts";
import { isIndex, setOwn } from "./own-properties.ts";

type Properties = Record<string, unknown>;

export class DictionaryChanges extends KeyedChanges {
  readonly collection: Properties;
  readonly hasValues = true;
  /** All properties, as they were when the turn did something to the object that no key tells. */
  whole: OwnBefore | undefined = undefined;
  /** A key that is about to be inserted, unless it was already. */
  #awaited: string | undefined = undefined;

  constructor(object: object, unordered: boolean) {
    super(object, unordered);
    this.collection = object as Properties;
  }

  beforeWrite(key: unknown, deletes: boolean): void {
    if (this.whole !== undefined) return;
    const name = typeof key === "number" ? String(key) : key;
    if (typeof name !== "string" || (this.#awaited !== undefined && !this.has(this.#awaited))) return this.beforeAnything();
    this.#awaited = undefined;
    const present = this.has(name);
    // No key of its own: the prototype changes.
    if (name === "__proto__" && !present) return this.beforeAnything();
    const last = this.lastOf(name);
    if (last !== undefined && present !== puts(last)) return this.beforeAnything();
    if (!deletes) {
      this.beforeSet(name);
      if (!present) this.#awaited = name;
    } else if (present) this.beforeDelete(name);
  }

  override beforeAnything(): void {
    this.whole ??= new OwnBefore(this.collection, Object.getOwnPropertyNames(this.collection), undefined);
  }

  /** True when the operations say what the object is now; asked when the turn is over. */
  get tellsAll(): boolean {
    return this.whole === undefined && this.keys.every((key) => puts(this.lastOf(key)) || !this.has(key));
  }

  override settle(): void {
    // Keys came and went that the order does not know.
    if (this.tellsAll) super.settle();
    else forgetOrder(this.collection);
  }

  has(key: unknown): boolean {
    return Object.hasOwn(this.collection, key as string);
  }

  get(key: unknown): unknown {
    return this.collection[key as string];
  }

  protected put(key: unknown, value: unknown): void {
    setOwn(this.collection, key as string, value);
  }

  protected remove(key: unknown): void {
    delete this.collection[key as string];
  }

  protected removeAll(): void {
    for (const name of Object.getOwnPropertyNames(this.collection)) delete this.collection[name];
  }

  protected isOrdered(key: unknown): boolean {
    return !isIndex(key as string);
  }

  protected orderedKeys(): unknown[] {
    return Object.getOwnPropertyNames(this.collection).filter((name) => !isIndex(name));
  }

  protected entries(): [unknown, unknown][] {
    return Object.entries(this.collection);
  }
}
