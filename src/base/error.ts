/**
 * The errors of the world and of the user: MaceKenError with a code from the table in error-codes.ts.
 * Not for our own bugs (assert.ts) and not for a handler's business answer (rejection.ts).
 */
import { errorCodes, type ErrorCode } from "./error-codes.ts";

export interface MaceKenErrorOptions {
  readonly details?: unknown;
  readonly cause?: unknown;
  /** Overrides the table's remedy where the place that throws knows a better one. */
  readonly remedy?: string;
}

/**
 * An error with a stable `code`, a `message` that says what happened and a `remedy` that says what to do.
 * `retriable` tells whether the same call may succeed later without a change to the program.
 * `certainlyDidNotRun` tells whether the message, if the error is the outcome of one, certainly left no trace at its destination.
 */
export class MaceKenError extends Error {
  declare readonly code: `MK_${string}`;
  declare readonly remedy: string;
  declare readonly retriable: boolean;
  declare readonly certainlyDidNotRun: boolean;
  declare readonly details: unknown;

  constructor(code: ErrorCode, message: string, options: MaceKenErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const entry = errorCodes[code];
    this.code = code;
    this.remedy = options.remedy ?? entry.remedy;
    this.retriable = entry.retriable;
    this.certainlyDidNotRun = entry.didNotRun;
    this.details = options.details;
  }

  override get name(): string {
    return "MaceKenError";
  }

  override toString(): string {
    return `${this.code}: ${this.message}`;
  }
}

/**
 * What was thrown, in words, whatever it is: programs throw anything, and an error that came over the network may have any value
 * where its message should be.
 */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return textOf(thrown, "message") ?? wordless;
  return thrown !== null && (typeof thrown === "object" || typeof thrown === "function") ? wordless : String(thrown);
}

const wordless = "something that has no words";

/** With the name of its class, as a stack begins. */
export function nameAndMessageOf(thrown: unknown): string {
  return thrown instanceof Error ? `${textOf(thrown, "name") ?? "Error"}: ${messageOf(thrown)}` : messageOf(thrown);
}

/** Where it was thrown, if it says so. */
export function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? textOf(thrown, "stack") : undefined;
}

/** A property may be a getter of the program's, which may throw again. */
function textOf(error: Error, key: "name" | "message" | "stack"): string | undefined {
  try {
    const text: unknown = error[key];
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** One line for people: code, message, remedy. */
export function describeError(error: unknown): string {
  if (error instanceof MaceKenError) return `${error.code}: ${error.message}\n  remedy: ${error.remedy}`;
  return stackOf(error) ?? nameAndMessageOf(error);
}
