/**
 * What a kernel asks of its driver. Each effect may be performed at once, in list order: whatever has to wait for
 * durability has waited inside (K2). The bytes of `append` are a view that is valid until the next step.
 */
import type { Outcome } from "../base/rejection.ts";

export type KernelEffect =
  /** Checkpoint records of the turns up to `turn`: append them to the log; say `durable` when they are. */
  | { readonly kind: "append"; readonly bytes: Uint8Array; readonly turn: number }
  /**
   * Frames with their lengths, to be written to the connection at once; the bytes are the driver's to keep. Say `congested` when
   * the transport would take no more for now, and `drained` when it does again; with `more`, `drained` is owed in any case.
   */
  | { readonly kind: "transmit"; readonly connection: number; readonly bytes: Uint8Array; readonly more: boolean }
  /** The other side has greeted properly: its frames may be this long. */
  | { readonly kind: "admit"; readonly connection: number; readonly maxFrameBytes: number }
  /**
   * Keep the bytes as the block of that number, which is new, and say `blockWritten`. Durable only when a snapshot that names the block
   * is installed. The bytes are the driver's to keep.
   */
  | { readonly kind: "writeBlock"; readonly block: number; readonly bytes: Uint8Array }
  /** Read the block and say `blockRead`. */
  | { readonly kind: "readBlock"; readonly block: number }
  /** The kernel needs the block no more; a recovery may, until no snapshot names it. */
  | { readonly kind: "dropBlock"; readonly block: number }
  /** Do not read the connection until `resume`. What was read already is passed on. */
  | { readonly kind: "pause"; readonly connection: number }
  | { readonly kind: "resume"; readonly connection: number }
  | { readonly kind: "close"; readonly connection: number }
  /** Open a connection to the configured address of the peer, after the delay. */
  | { readonly kind: "dial"; readonly peer: string; readonly delayMs: number }
  /** The outcome of an external request or an operation. */
  | { readonly kind: "answer"; readonly request: number; readonly outcome: Outcome<unknown> }
  /** Run an outside effect: at least once, with this key at each try. */
  | { readonly kind: "outside"; readonly key: string; readonly name: string; readonly args: readonly unknown[] }
  /** Step with a tick no later than this many ms from now. */
  | { readonly kind: "alarm"; readonly afterMs: number }
  /** Step with a tick as soon as other inputs had their chance: turns are waiting. */
  | { readonly kind: "again" }
  | { readonly kind: "note"; readonly note: Note };

/** Something for people and metrics; nothing depends on it. */
export interface Note {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly code?: string;
  readonly fields?: object;
}
