/**
 * A handler's business answer "no", and the outcome of a message. A Rejection undoes the turn that throws it and reaches the caller.
 */
import type { MaceKenError } from "./error.ts";

/**
 * Thrown by a handler to refuse: its turn is undone and consumed, the caller gets the rejection with its `details`.
 * `details` must be values that a message may carry.
 */
export class Rejection<const D = unknown> extends Error {
  declare readonly details: D;

  constructor(message: string, ...details: undefined extends D ? [details?: D] : [details: D]) {
    super(message);
    this.details = details[0] as D;
  }

  override get name(): string {
    return "Rejection";
  }
}

/** What became of a message: its answer, the receiver's rejection, or an error of the world with its code. */
export type Outcome<T, D = unknown> =
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly value?: undefined; readonly error: Rejection<D> | MaceKenError };
