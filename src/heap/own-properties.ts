/**
 * Own data properties of any object, put there exactly: whatever their names, whatever the prototype has under them, in their
 * order and with their attributes. Used to put objects back (own-before.ts) and to make them again (heap-loader.ts).
 */
import type { ClassRecord } from "./class-registry.ts";
import { sameKeys, type Kind } from "./shapes.ts";

type Properties = Record<string, unknown>;

/** The engine's own: what the heap itself does is not a write of the user's (native-writers.ts wraps the public ones). */
export const nativeDefineProperty = Object.defineProperty;
export const nativeSetPrototypeOf = Object.setPrototypeOf;
export const nativeFreeze = Object.freeze;
export const nativeSeal = Object.seal;
export const nativePreventExtensions = Object.preventExtensions;

/** Bits of one property's attributes; "0" in a shape's `attributes` is what an assignment makes. */
export const hidden = 1;
export const readOnly = 2;
export const fixed = 4;

/** Integers from 0 to 2^32 - 2, as the engine sorts them before other keys. */
export function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57 && String(Number(key) >>> 0) === key && key !== "4294967295";
}

/** Own mutators that the heap put on a Map, Set, Date or RegExp (tracked-collections.ts): not properties of the program's. */
export const trackingMethods = new WeakSet<object>();
export const trackingDescriptors = new Map<object | null, PropertyDescriptorMap>();
const nativeDefineProperties = Object.defineProperties;

/** Names of own properties, without those that are part of being what the object is, and without volatile fields. */
export function ownNames(object: object, kind: Kind, record: ClassRecord | undefined): string[] {
  let names = Object.getOwnPropertyNames(object);
  if (names.length === 0) return names;
  switch (kind) {
    case "denseArray":
    case "array":
      names = names.filter((name) => name !== "length");
      break;
    case "regexp":
      names = names.filter((name) => name !== "lastIndex" && !trackingMethods.has((object as Properties)[name] as object));
      break;
    case "typedArray":
      names = names.filter((name) => !isIndex(name));
      break;
    case "map":
    case "set":
    case "date":
      names = names.filter((name) => !trackingMethods.has((object as Properties)[name] as object));
      break;
  }
  return record === undefined || record.volatiles.size === 0 ? names : names.filter((name) => !record.volatiles.has(name));
}

/** Makes the object's own properties be exactly these, in this order. */
export function restoreKeys(object: object, kind: Kind, record: ClassRecord | undefined, keys: readonly string[], values: readonly unknown[], attributes = ""): void {
  const names = ownNames(object, kind, record);
  for (const symbol of Object.getOwnPropertySymbols(object)) delete (object as Record<symbol, unknown>)[symbol];
  // The last first: then the engine keeps the object's fast form.
  if (!sameKeys(names, keys)) for (let i = names.length - 1; i >= 0; i--) delete (object as Properties)[names[i]!];
  // The program may have replaced our methods by its own.
  const tracking = kind === "map" || kind === "set" || kind === "date" || kind === "regexp" ? trackingDescriptors.get(Object.getPrototypeOf(object) as object) : undefined;
  if (tracking !== undefined) nativeDefineProperties(object, tracking);
  if (attributes === "") for (let i = 0; i < keys.length; i++) setOwn(object, keys[i]!, values[i]);
  else for (let i = 0; i < keys.length; i++) nativeDefineProperty(object, keys[i]!, descriptor(values[i], attributes.charCodeAt(i) - 48));
}

/** One digit a property, "" when all are what an assignment makes; undefined when one is an accessor. `known`: bits that the object's frozenness says already. */
export function attributesOf(object: object, names: readonly string[], known: number): string | undefined {
  let text = "";
  let any = false;
  for (const name of names) {
    const { enumerable, writable, configurable, get, set } = Object.getOwnPropertyDescriptor(object, name)!;
    // Some engines show an error's stack as an accessor.
    const isAccessor = get !== undefined || set !== undefined;
    if (isAccessor && !(name === "stack" && object instanceof Error)) return undefined;
    const bits = ((enumerable ? 0 : hidden) | (writable || isAccessor ? 0 : readOnly) | (configurable ? 0 : fixed)) & ~known;
    any ||= bits !== 0;
    text += String(bits);
  }
  return any ? text : "";
}

function descriptor(value: unknown, bits: number): PropertyDescriptor {
  return { value, enumerable: (bits & hidden) === 0, writable: (bits & readOnly) === 0, configurable: (bits & fixed) === 0 };
}

/** Sets an own data property whatever its name and whatever the prototype has under it. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (Object.hasOwn(object, key) || !(key in object)) (object as Properties)[key] = value;
  else nativeDefineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
