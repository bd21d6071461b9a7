/**
 * Puts the write barrier where compiled modules look for it, and wraps the engine's own writers. Once for a process.
 */
import { barrier } from "./barrier.ts";
import { borrowed, installBorrowedApply } from "./borrowed-methods.ts";
import { registerClass } from "./class-registry.ts";
import { installNativeWriters } from "./native-writers.ts";
import { trackSubclass } from "./tracked-collections.ts";

const key = Symbol.for("maceken.barrier");

export function installRuntime(): void {
  const place = globalThis as unknown as Record<symbol, unknown>;
  if (place[key] !== undefined) return;
  Object.defineProperty(globalThis, key, { value: { ...barrier, r: registerCompiled, f: borrowed } });
  installNativeWriters();
  installBorrowedApply();
}

function registerCompiled(...[type, name, info]: Parameters<typeof registerClass>): void {
  trackSubclass(type.prototype);
  registerClass(type, name, info);
}
