/**
 * One node of the simulated world: its process, if it lives, its disk, reduced to "appended" and "durable", and what came out of it. What
 * happens to it is in kernel-world.ts.
 */
import { Queue } from "../base/queue.ts";
import type { Outcome } from "../base/rejection.ts";
import type { KernelEffect, Note } from "../kernel/kernel-effect.ts";
import type { KernelInput } from "../kernel/kernel-input.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { KernelLimits } from "../kernel/kernel-options.ts";
import type { KernelSnapshot } from "../kernel/recovery.ts";
import type { AppDefinition } from "../service/app.ts";
import type { LoggedDisk } from "./logged-disk.ts";
import type { MemoryDisk } from "./memory-disk.ts";

export interface Append {
  readonly bytes: Uint8Array;
  readonly turn: number;
}

export interface SimulatedNodeOptions {
  readonly app: AppDefinition;
  readonly dials: readonly string[];
  readonly limits?: Partial<KernelLimits>;
  /** The real turn log in place of "appended" and "durable". */
  readonly logged?: LoggedDisk;
}

/** An input on its way to the node, not before `dueAt`. */
export interface Arrival {
  readonly input: KernelInput;
  readonly dueAt: number;
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
  /** When the disk has done the next of what it is asked for; Infinity while nobody has counted. */
  diskReadyAt = Infinity;
  /** A snapshot under way, and when its next slice comes. */
  taking: { readonly snapshot: KernelSnapshot; readonly chunks: Uint8Array[]; sliceAt: number } | undefined;
  /** The last turn that was durable when the process died. */
  provenTurn = 0;
  /** In the order in which they were sent. */
  readonly arrivals: Arrival[] = [];
  readonly effects = new Queue<KernelEffect>();
  readonly answers = new Map<number, Outcome<unknown>[]>();
  readonly notes: Note[] = [];
  /** Effects run outside, by key, in order of their tries. */
  readonly outside: { readonly key: string; readonly name: string; readonly args: readonly unknown[] }[] = [];
  alarmAt = Infinity;
  again = false;
  /** Monotonic clocks begin anew with each process. */
  startedAt = 0;
  /** What its wall clock is wrong by. */
  wallOffsetMs = 0;
  crashes = 0;
  /** What a crash in the middle of an operation of its disk leaves, and that its log has failed. */
  dying: DiskOutcome | undefined;
  hasFailed = false;
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

/**
 * What is left of appended, unsynced records after a crash: how many of them, in order. With a turn log also what becomes of its disk;
 * "all" is then all operations, "process" the death of the process alone.
 */
export type DiskOutcome = "none" | "all" | "first" | "process" | number | ((disk: MemoryDisk) => MemoryDisk);

export function durableTurn({ durable, snapshot, options: { logged } }: SimulatedNode): number {
  if (logged !== undefined) return logged.durableTurn;
  return durable.at(-1)?.turn ?? snapshot?.turn ?? 0;
}

/** How many of `count` unsynced appends are left. */
export function keptAppends(outcome: DiskOutcome, count: number): number {
  if (outcome === "none" || typeof outcome === "function") return 0;
  if (outcome === "first") return Math.min(1, count);
  return typeof outcome === "number" ? Math.min(outcome, count) : count;
}
