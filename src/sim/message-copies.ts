/** Values as messages carry them: copies that share nothing, so that no two turns are given the same objects. */
import type { Outcome } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { Reader } from "../codec/reader.ts";
import { encodeArguments } from "../turn/payload.ts";

/** Throws MK_VALUE_NOT_SENDABLE. */
export function bytesOf(values: readonly unknown[], what: string): Uint8Array {
  return encodeArguments(values, what);
}

export function valuesOf(bytes: Uint8Array): unknown[] {
  return readMessageValue(new Reader(bytes)) as unknown[];
}

export function copyOfOutcome(outcome: Outcome<unknown>): Outcome<unknown> {
  const [copy] = valuesOf(bytesOf([outcome.ok ? outcome.value : outcome.error], "an outcome"));
  return outcome.ok ? { ok: true, value: copy } : { ok: false, error: copy as typeof outcome.error };
}
