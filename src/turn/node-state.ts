/**
 * The root of a node's heap: its services and everything durable that the programming model keeps beside them (timers,
 * calls that wait, messages to itself, deferred messages, effects, idempotency keys, dead letters).
 * These classes live in the user's heap and persist like the user's objects; because this file is not compiled, every
 * write to them outside this room's helpers goes through `touch`.
 */
import { MaceKenError } from "../base/error.ts";
import { Rejection, type Outcome } from "../base/rejection.ts";
import { touch } from "../heap/barrier.ts";
import { registerClass } from "../heap/class-registry.ts";
import type { Heap } from "../heap/heap.ts";
import type { Origin } from "./origin.ts";
import type { Sender } from "../service/turn-context.ts";

export class NodeState {
  /** The app's version that last ran. */
  version: number;
  /** Made at birth or restore; a restart keeps it. */
  incarnation: string;
  /** Of peers whose channel began anew; not there while there are none. */
  declare histories?: Map<string, PeerHistory>;
  readonly services = new Map<string, object>();
  readonly timers = new Map<number, TimerState>();
  /** Calls whose outcome somebody waits for: a continuation or a forward. Stored replies are found in the user's objects. */
  readonly calls = new Map<number, ReplyState>();
  /** Messages of this node to itself, by number, to be run in that order. */
  readonly local = new Map<number, LocalMessage>();
  /** Requests whose guard said "later", by number. */
  readonly deferred = new Map<number, DeferredRequest>();
  readonly effects = new Map<string, EffectState>();
  readonly keys = new Map<string, KeyState>();
  readonly sessions = new Map<string, SessionState>();
  readonly dead = new Map<number, DeadLetter>();

  constructor(version: number, incarnation: string) {
    this.version = version;
    this.incarnation = incarnation;
  }
}

/** What is kept of a peer beside its channel once that has begun anew. */
export class PeerHistory {
  /** What this node is called towards the peer since it was told to forget it; empty: as towards everybody. */
  incarnation = "";
  /** The peer's incarnations that have ended, the last ones: no peer comes back in one of them but on older data. */
  ended: readonly string[] = [];
  /** How often the channel has begun anew: what was asked before is not answered after. */
  begun = 0;
}

/** In a turn: the history of a peer, which it has from now on. */
export function demandHistory(state: NodeState, peer: string): PeerHistory {
  let { histories } = state;
  if (histories === undefined) touch(state).histories = histories = new Map();
  let history = histories.get(peer);
  if (history === undefined) histories.set(peer, (history = new PeerHistory()));
  return history;
}

/** The run-time form of Reply. */
export class ReplyState {
  readonly call: number;
  outcome: Outcome<unknown> | null = null;
  /** Set once: a continuation (service and method) or a forward. */
  service: object | null = null;
  method = "";
  context: readonly unknown[] = [];
  forward: Origin | null = null;
  /** The node that was called; empty for this node itself and for effects. */
  readonly node: string;
  /** What the call was, for people. */
  readonly what: string;

  constructor(call: number, node: string, what: string) {
    this.call = call;
    this.node = node;
    this.what = what;
  }

  get claimed(): boolean {
    return this.service !== null || this.forward !== null;
  }

  // biome-ignore lint: `then` is what await looks for; it must say what to write instead.
  then(): never {
    throw new MaceKenError("MK_REPLY_AWAITED", `the reply to ${this.what} was awaited`);
  }
}

/** The run-time form of Deferred. Its methods are made by the running turn (running-turn.ts). */
export class DeferredState {
  readonly origin: Origin;
  settled = false;

  constructor(origin: Origin) {
    this.origin = origin;
  }

  resolve(value: unknown): void {
    settle(this, { ok: true, value });
  }

  reject(error: Error): void {
    settle(this, { ok: false, error: error instanceof Rejection || error instanceof MaceKenError ? error : new Rejection(error.message) });
  }
}

export class TimerState {
  readonly id: number;
  readonly service: object;
  readonly method: string;
  readonly args: readonly unknown[];
  dueAt: number;
  /** 0 for a timer that fires once. */
  readonly periodMs: number;

  constructor(id: number, service: object, method: string, args: readonly unknown[], dueAt: number, periodMs: number) {
    this.id = id;
    this.service = service;
    this.method = method;
    this.args = args;
    this.dueAt = dueAt;
    this.periodMs = periodMs;
  }

  cancel(): void {
    cancelTimer(this);
  }
}

export interface RequestMessage {
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly origin: Origin;
  readonly sender: Sender;
}

/** A message of the node to itself: a request, or the outcome of a local call or of a reply that had arrived before its `when`. */
export type LocalMessage = { readonly request: RequestMessage } | { readonly call: number; readonly outcome: Outcome<unknown> };

export type DeferredRequest = RequestMessage;

export class EffectState {
  readonly key: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** 0 when nobody waits for the outcome. */
  readonly call: number;

  constructor(key: string, name: string, args: readonly unknown[], call: number) {
    this.key = key;
    this.name = name;
    this.args = args;
    this.call = call;
  }
}

/** An idempotency key: what it is bound to, and the answer once there is one. */
export class KeyState {
  readonly fingerprint: string;
  readonly at: number;
  outcome: Outcome<unknown> | null = null;

  constructor(fingerprint: string, at: number) {
    this.fingerprint = fingerprint;
    this.at = at;
  }
}

/** A client's session: numbers up to `acknowledged` were answered and forgotten. */
export class SessionState {
  acknowledged = 0;
  at: number;

  constructor(at: number) {
    this.at = at;
  }
}

export class DeadLetter {
  readonly at: number;
  /** What would have run, for people and for `dead retry`. */
  readonly input: unknown;
  readonly error: string;
  readonly attempts: number;

  constructor(at: number, input: unknown, error: string, attempts: number) {
    this.at = at;
    this.input = input;
    this.error = error;
    this.attempts = attempts;
  }
}

for (const [name, type] of Object.entries({
  NodeState, PeerHistory, ReplyState, DeferredState, TimerState, EffectState, KeyState, SessionState, DeadLetter, Rejection, MaceKenError,
})) registerClass(type as never, `maceken#${name}`);

/** System tables are read by key only, which makes undoing a delete cheap. Said at birth and after each recovery. */
export function declareTables(heap: Heap, state: NodeState): void {
  for (const table of [state.timers, state.calls, state.local, state.deferred, state.effects, state.keys, state.sessions, state.dead]) heap.declareUnordered(table);
}

// What deferred replies and timers do needs the running turn, which is above these data: it puts its functions here.
let settle: (deferred: DeferredState, outcome: Outcome<unknown>) => void;
let cancelTimer: (timer: TimerState) => void;

export function installStateMethods(methods: { settle: typeof settle; cancelTimer: typeof cancelTimer }): void {
  settle = methods.settle;
  cancelTimer = methods.cancelTimer;
}

export function claim(reply: ReplyState, by: { service: object; method: string; context: readonly unknown[] } | { forward: Origin }): void {
  if (reply.claimed) throw new MaceKenError("MK_REPLY_USED", `the reply to ${reply.what} has a continuation already`);
  const written = touch(reply);
  if ("forward" in by) written.forward = by.forward;
  else {
    written.service = by.service;
    written.method = by.method;
    written.context = by.context;
  }
}
