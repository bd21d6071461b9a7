/**
 * Opens a turn log: reads what is there, tells a torn tail from damage, makes the tail durable anew, and hands back the
 * newest snapshot, the appends after it, and a log that goes on from there. A group that only the page cache may still
 * hold is copied into a fresh segment and synced with the directory before this returns, because a sync of its old place
 * could succeed without writing it (an earlier failed sync leaves pages that count as clean). Nothing is cut or removed
 * before that. Every step leaves what the next recovery needs, so a crash in the middle, however often, changes nothing
 * (K8). Reading is done twice: once here to find the end, once by the caller, segment by segment; nothing is held in
 * memory as a whole.
 */
import { pathIn, type Disk } from "./disk.ts";
import { Chain, type ChainAnchor } from "./chain.ts";
import { beginSegment } from "./fresh-segment.ts";
import { listLogFiles, type LogFiles } from "./file-names.ts";
import { damaged, withLogErrors } from "./log-error.ts";
import { blockSizes } from "./outbox-blocks.ts";
import { readSegment, scanSegments, type ScannedSegment } from "./scan.ts";
import { SegmentWalk, type LogEntry } from "./segment-walk.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { TurnLog } from "./turn-log.ts";
import type { TurnLogOptions } from "./turn-log-options.ts";

export interface OpenLogOptions extends TurnLogOptions {
  /** True when the data directory says that durable turns exist: an empty log is then damage, not a birth. */
  readonly born?: boolean;
}

/** A log that was read and not yet changed: a start that is refused for what the log says leaves it as it was. */
export interface ExaminedLog {
  readonly snapshot: SnapshotReader | null;
  /** The appends after the snapshot, in order; to be read before anything is appended. */
  readonly records: Iterable<LogEntry>;
  /** The last turn; all up to it are durable once the log is begun. */
  readonly lastTurn: number;
  /** Up to this turn the log itself proves that all was durable while it was written: a death came after that. */
  readonly provenTurn: number;
  /** Nothing was ever made durable here: the node is to be born. */
  readonly empty: boolean;
  /** The writing half of recovery, once. Whoever calls back through `options` may do so from now on. */
  begin(): TurnLog;
}

export interface OpenedLog extends Omit<ExaminedLog, "begin"> {
  readonly log: TurnLog;
}

export function openTurnLog(disk: Disk, options: OpenLogOptions): OpenedLog {
  const { begin, ...found } = examineTurnLog(disk, options);
  return { ...found, log: begin() };
}

/** Reads and judges; changes nothing. */
export function examineTurnLog(disk: Disk, options: OpenLogOptions): ExaminedLog {
  return withLogErrors(() => examine(disk, options));
}

function examine(disk: Disk, options: OpenLogOptions): ExaminedLog {
  const { directory, salt = 0 } = options;
  const files = listLogFiles(disk, directory);
  const newest = files.snapshots.at(-1);
  const snapshot = newest === undefined ? null : new SnapshotReader(disk, directory, newest.number, salt);
  const anchor = anchorOf(snapshot);
  const chain = new Chain(anchor, files.segments[0]?.name ?? "log");
  const segments = scanSegments(disk, directory, salt, files, chain);
  const damage = chain.damage();
  if (damage !== null) throw damage;
  const empty = snapshot === null && chain.lastGroup === 0;
  if (empty && options.born === true) throw damaged("log", 0, "the node was born, but its log is empty");
  const lastTurn = Math.max(chain.lastTurn, snapshot?.atTurn ?? 0);

  const blocks = blockSizes(disk, directory, snapshot?.blocks ?? []);

  const begin = (): TurnLog => {
    const begun = beginSegment(disk, options, files, segments, chain);
    const log = new TurnLog(disk, options, {
      ...begun,
      lastGroup: chain.lastGroup,
      lastTurn,
      snapshots: files.snapshots.map((file) => file.name),
      snapshotSequence: lastSequence(files),
      snapshotBytes: snapshot?.end.totalBytes ?? 0,
      blocks,
    });
    // No snapshot names them: what they hold is in the log.
    for (const { name, number } of files.blocks) if (!blocks.has(number)) disk.unlink(pathIn(directory, name));
    log.markDurable();
    if (log.failure !== null) throw log.failure;
    return log;
  };
  const last = chain.lastGroup;
  const records: Iterable<LogEntry> = {
    [Symbol.iterator]: () => replay(disk, directory, salt, segments, anchor, last, snapshot?.position.skip ?? 0),
  };
  return { snapshot, records, lastTurn, provenTurn: chain.provenTurn, empty, begin: () => withLogErrors(begin) };
}

export function anchorOf(snapshot: SnapshotReader | null): ChainAnchor {
  if (snapshot === null) return { group: 0, turn: 0, durableGroup: 0 };
  return { group: snapshot.position.group - 1, turn: snapshot.end.durableTurn, durableGroup: snapshot.end.durableGroup };
}

function lastSequence(files: LogFiles): number {
  return Math.max(0, files.snapshots.at(-1)?.number ?? 0, files.unfinished.at(-1)?.number ?? 0);
}

/** The appends of groups (anchor, last], read segment by segment. */
function* replay(
  disk: Disk,
  directory: string,
  salt: number,
  segments: readonly ScannedSegment[],
  anchor: ChainAnchor,
  last: number,
  skip: number,
): Generator<LogEntry, void> {
  let group = anchor.group;
  for (const segment of segments) {
    if (segment.chainedGroups === 0 || group === last) continue;
    const text = withLogErrors(() => readSegment(disk, pathIn(directory, segment.name), null));
    const walk = new SegmentWalk(disk, salt, segment.number, text);
    for (let frame = walk.next(); frame !== null && group < last; frame = walk.next()) {
      if (!frame.whole || frame.payloadBytes === 0 || frame.group !== group + 1) continue;
      group++;
      yield* walk.entries(segment.name, frame, group === anchor.group + 1 ? skip : 0);
    }
  }
  if (group === last) return;
  throw damaged(segments.at(-1)!.name, 0, `group ${group + 1} was there a moment ago and is no more`);
}
