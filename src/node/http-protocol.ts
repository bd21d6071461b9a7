/**
 * What MaceKen's HTTP server and its client agree on beyond plain JSON: the media type that carries every value, and the
 * header of a client's session. Holds no I/O.
 *
 * A request in the media type is the argument array as a message value. An answer is one byte, 1 or 0 for ok, and the value or
 * the error as a message value.
 */
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { writeMessageValue } from "../codec/message-writer.ts";
import { DecodeError, Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import { asOutcomeError } from "../turn/payload.ts";
import type { ExternalRequest } from "../kernel/kernel-input.ts";

export const valueMediaType = "application/vnd.maceken.value";

/** `maceken-session: ID NUMBER ACKNOWLEDGED`: this request is the session's NUMBER-th; answers up to ACKNOWLEDGED have arrived. */
export const sessionHeader = "maceken-session";
/** Connections of clients may be many, so the id is what is kept for each: short. */
const sessionIdMax = 64;

export type ClientSession = NonNullable<ExternalRequest["session"]>;

const scratch = new Writer(4096);

export function encodeArgumentValues(args: readonly unknown[], what: string): Buffer {
  scratch.reset();
  writeMessageValue(scratch, args, `${what}: arguments`);
  return Buffer.from(scratch.view());
}

/** Throws MK_HTTP_BAD_REQUEST. */
export function decodeArgumentValues(body: Uint8Array): readonly unknown[] {
  const args = decode(body, (reader) => readMessageValue(reader));
  if (!Array.isArray(args)) throw new MaceKenError("MK_HTTP_BAD_REQUEST", "the body is not an array of arguments");
  return args;
}

export function encodeOutcome(outcome: Outcome<unknown>): Buffer {
  scratch.reset();
  scratch.u8(outcome.ok ? 1 : 0);
  writeMessageValue(scratch, outcome.ok ? outcome.value : outcome.error, "answer");
  return Buffer.from(scratch.view());
}

/** Throws MK_HTTP_BAD_REQUEST. */
export function decodeOutcome(body: Uint8Array): Outcome<unknown> {
  return decode(body, (reader) => {
    const ok = reader.u8();
    const value = readMessageValue(reader);
    return ok === 1 ? { ok: true, value } : { ok: false, error: asOutcomeError(value) };
  });
}

function decode<T>(body: Uint8Array, read: (reader: Reader) => T): T {
  // Not as a Buffer: its slice() is a view, and a value must not keep a view of somebody's pool.
  const reader = new Reader(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  try {
    const value = read(reader);
    reader.expectEnd();
    return value;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new MaceKenError("MK_HTTP_BAD_REQUEST", `the body is not ${valueMediaType}: ${error.message}`);
  }
}

export function formatSession({ id, number, acknowledged }: ClientSession): string {
  return `${id} ${number} ${acknowledged}`;
}

/** Throws MK_HTTP_BAD_REQUEST. */
export function parseSession(text: string): ClientSession {
  const [id, number, acknowledged, ...rest] = text.split(" ");
  const session = { id: id ?? "", number: wholeNumber(number), acknowledged: wholeNumber(acknowledged) };
  const fits = session.id.length > 0 && session.id.length <= sessionIdMax && isPrintable(session.id) && session.number > session.acknowledged;
  if (!fits || session.acknowledged < 0 || rest.length > 0) {
    throw new MaceKenError("MK_HTTP_BAD_REQUEST", `the header ${sessionHeader} is not "ID NUMBER ACKNOWLEDGED"`);
  }
  return session;
}

/** -1 for anything that is not the shortest decimal form of a safe integer. */
function wholeNumber(text: string | undefined): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 && String(value) === text ? value : -1;
}

/** Printable ASCII, blanks among it. */
export function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}
