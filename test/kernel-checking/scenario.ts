/** What a run consists of: nodes, and what clients and the world around them do. Data; nothing runs here. */
import type { KernelLimits } from "#maceken/kernel/kernel-options.js";
import type { Order } from "./worker.ts";

export type Doing =
  | Order
  /** Goes on when nothing is left to do anywhere. */
  | { readonly kind: "wait" }
  /** Time passes. */
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "down" | "up"; readonly node: string }
  /** A node loses its disk; its data are copied; go on from the copy in a new life; are put back as they were, which nobody may do. */
  | { readonly kind: "rebirth" | "backup" | "restore" | "old"; readonly node: string }
  | { readonly kind: "forget"; readonly node: string; readonly peer: string }
  /** A client asks again what was answered long ago. */
  | { readonly kind: "repeat"; readonly item: string };

export interface ClientScript {
  readonly node: string;
  readonly doings: readonly Doing[];
  /** With a key of its own for each request unless it says otherwise; "none": asks once, and never again. */
  readonly keys?: "each" | "session" | "none";
  /** Asks everything twice at the same time. */
  readonly twice?: boolean;
}

export interface NodeScript {
  readonly name: string;
  readonly dials: readonly string[];
  readonly limits?: Partial<KernelLimits>;
  /** A snapshot begins after this many turns. */
  readonly snapshotEvery?: number;
}

export interface Scenario {
  readonly name: string;
  readonly nodes: readonly NodeScript[];
  readonly clients: readonly ClientScript[];
  /** How often an item's handler fails, or ends its process, before it does what it is to do. */
  readonly trouble?: Readonly<Record<string, number>>;
  /** Deferred messages run in the order in which they were sent. */
  readonly lateInOrder?: boolean;
  /** Frames that the transport loses, repeats or makes up; the connection must not survive it, the conversation must. */
  readonly badTransport?: boolean;
  /** The wall clock is set, back or forth, whenever a process starts. */
  readonly badClock?: boolean;
  /** Nodes lose their past: what must hold then is in lives.ts. */
  readonly lives?: boolean;
  /** Disks take their time, so that much is executed that is not durable; or only for files whose names contain this. */
  readonly slowDisk?: "all" | "outbox-" | "snapshot-" | "log-";
  /** From one slice of a snapshot to the next: turns run meanwhile. */
  readonly sliceEveryMs?: number;
  /** So many blocks of messages find no room at first. */
  readonly scarceBlocks?: number;
  /** Syncs of the turn log fail now and then. */
  readonly badDisk?: boolean;
  /** Longest virtual time that the end may take to become quiet. */
  readonly quietMs?: number;
}

/** All of these nodes dial each other. */
export function mesh(names: string, options: Omit<NodeScript, "name" | "dials"> = {}): NodeScript[] {
  return [...names].map((name) => ({ name, dials: [...names].filter((other) => other !== name), ...options }));
}

/** Every turn a record of its own, so that there is a boundary between any two. */
export const oneByOne = { turnsPerStep: 1, deathsBeforeParked: 1000, retryDelaysMs: [1, 2, 3] } as const;
