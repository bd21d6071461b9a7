/**
 * Tracking of Map, Set, Date and RegExp (whose matching moves lastIndex): when one becomes persistent it gets own, non-enumerable
 * mutators that note the change first. This catches code that was not compiled as well. Nothing is put on the built-in prototypes. Instances of a compiled
 * subclass get theirs from a prototype that is put between the class and the built-in, so that methods which the class
 * overrides are called as written and what they call with `super` is noted.
 */
import { changesOf, touch } from "./barrier.ts";
import { trackingPrototypes } from "./class-registry.ts";
import { nativeSetPrototypeOf, trackingDescriptors, trackingMethods } from "./own-properties.ts";

type Methods = Record<string | symbol, (this: never, ...args: never[]) => unknown>;

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

/** Symbol.replace and the like set lastIndex themselves before they call exec. */
const regexpMethods: Methods = {};
for (const name of ["exec", "test", "compile", Symbol.match, Symbol.replace, Symbol.search]) {
  const native = (RegExp.prototype as unknown as Record<string | symbol, (...args: unknown[]) => unknown>)[name]!;
  regexpMethods[name] = function (this: RegExp, ...args: unknown[]) {
    // Others keep their lastIndex, and asking them is no write.
    if (this.global || this.sticky || this.lastIndex !== 0 || name === "compile") touch(this);
    return native.apply(this, args);
  } as Methods[string];
}

function descriptorsOf(methods: Methods): PropertyDescriptorMap {
  const descriptors: PropertyDescriptorMap = {};
  for (const name of Reflect.ownKeys(methods)) {
    const value = methods[name]!;
    trackingMethods.add(value);
    descriptors[name] = { value, writable: true, enumerable: false, configurable: true };
  }
  return descriptors;
}

export const collectionMethods = {
  map: { builtIn: Map.prototype as object, descriptors: descriptorsOf(mapMethods) },
  set: { builtIn: Set.prototype as object, descriptors: descriptorsOf(setMethods) },
  date: { builtIn: Date.prototype as object, descriptors: descriptorsOf(dateMethods) },
  regexp: { builtIn: RegExp.prototype as object, descriptors: descriptorsOf(regexpMethods) },
};

export type TrackedKind = keyof typeof collectionMethods;

export function isTracked(kind: string): kind is TrackedKind {
  return Object.hasOwn(collectionMethods, kind);
}

const nativeDefineProperties = Object.defineProperties;

/** One method of each kind: who has ours under that name has all. */
const witness: Readonly<Record<TrackedKind, string>> = { map: "clear", set: "clear", date: "setTime", regexp: "exec" };

/** Puts the own mutators on an object that is about to persist; false when it takes none (it is not extensible). */
export function track(object: object, kind: TrackedKind): boolean {
  if (Object.getPrototypeOf(object) !== collectionMethods[kind].builtIn) return true;
  // The lastIndex of a frozen RegExp stays as it is.
  if (!Object.isExtensible(object)) return trackingMethods.has((object as Record<string, object>)[witness[kind]]!) || (kind === "regexp" && Object.isFrozen(object));
  nativeDefineProperties(object, collectionMethods[kind].descriptors);
  return true;
}

const between = new Map<object, object>();
for (const [kind, { builtIn, descriptors }] of Object.entries(collectionMethods)) {
  trackingDescriptors.set(builtIn, descriptors);
  // A class that extends RegExp does not persist.
  if (kind === "regexp") continue;
  const prototype = Object.create(builtIn, descriptors) as object;
  between.set(builtIn, prototype);
  trackingPrototypes.set(prototype, kind as "map" | "set" | "date");
}

/** For a class that was just defined: if it extends Map, Set or Date directly, its instances will be tracked. */
export function trackSubclass(prototype: object): void {
  const tracking = between.get(Object.getPrototypeOf(prototype) as object);
  if (tracking !== undefined) nativeSetPrototypeOf(prototype, tracking);
}
