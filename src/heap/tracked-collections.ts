/**
 * Tracking of Map, Set and Date: when one becomes persistent it gets own, non-enumerable mutators that note the change
 * first. This catches code that was not compiled as well. Nothing is put on the built-in prototypes. Instances of a compiled
 * subclass get theirs from a prototype that is put between the class and the built-in, so that methods which the class
 * overrides are called as written and what they call with `super` is noted.
 */
import { changesOf, touch } from "./barrier.ts";
import { trackingPrototypes } from "./class-registry.ts";
import { nativeSetPrototypeOf, trackingDescriptors, trackingMethods } from "./own-properties.ts";

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

function descriptorsOf(methods: Methods): PropertyDescriptorMap {
  for (const method of Object.values(methods)) trackingMethods.add(method);
  return Object.fromEntries(Object.entries(methods).map(([name, value]) => [name, { value, writable: true, enumerable: false, configurable: true }]));
}

export const collectionMethods = {
  map: { builtIn: Map.prototype as object, descriptors: descriptorsOf(mapMethods) },
  set: { builtIn: Set.prototype as object, descriptors: descriptorsOf(setMethods) },
  date: { builtIn: Date.prototype as object, descriptors: descriptorsOf(dateMethods) },
};

const nativeDefineProperties = Object.defineProperties;

/** Puts the own mutators on an object that is about to persist; false when it takes none (it is not extensible). */
export function track(object: object, kind: "map" | "set" | "date"): boolean {
  if (Object.getPrototypeOf(object) !== collectionMethods[kind].builtIn) return true;
  if (!Object.isExtensible(object)) return trackingMethods.has((object as { clear?: object; setTime?: object })[kind === "date" ? "setTime" : "clear"]!);
  nativeDefineProperties(object, collectionMethods[kind].descriptors);
  return true;
}

const between = new Map<object, object>();
for (const [kind, { builtIn, descriptors }] of Object.entries(collectionMethods)) {
  const prototype = Object.create(builtIn, descriptors) as object;
  between.set(builtIn, prototype);
  trackingDescriptors.set(builtIn, descriptors);
  trackingPrototypes.set(prototype, kind as "map" | "set" | "date");
}

/** For a class that was just defined: if it extends Map, Set or Date directly, its instances will be tracked. */
export function trackSubclass(prototype: object): void {
  const tracking = between.get(Object.getPrototypeOf(prototype) as object);
  if (tracking !== undefined) nativeSetPrototypeOf(prototype, tracking);
}
