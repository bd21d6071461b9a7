/**
 * The types of the programming model that describe what a service answers: replies, refs, clients, the `messages` table.
 * Types only; nothing here runs. The table is read by turn/dispatch, refs are made in ref.ts.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Address } from "../base/address.ts";
import type { Watch } from "./aspect.ts";

// biome-ignore lint: `any` is what makes a function type accept every function.
type AnyFunction = (...args: any[]) => any;
declare const replyBrand: unique symbol;
declare const deferredBrand: unique symbol;
declare const served: unique symbol;

/**
 * The outcome of a message, on its way. Ignored, the message is one-way; given to `this.turn.when` its outcome comes back
 * as a turn of its own; returned from a handler it is forwarded; stored in a field it keeps its outcome until `when`.
 * PromiseLike for the type checker only: awaiting it throws MK_REPLY_AWAITED.
 */
export interface Reply<out R> extends PromiseLike<R> {
  readonly [replyBrand]: R;
}

/** An answer that comes later: made by `this.turn.deferReply()`, returned by the handler, settled once in a later turn. Persists when stored. */
export interface Deferred<in out R> {
  readonly [deferredBrand]: R;
  /** Errors: MK_DEFERRED_SETTLED when settled before, MK_VALUE_NOT_SENDABLE. */
  resolve(value: R): void;
  reject(error: Error): void;
}

/** What a handler declared as returning R answers: a deferred, forwarded or awaited answer counts as its value. */
export type Answer<R> = R extends Deferred<infer D> ? D : R extends Reply<infer D> ? D : R extends PromiseLike<infer D> ? Answer<D> : R;

type Reserved = "address" | "turn" | "then" | "toJSON" | "born" | "restarted" | "upgraded" | "constructor";
export type MethodName<T> = { [K in keyof T]-?: K extends Reserved ? never : T[K] extends AnyFunction ? K : never }[keyof T] & string;

type ReturnOf<F> = F extends (...args: any) => infer R ? Answer<R> : never;
/** Lazy on purpose: an interface defers ReturnOf<F>, so two services may hold refs to each other without annotations. Public, so that declarations can name it. */
export interface ReplyTo<F> extends Reply<ReturnOf<F>> {}
type Send<F> = F extends (...args: infer A) => any ? (...args: A) => ReplyTo<F> : never;
type Call<F> = F extends (...args: infer A) => any ? (...args: A) => Promise<ReturnOf<F>> : never;

/**
 * A reference to a service, maybe on another node: a value that persists and travels in messages. Each public method of T
 * (class or interface) becomes a send, which leaves when the turn is durable, arrives exactly once and in order.
 * No `as` clause: filtering keys would make refs that know each other infinitely deep. Fields read as never.
 */
export type Ref<T> = { readonly address: Address; readonly [served]?: T } & { readonly [K in keyof T]: K extends Reserved ? unknown : Send<T[K]> };

/** The same methods from outside a node: each a real promise. */
export type Client<T> = { readonly [K in keyof T]: K extends Reserved ? unknown : Call<T[K]> };

/** `class Bank extends Service implements Serves<BankApi>`: the published interface, each answer now, deferred, or forwarded. */
export type Serves<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => R | Deferred<R> | Reply<R> : T[K] };

type Schemas<A extends readonly unknown[]> = { readonly [I in keyof A]: StandardSchemaV1<unknown, A[I]> };

interface Entry<T, A extends readonly unknown[]> {
  /** One Standard Schema a parameter, run before the turn; the handler gets their output. */
  readonly args?: Schemas<A>;
  /** The message is handled when this holds; it may only read. */
  guard?(service: T): boolean;
  /** What happens when the guard does not hold: default "reject". Deferred messages are kept, durable and in order, and tried again when the state changes. */
  readonly otherwise?: "drop" | "reject" | "defer";
  /** Who may call: other nodes, HTTP and clients, or any of them (the default). */
  readonly from?: "peers" | "http" | "any";
}

type IsAsync<R> = 0 extends 1 & R ? false : [R] extends [never] ? false : R extends Reply<any> ? false : R extends PromiseLike<unknown> ? true : false;
type EntryOf<T, F> = F extends (...args: infer A) => infer R
  ? IsAsync<R> extends false
    ? true | Entry<T, A>
    : { MK_TURN_ASYNC: "handlers are synchronous: use this.turn.when or this.turn.deferReply" }
  : never;

/** The tuple of a handler's parameters, taken from its schemas: `transfer(...[from, to, amount]: ArgsOf<typeof transferArgs>)`. */
export type ArgsOf<A extends readonly StandardSchemaV1[]> = { -readonly [I in keyof A]: StandardSchemaV1.InferOutput<A[I]> };

/**
 * What other nodes and clients may call; nothing else is reachable. Every method of Api must be listed; with Api = T every
 * public method must be, so a ref never offers what cannot be reached.
 */
export type Messages<T, Api = T> = { readonly [K in MethodName<Api>]: K extends keyof T ? EntryOf<T, T[K]> : never };

/** An entry as the dispatcher reads it. */
export interface MessageEntry {
  readonly args?: readonly StandardSchemaV1[];
  guard?(service: object): boolean;
  readonly otherwise?: "drop" | "reject" | "defer";
  readonly from?: "peers" | "http" | "any";
}

/** The static side of a service class, as the dispatcher reads it. */
export interface ServiceClass {
  readonly name: string;
  readonly prototype: object;
  readonly messages?: Readonly<Record<string, true | MessageEntry>>;
  readonly aspects?: readonly Watch<object>[];
}
