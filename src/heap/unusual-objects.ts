/**
 * Objects that are not what they look like from outside: with properties that no assignment makes (accessors, hidden or
 * read-only ones, symbols), proxies, objects that got the prototype of another kind. The wrapped engine functions (native-writers.ts)
 * and compiled literals with accessors note them here as they are made, so that the many usual objects need one look-up
 * instead of a look at each property.
 */
const unusual = new WeakMap<object, string>();

let notes = 0;

/** Grows whenever an object is noted, for the first time or again: while it does not, what was usual still is. */
export function noteCount(): number {
  return notes;
}

/** The properties need a closer look. */
export function noteUnusual(object: unknown): void {
  // Also when the object was noted before: it may have changed since.
  notes++;
  if (typeof object === "object" && object !== null && !unusual.has(object)) unusual.set(object, "");
}

/** The object cannot persist, because it is `what`. */
export function notePretender(object: object, what: string): void {
  notes++;
  unusual.set(object, what);
}

/** A symbol may have been put on a persistent object: turns look closer at what they wrote when anything was noted. */
export function noteOddKey(): void {
  notes++;
}

/** It has its own prototype back. */
export function noteGenuine(object: object): void {
  if (unusual.has(object)) unusual.set(object, "");
}

/** Undefined for a usual object, "" for one that needs a closer look, otherwise what it is. */
export function unusualness(object: object): string | undefined {
  return unusual.get(object);
}

/** Whether Object.defineProperty and its kin were ever used on the object. */
export function isRedefined(object: object): boolean {
  return unusual.has(object);
}
