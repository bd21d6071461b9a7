/**
 * What a turn log is given and what it counts: its options with their defaults, its starting point, its counters.
 */
import type { MaceKenError } from "../base/error.ts";
import type { ClosedSegment, CurrentSegment } from "./segments.ts";
import type { SyncPolicy } from "./sync-policy.ts";

export const defaultSegmentBytes = 8 * 1024 * 1024;
export const defaultFirstSegmentBytes = 1024 * 1024;
export const defaultSliceBytes = 128 * 1024;

export interface TurnLogOptions {
  readonly directory: string;
  /** Everything appended up to this turn is durable. May be called from within `flush`. */
  onDurable(lastTurn: number): void;
  /** The log has stopped for ever: nothing more becomes durable. Called once, possibly from within another call. */
  onFailed(error: MaceKenError): void;
  /** `reserved` changed: while it is false the driver holds new inputs back. */
  onReserved?(reserved: boolean): void;
  /**
   * A number of this directory alone, mixed into every checksum: frames of another log, or made up by a sender, are none
   * here.
   */
  readonly salt: number;
  /** Default 8 MiB. */
  readonly segmentBytes?: number;
  /** How much of a first segment is filled before the node can start; default 1 MiB. */
  readonly firstSegmentBytes?: number;
  /** How much of the next segment is filled at a time; default 128 KiB. */
  readonly sliceBytes?: number;
  readonly syncPolicy?: SyncPolicy;
}

export interface TurnLogCounters {
  groups: number;
  /** Syncs of groups. */
  syncs: number;
  blockingSyncs: number;
  /** Appends. */
  records: number;
  marks: number;
  /** Of groups and marks, headers included. */
  bytesWritten: number;
  snapshots: number;
}

export function noCounts(): TurnLogCounters {
  return { groups: 0, syncs: 0, blockingSyncs: 0, records: 0, marks: 0, bytesWritten: 0, snapshots: 0 };
}

/** What recovery found, and where the log goes on. */
export interface TurnLogStart {
  readonly epoch: number;
  /** The last group; durable. */
  readonly lastGroup: number;
  readonly lastTurn: number;
  readonly current: CurrentSegment;
  readonly closed: ClosedSegment[];
  readonly free: string[];
  /** Names of the snapshots there are, the newest last. */
  readonly snapshots: string[];
  readonly snapshotSequence: number;
  /** Of the newest one, 0 without. */
  readonly snapshotBytes: number;
  /** The blocks of messages that it names, with their sizes. */
  readonly blocks: ReadonlyMap<number, number>;
}
