/**
 * What a turn consumes and what it gives out. A turn has one input; its outputs are collected while it runs and belong to
 * it: they leave when it is durable (K2), or not at all when it is undone.
 */
import type { Outcome } from "../base/rejection.ts";
import type { DeferredRequest, RequestMessage, TimerState } from "./node-state.ts";

export type TurnInput =
  | { readonly kind: "request"; readonly request: RequestMessage; readonly fingerprint?: string; /** Runs in the turn that consumes the request. */ prepare?(now: number): void }
  /** The outcome of a call to another node. */
  | { readonly kind: "outcome"; readonly call: number; readonly outcome: Outcome<unknown>; readonly node: string }
  | { readonly kind: "local"; readonly id: number }
  | { readonly kind: "deferred"; readonly id: number; readonly request: DeferredRequest }
  | { readonly kind: "timer"; readonly id: number }
  | { readonly kind: "effect"; readonly key: string; readonly outcome: Outcome<unknown> }
  /** A system turn: `run` writes the system's own tables. */
  | { readonly kind: "system"; readonly what: string; run(): void }
  /** A peer's message that could not be read, or a note that a one-way message failed: consumed, nothing runs. */
  | { readonly kind: "nothing"; readonly what: string };

export interface OutgoingMessage {
  readonly node: string;
  readonly payload: Uint8Array;
}

export interface Answer {
  readonly request: number;
  readonly key: string | null;
  readonly outcome: Outcome<unknown>;
}

/** Everything a turn gives out, beside its patch. */
export class TurnOutputs {
  readonly messages: OutgoingMessage[] = [];
  readonly answers: Answer[] = [];
  readonly timers: TimerState[] = [];
  readonly localIds: number[] = [];
  readonly deferredIds: number[] = [];
  readonly effectKeys: string[] = [];
  readonly notes: { readonly level: "info" | "warn" | "error"; readonly message: string; readonly fields: object | undefined }[] = [];

  get isEmpty(): boolean {
    return this.messages.length + this.timers.length + this.localIds.length + this.deferredIds.length + this.effectKeys.length === 0;
  }
}
