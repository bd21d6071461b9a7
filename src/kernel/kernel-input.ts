/**
 * What a kernel is told. Every input comes with the time (kernel-clock.ts); the driver adds nothing of its own.
 */
import type { Outcome } from "../base/rejection.ts";

export type KernelInput =
  /**
   * A connection stands. `peer`: this side dialled that peer; undefined: it came in. `key`: the fingerprint that the other side has
   * proved; empty where the transport proves nothing.
   */
  | { readonly kind: "opened"; readonly connection: number; readonly peer?: string; readonly key: string }
  /** Whole frames of a connection, in order, without their lengths. They are read before the step returns. */
  | { readonly kind: "frames"; readonly connection: number; readonly frames: readonly Uint8Array[] }
  /** The transport would rather not take more for this connection until `drained`. */
  | { readonly kind: "congested"; readonly connection: number }
  | { readonly kind: "drained"; readonly connection: number }
  | { readonly kind: "closed"; readonly connection: number }
  | { readonly kind: "dialFailed"; readonly peer: string; readonly reason: string }
  /** The block is written; false: there was no room for it. */
  | { readonly kind: "blockWritten"; readonly block: number; readonly isKept: boolean }
  /** The bytes of a block, as they were written; the kernel's to keep. */
  | { readonly kind: "blockRead"; readonly block: number; readonly bytes: Uint8Array }
  /** Before a snapshot, until the kernel says that it is light: what waits for peers goes out into blocks, one at a time. */
  | { readonly kind: "lighten" }
  /** The log is durable up to this turn. */
  | { readonly kind: "durable"; readonly turn: number }
  /** A request from outside: HTTP or a client in this process. */
  | ExternalRequest
  /** An outside effect ended, well or badly. */
  | { readonly kind: "effectDone"; readonly key: string; readonly outcome: Outcome<unknown> }
  /** The alarm rang, or turns were left over from the last step. */
  | { readonly kind: "tick" }
  /** The operator's: dead letters, peers. */
  | { readonly kind: "operate"; readonly request: number; readonly operation: Operation };

export interface ExternalRequest {
  readonly kind: "request";
  readonly request: number;
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly via: "http" | "client";
  /** Exactly once per key. */
  readonly key?: string;
  /** The session of a client: `number` takes the place of a key, everything up to `acknowledged` may be forgotten. */
  readonly session?: { readonly id: string; readonly number: number; readonly acknowledged: number };
}

export type Operation =
  | { readonly kind: "retryDeadLetter"; readonly id: number }
  | { readonly kind: "dropDeadLetter"; readonly id: number }
  | { readonly kind: "forgetPeer"; readonly peer: string };
