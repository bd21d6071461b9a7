/**
 * Tracking of Map, Set and Date: when one becomes persistent it gets own, non-enumerable mutators that note the change
 * first. This catches code that was not compiled as well. Nothing is put on the built-in prototypes.
 */
import { isTouched, markForChange, noteTouched, touch } from "./barrier.ts";
import { CollectionChanges, type Collection } from "./collection-changes.ts";

/** The changes of this turn, or undefined when the collection is not persistent any more (its turn was undone). */
function changesOf(collection: Collection): CollectionChanges | undefined {
  const mark = markForChange(collection);
  if (mark === undefined) return undefined;
  if (!isTouched(mark)) {
    mark.before = new CollectionChanges(collection, mark.heap.isUnordered(collection));
    noteTouched(collection, mark);
  }
  return mark.before as CollectionChanges;
}

type Methods = Record<string, (this: never, ...args: never[]) => unknown>;

const mapMethods: Methods = {
  set(this: Map<unknown, unknown>, key: unknown, value: unknown) {
    changesOf(this)?.beforeSet(key);
    return Map.prototype.set.call(this, key, value);
  },
  delete(this: Map<unknown, unknown>, key: unknown) {
    if (Map.prototype.has.call(this, key)) changesOf(this)?.beforeDelete(key);
    return Map.prototype.delete.call(this, key);
  },
  clear(this: Map<unknown, unknown>) {
    changesOf(this)?.beforeClear();
    Map.prototype.clear.call(this);
  },
};

const setMethods: Methods = {
  add(this: Set<unknown>, value: unknown) {
    if (!Set.prototype.has.call(this, value)) changesOf(this)?.beforeSet(value);
    return Set.prototype.add.call(this, value);
  },
  delete(this: Set<unknown>, value: unknown) {
    if (Set.prototype.has.call(this, value)) changesOf(this)?.beforeDelete(value);
    return Set.prototype.delete.call(this, value);
  },
  clear(this: Set<unknown>) {
    changesOf(this)?.beforeClear();
    Set.prototype.clear.call(this);
  },
};

const dateMethods: Methods = {};
for (const name of Object.getOwnPropertyNames(Date.prototype)) {
  if (!name.startsWith("set")) continue;
  const native = (Date.prototype as unknown as Record<string, (...args: number[]) => number>)[name]!;
  dateMethods[name] = function (this: Date, ...args: number[]) {
    touch(this);
    return native.apply(this, args);
  } as Methods[string];
}

const descriptorsOf = (methods: Methods): PropertyDescriptorMap =>
  Object.fromEntries(Object.entries(methods).map(([name, value]) => [name, { value, writable: true, enumerable: false, configurable: true }]));

const mapDescriptors = descriptorsOf(mapMethods);
const setDescriptors = descriptorsOf(setMethods);
const dateDescriptors = descriptorsOf(dateMethods);

export const trackMap = (map: object): object => Object.defineProperties(map, mapDescriptors);
export const trackSet = (set: object): object => Object.defineProperties(set, setDescriptors);
export const trackDate = (date: object): object => Object.defineProperties(date, dateDescriptors);

const ownMethods = new Map<string, ReadonlySet<string>>([
  ["map", new Set(Object.keys(mapMethods))],
  ["set", new Set(Object.keys(setMethods))],
  ["date", new Set(Object.keys(dateMethods))],
]);

/** A property a program put on a built-in, which its image would not hold; undefined when there is none. */
export function strayProperty(object: object, kind: "map" | "set" | "date"): string | undefined {
  const names = Object.getOwnPropertyNames(object);
  if (names.length === 0) return undefined;
  const own = ownMethods.get(kind)!;
  return names.find((name) => !own.has(name));
}
