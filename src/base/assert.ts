/**
 * Assertions: our own bugs. A failed assertion is never caught by this library; it ends the node,
 * because a node that went on after one could break K1-K10 without anybody noticing.
 * Not for bad input and not for faults of the world: those are MaceKenErrors (error.ts).
 */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

export function unreachable(value: never, message: string): never {
  throw new AssertionFailure(`${message}: ${String(value)}`);
}
