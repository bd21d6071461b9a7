/**
 * Engine functions that write into an object they are given: Object.assign and its kin, Reflect.set and its kin. They are
 * wrapped once, at start, so that they touch their target first; names and lengths stay as they were. What no undo can take
 * back (freezing, properties that cannot be configured) is refused on a persistent object. Objects that will need a closer look are noted.
 */
import { MaceKenError } from "../base/error.ts";
import { builtInOfPrototype } from "../codec/built-in.ts";
import { touch, touchKey } from "./barrier.ts";
import { recordOf } from "./class-registry.ts";
import { isPersistent } from "./mark.ts";
import { nativeDefineProperty as nativeDefine } from "./own-properties.ts";
import { notePretender, noteUnusual } from "./unusual-objects.ts";

let installed = false;

export function installNativeWriters(): void {
  if (installed) return;
  installed = true;
  const object = Object as unknown as Functions;
  const reflect = Reflect as unknown as Functions;
  wrap(object, "assign", beforeAssign);
  // The stack it puts on the object is hidden.
  wrap(Error as unknown as Functions, "captureStackTrace", (target) => noteUnusual(touch(target)));
  for (const name of ["freeze", "seal", "preventExtensions"]) wrap(object, name, (target) => refuseClosing(target, name));
  wrap(reflect, "preventExtensions", (target) => refuseClosing(target, "preventExtensions"));
  for (const holder of [object, reflect]) {
    wrap(holder, "defineProperty", beforeDefine);
    wrap(holder, "setPrototypeOf", beforeSetPrototype);
  }
  wrap(object, "defineProperties", beforeDefineAll);
  wrap(object, "create", () => {}, (created, [, descriptors]) => {
    if (descriptors !== undefined) noteUnusual(created);
  });
  wrap(reflect, "deleteProperty", (target, [, key]) => touchKey(target, key, 1));
  // Reflect.set writes to its receiver when it is given one.
  wrap(reflect, "set", (target, list) => touchKey(list.length > 3 ? list[3] : target, list[1]));
  for (const name of ["__defineGetter__", "__defineSetter__"]) wrapMethod(Object.prototype as unknown as Functions, name, (target) => noteUnusual(touch(target)));
  wrapProxy();
  for (const name of ["add", "and", "compareExchange", "exchange", "or", "store", "sub", "xor"]) wrap(Atomics as unknown as Functions, name, (target, [, at]) => touchKey(target, at));
  // What only Node has (crypto, files) would have to be loaded for it; the audit sees those.
  const { TextEncoder } = globalThis as { TextEncoder?: { prototype: object } };
  if (TextEncoder !== undefined) wrapMethod(TextEncoder.prototype as Functions, "encodeInto", (_, [, target]) => void touch(target));
}

type Functions = Record<string, (...args: never[]) => unknown>;

function beforeDefine(target: unknown, [, key, descriptor]: readonly unknown[]): void {
  const { enumerable, writable, configurable } = (descriptor ?? {}) as PropertyDescriptor;
  if (enumerable === true && writable === true && configurable === true) {
    touchKey(target, key);
    return;
  }
  if (configurable !== true && isPersistent(target)) {
    const before = Object.getOwnPropertyDescriptor(target, key as string);
    // What is left out keeps its value, and is false for a new property.
    if (before === undefined || (before.configurable === true && configurable === false)) refuse("Object.defineProperty of a property that cannot be configured");
    if (before.configurable === false && before.writable === true && writable === false) refuse("Object.defineProperty of a property that cannot be written any more");
  }
  noteUnusual(touch(target));
}

function beforeAssign(target: unknown, sources: readonly unknown[]): void {
  touch(target);
  for (let i = 1; i < sources.length; i++) {
    const source = sources[i];
    if (typeof source === "object" && source !== null && Object.getOwnPropertySymbols(source).length > 0) touchKey(target, null);
  }
}

function beforeDefineAll(target: unknown, [, descriptors]: readonly unknown[]): void {
  if (typeof descriptors !== "object" || descriptors === null) return;
  for (const key of Reflect.ownKeys(descriptors)) beforeDefine(target, [target, key, (descriptors as Record<PropertyKey, unknown>)[key]]);
}

function beforeSetPrototype(target: unknown, [, prototype]: readonly unknown[]): void {
  // No name of a key tells it, as if a symbol were written.
  touchKey(target, null);
  if (typeof target !== "object" || target === null || Object.getPrototypeOf(target) === prototype) return;
  const before = Object.getPrototypeOf(target) as object | null;
  const record = before === null ? undefined : recordOf(before);
  const kind = builtInOfPrototype(before);
  const isPlain = record === undefined ? kind === "object" || kind === "nullObject" : record.base.kind === "object" && record.withPrivates.length === 0;
  if (!isPlain) notePretender(target, "an object whose prototype was changed");
}

/** A frozen object cannot be opened again, so a turn that freezes one could not be undone. */
function refuseClosing(target: unknown, name: string): void {
  if (!isPersistent(target)) return;
  const isClosed = name === "freeze" ? Object.isFrozen(target) : name === "seal" ? Object.isSealed(target) : !Object.isExtensible(target);
  if (isClosed) return;
  touch(target);
  refuse(`Object.${name}`);
}

function refuse(what: string): never {
  throw new MaceKenError("MK_FREEZE_PERSISTENT", `${what} on a persistent object could not be undone`);
}

/** A proxy looks like its target; what it does is not a value. */
function wrapProxy(): void {
  const native = Proxy;
  const note = <T extends object>(proxy: T): T => {
    notePretender(proxy, "a Proxy");
    return proxy;
  };
  const { revocable } = native;
  replace(native as unknown as Functions, "revocable", ((target: object, handler: object) => {
    const made = revocable(target, handler);
    note(made.proxy);
    return made;
  }) as never);
  const construct = function (this: unknown, target: object, handler: object): object {
    // Without `new` the engine's own refuses, in its own words.
    return new.target === undefined ? (native as unknown as (target: object, handler: object) => object)(target, handler) : note(new native(target, handler));
  };
  nativeDefine(construct, "prototype", { value: undefined });
  nativeDefine(construct, "revocable", { value: native.revocable, writable: true, configurable: true });
  replace(globalThis as unknown as Functions, "Proxy", construct as never);
}

type Before = (target: unknown, list: readonly unknown[]) => unknown;

function wrap(holder: Functions, name: string, before: Before, after?: (result: unknown, list: readonly unknown[]) => void): void {
  const native = holder[name] as (...args: unknown[]) => unknown;
  replace(holder, name, function (this: unknown, ...list: unknown[]) {
    before(list[0], list);
    const result = native.apply(this, list);
    after?.(result, list);
    return result;
  });
}

function wrapMethod(holder: Functions, name: string, before: Before): void {
  const native = holder[name] as (...args: unknown[]) => unknown;
  replace(holder, name, function (this: unknown, ...list: unknown[]) {
    before(this, list);
    return native.apply(this, list);
  });
}

function replace(holder: Functions, name: string, wrapper: (...args: never[]) => unknown): void {
  const native = holder[name]!;
  nativeDefine(wrapper, "name", { value: native.name, configurable: true });
  nativeDefine(wrapper, "length", { value: native.length, configurable: true });
  nativeDefine(holder, name, { value: wrapper, writable: true, enumerable: false, configurable: true });
}
