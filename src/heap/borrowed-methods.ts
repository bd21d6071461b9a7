/**
 * The engine's own functions that change their receiver, borrowed: `push.call(list, x)`, `Map.prototype.set.apply(m, entry)`,
 * `Reflect.apply(push, list, [x])`, `push.bind(list)`, and what libraries make of `Function.prototype.call.bind(push)`. Each has a twin
 * that announces the change and then does the same; compiled code asks for it before `.call`, `.apply` and `.bind`.
 */
import { touch, touchArray } from "./barrier.ts";
import { nativeDefineProperty } from "./own-properties.ts";
import { collectionMethods } from "./tracked-collections.ts";

type Callable = (this: unknown, ...list: unknown[]) => unknown;

const twins = new Map<unknown, unknown>();

/** The twin of one of the engine's mutators; any other value as it is. */
export function borrowed<T>(method: T): T {
  return typeof method === "function" ? ((twins.get(method) as T | undefined) ?? method) : method;
}

const nativeApply = Reflect.apply;
const { bind, call, apply } = Function.prototype;

function addTwin(native: unknown, twin: Callable): void {
  if (typeof native !== "function") return;
  nativeDefineProperty(twin, "name", { value: native.name, configurable: true });
  nativeDefineProperty(twin, "length", { value: native.length, configurable: true });
  twins.set(native, twin);
}

function touchingReceiver(native: unknown): Callable {
  return function (this: unknown, ...list) {
    // Anything can be an array to these methods.
    if (Array.isArray(this) || ArrayBuffer.isView(this)) touchArray(this);
    else touch(this);
    return nativeApply(native as Callable, this, list);
  };
}

/** `names` that the prototype has in this version of Node. */
export function addMutators(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    const native = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
    addTwin(native, touchingReceiver(native));
  }
}

addMutators(Array.prototype, ["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);
addMutators(Object.getPrototypeOf(Uint8Array.prototype) as object, ["set", "sort", "reverse", "fill", "copyWithin"]);
addMutators(Uint8Array.prototype, ["setFromBase64", "setFromHex"]);
addMutators(DataView.prototype, Object.getOwnPropertyNames(DataView.prototype).filter((name) => name.startsWith("set")));
for (const { builtIn, descriptors } of Object.values(collectionMethods)) {
  for (const name of Reflect.ownKeys(descriptors)) {
    addTwin((builtIn as Record<string | symbol, unknown>)[name], descriptors[name as string]!.value as Callable);
  }
}
addTwin(call, function (this: unknown, self, ...list) {
  return nativeApply(borrowed(this) as Callable, self, list);
});
addTwin(apply, function (this: unknown, self, list) {
  return nativeApply(apply, borrowed(this), [self, list]);
});
addTwin(bind, function (this: unknown, ...list) {
  return nativeApply(bind, borrowed(this), list);
});

/** Reflect.apply is told apart nowhere in the text, so it is wrapped. */
export function installBorrowedApply(): void {
  const wrapper = (target: unknown, self: unknown, list: ArrayLike<unknown>): unknown => nativeApply(borrowed(target) as Callable, self, list);
  nativeDefineProperty(wrapper, "name", { value: "apply", configurable: true });
  nativeDefineProperty(Reflect, "apply", { value: wrapper, writable: true, enumerable: false, configurable: true });
}
