/**
 * When a snapshot begins and how fast it is written, so that the files have a bound (docs/internals/log-format.md, "How much space"). With S
 * the size of a snapshot, the log since the last one began reaches about 2 S before the next one begins, and grows by at most about S
 * while that is written. Does not write or time anything: the driver does.
 */
export interface SnapshotPolicy {
  /** A shorter log is not worth a snapshot. */
  readonly atLeastBytes: number;
  /** Every life begins a segment of its own, so many short lives would leave many; so many more than the log's bytes need. */
  readonly spareSegments: number;
  /** How far the log may run ahead of a snapshot under way before that is written without regard to pauses. */
  readonly aheadBytes: number;
  /** Blocks of messages that only the last snapshot keeps from being removed are worth one. */
  readonly droppedBytes: number;
}

export const defaultSnapshotPolicy: SnapshotPolicy = { atLeastBytes: 16 * 1024 * 1024, spareSegments: 16, aheadBytes: 32 * 1024 * 1024, droppedBytes: 64 * 1024 * 1024 };

export interface LogSize {
  readonly liveBytes: number;
  readonly liveSegments: number;
  readonly segmentBytes: number;
  readonly snapshotBytes: number;
  readonly blocks: { readonly droppedBytes: number };
}

export function isSnapshotDue({ liveBytes, liveSegments, segmentBytes, snapshotBytes, blocks }: LogSize, policy: SnapshotPolicy): boolean {
  if (liveBytes >= Math.max(policy.atLeastBytes, 2 * snapshotBytes)) return true;
  if (blocks.droppedBytes >= Math.max(policy.droppedBytes, snapshotBytes)) return true;
  return liveSegments - Math.floor(liveBytes / segmentBytes) >= policy.spareSegments;
}

/** `logBytes` since the snapshot began, `writtenBytes` of it so far. */
export function isBehind(logBytes: number, writtenBytes: number, policy: SnapshotPolicy): boolean {
  return logBytes > writtenBytes + policy.aheadBytes;
}
