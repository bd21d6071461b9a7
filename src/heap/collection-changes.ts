/**
 * Key-level changes of a Map or a Set (keyed-changes.ts). A Set is a Map whose values are undefined. The engine's own methods
 * are called, because the collection's may be ours (tracked-collections.ts) or a subclass's.
 */
import { KeyedChanges } from "./keyed-changes.ts";

export type Collection = Map<unknown, unknown> | Set<unknown>;

const { get: mapGet, set: mapSet, delete: mapDelete, clear: mapClear, has: mapHas, keys: mapKeys, entries: mapEntries } = Map.prototype;
const { add: setAdd, delete: setDelete, clear: setClear, has: setHas, values: setValues, entries: setEntries } = Set.prototype;

export class MapChanges extends KeyedChanges {
  readonly collection: Map<unknown, unknown>;
  readonly hasValues = true;

  constructor(map: Map<unknown, unknown>, unordered: boolean) {
    super(map, unordered);
    this.collection = map;
  }

  has(key: unknown): boolean {
    return mapHas.call(this.collection, key);
  }

  get(key: unknown): unknown {
    return mapGet.call(this.collection, key);
  }

  protected put(key: unknown, value: unknown): void {
    mapSet.call(this.collection, key, value);
  }

  protected remove(key: unknown): void {
    mapDelete.call(this.collection, key);
  }

  protected removeAll(): void {
    mapClear.call(this.collection);
  }

  protected isOrdered(): boolean {
    return true;
  }

  protected orderedKeys(): unknown[] {
    return [...mapKeys.call(this.collection)];
  }

  protected entries(): [unknown, unknown][] {
    return [...mapEntries.call(this.collection)] as [unknown, unknown][];
  }
}

export class SetChanges extends KeyedChanges {
  readonly collection: Set<unknown>;
  readonly hasValues = false;

  constructor(set: Set<unknown>, unordered: boolean) {
    super(set, unordered);
    this.collection = set;
  }

  has(key: unknown): boolean {
    return setHas.call(this.collection, key);
  }

  get(): unknown {
    return undefined;
  }

  protected put(key: unknown): void {
    setAdd.call(this.collection, key);
  }

  protected remove(key: unknown): void {
    setDelete.call(this.collection, key);
  }

  protected removeAll(): void {
    setClear.call(this.collection);
  }

  protected isOrdered(): boolean {
    return true;
  }

  protected orderedKeys(): unknown[] {
    return [...setValues.call(this.collection)];
  }

  protected entries(): [unknown, unknown][] {
    return [...setEntries.call(this.collection)] as [unknown, unknown][];
  }
}
