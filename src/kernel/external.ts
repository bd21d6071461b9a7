/**
 * The outer edge (K10): requests from HTTP and clients, idempotency keys and client sessions, and who in this process waits
 * for which answer. At most once without a key; with a key the same answer again, also after a crash.
 */
import { MaceKenError } from "../base/error.ts";
import { hash53 } from "../base/hash.ts";
import type { Outcome } from "../base/rejection.ts";
import { Queue } from "../base/queue.ts";
import { writeMessageValue } from "../codec/message-writer.ts";
import { Writer } from "../codec/writer.ts";
import { touch } from "../heap/barrier.ts";
import { SessionState, type NodeState } from "../turn/node-state.ts";
import type { Answer, TurnInput } from "../turn/turn-input.ts";
import type { ExternalRequest } from "./kernel-input.ts";

export interface ExternalLimits {
  readonly maxIdempotencyKeys: number;
  readonly idempotencyKeepMs: number;
}

/** What to do with a request before it becomes a turn. */
export type Admission =
  | { readonly kind: "run"; readonly input: TurnInput }
  | { readonly kind: "answer"; readonly outcome: Outcome<unknown> }
  /** Another request with the same key runs or waits: this one gets the same answer. */
  | { readonly kind: "join" };

/** A client may be this many requests ahead of what it has acknowledged. */
const sessionWindow = 100_000;

const scratch = new Writer(1024);

export class ExternalRequests {
  readonly queue = new Queue<ExternalRequest>();
  readonly #waiters = new Map<string, number[]>();
  readonly #limits: ExternalLimits;

  constructor(limits: ExternalLimits) {
    this.#limits = limits;
  }

  /** Decides when the request's turn comes, so that earlier requests with the same key have run. */
  admit(request: ExternalRequest, state: NodeState): Admission {
    const key = keyOf(request);
    const origin = { kind: "external", request: request.request, key } as const;
    const sender = { kind: request.via } as const;
    const message = { service: request.service, method: request.method, args: request.args, origin, sender };
    if (key === null) return { kind: "run", input: { kind: "request", request: message } };
    const fingerprint = fingerprintOf(request);
    const { session } = request;
    const input: TurnInput =
      session === undefined
        ? { kind: "request", request: message, fingerprint }
        : { kind: "request", request: message, fingerprint, prepare: (now) => acknowledgeSession(state, session, now, this.#limits.idempotencyKeepMs) };
    if (request.session !== undefined) {
      const { number, acknowledged, id } = request.session;
      // A session that was silent for so long that it was forgotten goes on where it says that it was.
      const known = state.sessions.get(id)?.acknowledged ?? acknowledged;
      if (number <= known) return refuse("MK_KEY_REUSED", "this request of the session was answered and acknowledged before");
      if (acknowledged >= number || number - known > sessionWindow) return refuse("MK_KEY_REUSED", "the session's numbers do not fit together");
    }
    const known = state.keys.get(key);
    if (known === undefined) {
      if (state.keys.size >= this.#limits.maxIdempotencyKeys) return refuse("MK_KEYS_FULL", `${state.keys.size} idempotency keys are live`);
      return { kind: "run", input };
    }
    if (known.fingerprint !== fingerprint) return refuse("MK_KEY_REUSED", "this Idempotency-Key was used for another request");
    if (known.outcome !== null) return { kind: "answer", outcome: known.outcome };
    const waiters = this.#waiters.get(key);
    if (waiters === undefined) this.#waiters.set(key, [request.request]);
    else waiters.push(request.request);
    return { kind: "join" };
  }

  /** Everyone in this process who waits for the answer. */
  recipients(answer: Answer): number[] {
    if (answer.key === null) return [answer.request];
    const waiters = this.#waiters.get(answer.key) ?? [];
    this.#waiters.delete(answer.key);
    return [answer.request, ...waiters];
  }
}

function refuse(code: "MK_KEY_REUSED" | "MK_KEYS_FULL", message: string): Admission {
  return { kind: "answer", outcome: { ok: false, error: new MaceKenError(code, message) } };
}

/** The durable key of a request. One name space for a node: the same key with another method is another request, and refused. */
function keyOf(request: ExternalRequest): string | null {
  if (request.session !== undefined) return sessionKey(request.session.id, request.session.number);
  return request.key === undefined ? null : `k ${request.key}`;
}

function sessionKey(id: string, number: number): string {
  return `s ${id} ${number}`;
}

/** Tells keys apart where they are only counted. */
export function digestOfKey(key: string): string {
  scratch.reset();
  scratch.string(key);
  return hash53(scratch.view()).toString(36);
}

/** Of what is asked, without who asks. */
export function fingerprintOf(request: Pick<ExternalRequest, "service" | "method" | "args">): string {
  scratch.reset();
  writeMessageValue(scratch, request.args, "arguments");
  return `${request.service}.${request.method} ${hash53(scratch.view()).toString(36)}`;
}

/** A session that is used moves to the end of its table this often in the time for which it is kept, so that the oldest come first. */
const renewalsWhileKept = 24;

/** Inside a turn: a session's answers up to its acknowledgement are forgotten. */
export function acknowledgeSession(state: NodeState, session: NonNullable<ExternalRequest["session"]>, now: number, keepMs: number): void {
  const { id, acknowledged } = session;
  let known = state.sessions.get(id);
  if (known === undefined || now - known.at > keepMs / renewalsWhileKept) {
    const renewed = new SessionState(now);
    renewed.acknowledged = known?.acknowledged ?? acknowledged;
    state.sessions.delete(id);
    state.sessions.set(id, renewed);
    known = renewed;
  }
  if (acknowledged <= known.acknowledged) return;
  for (let number = known.acknowledged + 1; number <= acknowledged; number++) state.keys.delete(sessionKey(id, number));
  touch(known).acknowledged = acknowledged;
}

/** Of keys and sessions; Infinity when there are none. */
export function oldestKeyAt({ keys, sessions }: NodeState): number {
  return Math.min(keys.values().next().value?.at ?? Infinity, sessions.values().next().value?.at ?? Infinity);
}

/**
 * Inside a system turn: keys, and sessions that are not used, that are older than they are kept; a session up to a renewal longer. Both
 * tables have the oldest first. Answers how many went.
 */
export function expireKeys(state: NodeState, now: number, keepMs: number, most: number): number {
  let gone = 0;
  for (const [key, entry] of state.keys) {
    if (gone >= most || entry.at + keepMs > now) break;
    if (entry.outcome === null) continue;
    state.keys.delete(key);
    gone++;
  }
  for (const [id, session] of state.sessions) {
    if (gone >= most || session.at + keepMs + keepMs / renewalsWhileKept > now) break;
    state.sessions.delete(id);
    gone++;
  }
  return gone;
}
