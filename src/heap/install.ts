/**
 * Puts the write barrier where compiled modules look for it, and wraps the engine's own writers. Once for a process.
 */
import { barrier } from "./barrier.ts";
import { installNativeWriters } from "./native-writers.ts";

const key = Symbol.for("maceken.barrier");

export function installRuntime(): void {
  const place = globalThis as unknown as Record<symbol, unknown>;
  if (place[key] !== undefined) return;
  Object.defineProperty(globalThis, key, { value: barrier });
  installNativeWriters();
}
