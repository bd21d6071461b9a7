/**
 * The payload of a message between nodes: a request, the outcome of one, or the note that a one-way message failed.
 * To the protocol it is opaque bytes.
 */
import { errorCodes, type ErrorCode } from "../base/error-codes.ts";
import { MaceKenError, messageOf, nameAndMessageOf } from "../base/error.ts";
import { Rejection, type Outcome } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { writeMessageValue } from "../codec/message-writer.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";

const kinds = { request: 1, outcome: 2, failure: 3 } as const;

export type Payload =
  | { readonly kind: "request"; readonly call: number; readonly service: string; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: "outcome"; readonly call: number; readonly outcome: Outcome<unknown> }
  | { readonly kind: "failure"; readonly what: string; readonly error: unknown };

const scratch = new Writer(4096);

/** Arguments as bytes, at the moment of the send: what the handler does to them afterwards does not matter. */
export function encodeArguments(args: readonly unknown[], what: string): Uint8Array {
  scratch.reset();
  writeMessageValue(scratch, args, `${what}: arguments`);
  return scratch.copy();
}

/** The call number comes last because it is known last: only at the end of the turn is it clear whether somebody waits. */
export function requestPayload(service: string, method: string, args: Uint8Array, call: number): Uint8Array {
  scratch.reset();
  scratch.u8(kinds.request);
  scratch.uint(call);
  scratch.string(service);
  scratch.string(method);
  scratch.raw(args);
  return scratch.copy();
}

export function outcomePayload(call: number, outcome: Outcome<unknown>, what: string): Uint8Array {
  scratch.reset();
  scratch.u8(kinds.outcome);
  scratch.uint(call);
  scratch.u8(outcome.ok ? 1 : 0);
  writeMessageValue(scratch, outcome.ok ? outcome.value : outcome.error, `${what}: answer`);
  return scratch.copy();
}

export function failurePayload(what: string, error: unknown): Uint8Array {
  scratch.reset();
  scratch.u8(kinds.failure);
  scratch.string(what);
  writeMessageValue(scratch, error, "error");
  return scratch.copy();
}

/** Throws DecodeError on anything else. */
export function readPayload(bytes: Uint8Array): Payload {
  const reader = new Reader(bytes);
  const kind = reader.u8();
  let payload: Payload;
  switch (kind) {
    case kinds.request: {
      const call = reader.uint();
      const service = reader.string();
      const method = reader.string();
      const args = readMessageValue(reader);
      if (!Array.isArray(args)) return reader.fail("arguments are not a list");
      payload = { kind: "request", call, service, method, args };
      break;
    }
    case kinds.outcome: {
      const call = reader.uint();
      const ok = reader.u8() === 1;
      const value = readMessageValue(reader);
      payload = { kind: "outcome", call, outcome: ok ? { ok: true, value } : { ok: false, error: asOutcomeError(value) } };
      break;
    }
    case kinds.failure:
      payload = { kind: "failure", what: reader.string(), error: readMessageValue(reader) };
      break;
    default:
      return reader.fail(`unknown kind of message ${kind}`);
  }
  reader.expectEnd();
  return payload;
}

export function asOutcomeError(value: unknown): Rejection | MaceKenError {
  if (value instanceof Rejection || value instanceof MaceKenError) return value;
  return new Rejection(messageOf(value));
}

/** What a caller is told about an error it may not see in full: code and message, never a stack. */
export function publicError(error: unknown): Rejection | MaceKenError {
  if (error instanceof Rejection) return isSendable(error.details) ? error : new Rejection(error.message);
  if (error instanceof MaceKenError && Object.hasOwn(errorCodes, error.code)) return isSendable(error.details) ? error : new MaceKenError(error.code as ErrorCode, error.message);
  return new MaceKenError("MK_HANDLER_FAILED", nameAndMessageOf(error));
}

function isSendable(value: unknown): boolean {
  scratch.reset();
  try {
    writeMessageValue(scratch, value, "details");
    return true;
  } catch (error) {
    if (!(error instanceof MaceKenError)) throw error;
    return false;
  }
}

/** Code and the beginning of the message, for where the whole error is too long: this much fits into the shortest message that a node may take. */
export function shortError(error: Rejection | MaceKenError): MaceKenError {
  const code = error instanceof MaceKenError && Object.hasOwn(errorCodes, error.code) ? (error.code as ErrorCode) : "MK_TOO_LARGE";
  return new MaceKenError(code, error.message.slice(0, 80));
}
