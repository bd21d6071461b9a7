/**
 * Engine functions that write into an object they are given: Object.assign and its kin, Reflect.set and its kin. They are
 * wrapped once, at start, so that they touch their target first; names and lengths stay as they were.
 */
import { touch } from "./barrier.ts";

const objectWriters = ["assign", "defineProperty", "defineProperties", "setPrototypeOf", "freeze", "seal", "preventExtensions"] as const;
const reflectWriters = ["set", "defineProperty", "deleteProperty", "setPrototypeOf", "preventExtensions"] as const;

/** The engine's own, for making a heap again: that is not a write of the user's. */
export const nativeFreeze = Object.freeze;
export const nativeSeal = Object.seal;
export const nativePreventExtensions = Object.preventExtensions;

let installed = false;

export function installNativeWriters(): void {
  if (installed) return;
  installed = true;
  for (const name of objectWriters) wrap(Object as unknown as Functions, name, 0);
  for (const name of reflectWriters) wrap(Reflect as unknown as Functions, name, 0);
  // Reflect.set writes to its receiver when it is given one.
  const set = Reflect.set;
  replace(Reflect as unknown as Functions, "set", function set_(target: object, key: PropertyKey, value: unknown, ...receiver: [unknown?]) {
    if (receiver.length > 0) touch(receiver[0]);
    return receiver.length > 0 ? set(target, key, value, receiver[0]) : set(target, key, value);
  });
}

type Functions = Record<string, (...args: never[]) => unknown>;

function wrap(holder: Functions, name: string, target: number): void {
  const native = holder[name] as (...args: unknown[]) => unknown;
  replace(holder, name, function (this: unknown, ...args: unknown[]) {
    touch(args[target]);
    return native.apply(this, args);
  });
}

function replace(holder: Functions, name: string, wrapper: (...args: never[]) => unknown): void {
  const native = holder[name]!;
  Object.defineProperty(wrapper, "name", { value: native.name, configurable: true });
  Object.defineProperty(wrapper, "length", { value: native.length, configurable: true });
  Object.defineProperty(holder, name, { value: wrapper, writable: true, enumerable: false, configurable: true });
}
