/**
 * What a handler may ask of the turn it runs in (`this.turn`), as types, and the one slot that says which turn runs now.
 * The turn room fills the slot; refs and services read it. Using it outside a turn is MK_NO_TURN.
 */
import type { Address } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Answer, Deferred, Reply } from "./messages.ts";

/** A durable timer. Persists when stored; fires once, also after a restart; late at most, never early. */
export interface Timer {
  cancel(): void;
  /** When it is due, in ms of `this.turn.now()`. */
  readonly dueAt: number;
}

/** The platform's AbortSignal where its types are there; the pure rooms do not have them. */
type PlatformAbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : { readonly aborted: boolean };

export interface EffectContext {
  /** The same at every try of this effect, also after a crash; different for every other effect. */
  readonly idempotencyKey: string;
  readonly signal: PlatformAbortSignal;
}

// biome-ignore lint: `any` lets each effect declare its own tuple.
export type Outside = { readonly [name: string]: (args: any, context: EffectContext) => unknown };
type EffectArgs<F> = F extends (args: infer A, context: EffectContext) => unknown ? (A extends readonly unknown[] ? A : never) : never;
type EffectResult<F> = F extends (...args: any[]) => infer R ? Awaited<R> : never;

/** Who caused the turn: a peer (authenticated), an HTTP request, a client, a timer, the service itself, or birth. */
export type Sender = { readonly kind: "node" | "http" | "client" | "timer" | "self" | "birth"; readonly name?: string; readonly key?: string };

export interface TurnLog {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** One reserved member, so that no domain word is taken from the user. */
export interface Turn<O extends Outside> {
  /** Milliseconds since 1970 by the node's clock, the same during the whole turn; never goes back within a node. */
  now(): number;
  /** 0 <= x < 1. */
  random(): number;
  readonly sender: Sender;
  /** Notes to the node's log; not gated, not undone. */
  readonly log: TurnLog;
  /** The reply's outcome comes as a turn of its own to `method` of this service, followed by `context`, which stays in the heap by reference. */
  when<R, C extends unknown[]>(reply: Reply<R>, method: (outcome: Outcome<NoInfer<R>>, ...context: C) => void | undefined, ...context: NoInfer<C>): void;
  /** A durable timer: `method(...args)` runs as a turn, once, at least `delayMs` from now. */
  schedule<A extends unknown[]>(method: (...args: A) => void | undefined, delayMs: number, ...args: NoInfer<A>): Timer;
  /** The same every `periodMs` (at least 1); periods missed while the node was down are joined into one, the phase is kept. */
  every<A extends unknown[]>(method: (...args: A) => void | undefined, periodMs: number, ...args: NoInfer<A>): Timer;
  /** A message to this service itself: a turn of its own, with copies of the arguments. */
  send<A extends unknown[], R>(method: (...args: A) => R, ...args: NoInfer<A>): Reply<Answer<R>>;
  /** Returned by the handler, it answers later. */
  deferReply<R = never>(): Deferred<R>;
  /** Runs an effect after the turn is durable: at least once, with the same idempotency key at each try. */
  outside<K extends keyof O & string>(effect: K, ...args: EffectArgs<O[K]>): Reply<EffectResult<O[K]>>;
}

/** What the running turn offers to refs and services. */
export interface RunningTurn {
  send(address: Address, method: string, args: readonly unknown[]): Reply<unknown>;
  addressOf(service: object): Address;
  facadeOf(service: object): Turn<Outside>;
}

let running: RunningTurn | undefined;

export function setRunningTurn(turn: RunningTurn | undefined): void {
  running = turn;
}

export function isRunning(turn: RunningTurn): boolean {
  return running === turn;
}

export function runningTurn(what: string): RunningTurn {
  if (running === undefined) throw new MaceKenError("MK_NO_TURN", `${what} was used while no turn runs`);
  return running;
}
