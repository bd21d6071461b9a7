/**
 * One node of the simulated world: its process, if it lives, its disk, reduced to "appended" and "durable", and what came out of it. What
 * happens to it is in kernel-world.ts.
 */
import { Queue } from "../base/queue.ts";
import type { Outcome } from "../base/rejection.ts";
import type { KernelEffect, Note } from "../kernel/kernel-effect.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { KernelLimits } from "../kernel/kernel-options.ts";
import type { KernelSnapshot } from "../kernel/recovery.ts";
import type { AppDefinition } from "../service/app.ts";

export interface Append {
  readonly bytes: Uint8Array;
  readonly turn: number;
}

export interface SimulatedNodeOptions {
  readonly app: AppDefinition;
  readonly dials: readonly string[];
  readonly limits?: Partial<KernelLimits>;
}

export class SimulatedNode {
  readonly name: string;
  readonly options: SimulatedNodeOptions;
  kernel: Kernel | undefined;
  /** What is durable, and what was appended since. */
  readonly durable: Append[] = [];
  readonly unsynced: Append[] = [];
  snapshot: { readonly turn: number; readonly chunks: readonly Uint8Array[]; readonly blocks: ReadonlySet<number> } | undefined;
  /** Blocks of messages, and whether there is room for more. */
  readonly blocks = new Map<number, Uint8Array>();
  readonly dropped = new Set<number>();
  hasRoomForBlocks = true;
  syncing = false;
  /** A snapshot under way. */
  taking: { readonly snapshot: KernelSnapshot; readonly chunks: Uint8Array[] } | undefined;
  /** The last turn that was durable when the process died. */
  provenTurn = 0;
  readonly effects = new Queue<KernelEffect>();
  readonly answers = new Map<number, Outcome<unknown>[]>();
  readonly notes: Note[] = [];
  /** Effects run outside, by key, in order of their tries. */
  readonly outside: { readonly key: string; readonly name: string; readonly args: readonly unknown[] }[] = [];
  alarmAt = Infinity;
  again = false;
  /** Monotonic clocks begin anew with each process. */
  startedAt = 0;
  crashes = 0;
  /** Incarnations given so far. */
  lives = 0;
  syncs = 0;
  /** Connections that are not read. */
  readonly paused = new Set<number>();
  /** After a crash nobody starts it but who calls `start`. */
  staysDown = false;
  /** Its data were restored: the incarnation in which they go on. */
  restoredAs: string | undefined;

  constructor(name: string, options: SimulatedNodeOptions) {
    this.name = name;
    this.options = options;
  }
}

/** What lies on a node's disk, as a copy of it would. */
export interface DiskCopy {
  readonly durable: readonly Append[];
  readonly snapshot: SimulatedNode["snapshot"];
  readonly blocks: ReadonlyMap<number, Uint8Array>;
  readonly restoredAs: string | undefined;
}

/** What is left of appended, unsynced records after a crash. */
export type DiskOutcome = "none" | "all" | "first";

export function durableTurn({ durable, snapshot }: SimulatedNode): number {
  return durable.at(-1)?.turn ?? snapshot?.turn ?? 0;
}
