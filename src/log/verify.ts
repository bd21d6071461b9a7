/**
 * Reads everything in a data directory's log and says what it found, file by file, without changing anything: for
 * `maceken verify` and `maceken log`. Judges by the same chain as recovery, so what it calls damaged is what a start
 * would refuse. Salts come from the manifest.
 */
import { MaceKenError } from "../base/error.ts";
import { closeFile, pathIn, type Disk } from "./disk.ts";
import { Chain } from "./chain.ts";
import { blockName, listLogFiles, type LogFiles } from "./file-names.ts";
import { frameMagic, getU32 } from "./group-format.ts";
import { withLogErrors } from "./log-error.ts";
import { readBlock } from "./outbox-blocks.ts";
import { anchorOf } from "./recover.ts";
import { demandSegmentLayout, readSegment } from "./scan.ts";
import { SegmentWalk, type Frame, type LogEntry } from "./segment-walk.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

export interface FileReport {
  readonly name: string;
  readonly kind: "segment" | "snapshot" | "free" | "unfinished" | "outbox";
  readonly sizeBytes: number;
  /** Bytes up to the end of the last good group or mark. */
  usedBytes: number;
  groups: number;
  marks: number;
  /** Appends in a segment, chunks in a snapshot. */
  records: number;
  /** The last turn in it; null when there is none. */
  lastTurn: number | null;
  /** The first thing that is wrong or unfinished here; not always damage: the report's own `problem` says that. */
  remark: string | null;
}

export interface LogReport {
  readonly files: readonly FileReport[];
  readonly lastTurn: number;
  readonly lastGroup: number;
  /** Something on disk proves that the last group was durable; otherwise damage to it would look like a torn write. */
  readonly lastGroupProved: boolean;
  /** What a start would be refused for, or null. */
  readonly problem: MaceKenError | null;
}

/** One group or mark on disk. */
export interface GroupReport extends Frame {
  readonly file: string;
  readonly mark: boolean;
  /**
   * It belongs to the sequence that recovery reads; otherwise it is a mark, replaced by the snapshot, a copy, or torn.
   */
  readonly current: boolean;
  /** As recovery reads them: without those of the first group that the snapshot stands for. Empty when the group is torn. */
  entries(): Iterable<LogEntry>;
}

/** Of a node that works meanwhile: its files come and go, so what looks wrong is looked at again while they do. */
const mostTries = 10;

export function verifyLog(disk: Disk, directory: string, salt = 0): LogReport {
  for (let tries = 1; ; tries++) {
    const before = namesIn(disk, directory);
    const isSettled = (): boolean => tries === mostTries || namesIn(disk, directory) === before;
    try {
      const report = verifyOnce(disk, directory, salt);
      if (report.problem === null || isSettled()) return report;
    } catch (error) {
      if (!(error instanceof MaceKenError) || isSettled()) throw error;
    }
  }
}

function namesIn(disk: Disk, directory: string): string {
  return withLogErrors(() => disk.list(directory)).join("\n");
}

function verifyOnce(disk: Disk, directory: string, salt: number): LogReport {
  const files: FileReport[] = [];
  let problem: MaceKenError | null = null;
  const attempt = (file: FileReport, action: () => void): void => {
    try {
      withLogErrors(action);
    } catch (error) {
      if (!(error instanceof MaceKenError)) throw error;
      file.remark ??= error.message;
      problem ??= error;
    }
  };
  const listed = withLogErrors(() => listLogFiles(disk, directory));
  let snapshot: SnapshotReader | null = null;
  for (const { name, number } of listed.snapshots) {
    const report = emptyReport(disk, directory, name, "snapshot");
    files.push(report);
    attempt(report, () => {
      const reader = new SnapshotReader(disk, directory, number, salt);
      snapshot = reader;
      report.lastTurn = reader.atTurn;
      for (const _ of reader.chunks()) report.records++;
      report.usedBytes = report.sizeBytes;
    });
  }
  const chain = new Chain(anchorOf(snapshot), listed.segments[0]?.name ?? "log");
  for (const { name, number } of listed.segments) {
    const report = emptyReport(disk, directory, name, "segment");
    files.push(report);
    attempt(report, () => readInto(report, disk, directory, number, salt, chain));
  }
  checkBlocks(disk, directory, salt, listed, snapshot, files, attempt);
  for (const { name } of listed.free) files.push(emptyReport(disk, directory, name, "free"));
  for (const { name } of listed.unfinished) files.push(emptyReport(disk, directory, name, "unfinished"));
  problem ??= chain.damage();
  const { lastTurn, lastGroup } = chain;
  return { files, lastTurn, lastGroup, lastGroupProved: chain.durableGroup >= lastGroup, problem };
}

/** Every group and mark on disk, in the order of files and offsets; views are valid until the next file is reached. */
export function* groupsOf(disk: Disk, directory: string, salt = 0): Generator<GroupReport, void> {
  const listed = withLogErrors(() => listLogFiles(disk, directory));
  const newest = listed.snapshots.at(-1);
  const snapshot = newest === undefined ? null : withLogErrors(() => new SnapshotReader(disk, directory, newest.number, salt));
  const anchor = anchorOf(snapshot);
  const chain = new Chain(anchor, listed.segments[0]?.name ?? "log");
  for (const { name, number } of listed.segments) {
    const walk = new SegmentWalk(disk, salt, number, withLogErrors(() => readSegment(disk, pathIn(directory, name), null)));
    for (let frame = walk.next(); frame !== null; frame = walk.next()) {
      const found = frame;
      const mark = found.payloadBytes === 0;
      yield {
        ...found, file: name, mark,
        current: chain.accept(name, found, walk.skippedFrom),
        entries: () => (found.whole && !mark ? walk.entries(name, found, found.group === anchor.group + 1 ? (snapshot?.position.skip ?? 0) : 0) : []),
      };
    }
  }
}

/** Those that the snapshot names must be there and whole; a recovery removes the others. */
function checkBlocks(
  disk: Disk, directory: string, salt: number, listed: LogFiles, snapshot: SnapshotReader | null, files: FileReport[], attempt: (file: FileReport, action: () => void) => void,
): void {
  const named = new Set(snapshot?.blocks ?? []);
  for (const { name, number } of listed.blocks) {
    const report = emptyReport(disk, directory, name, "outbox");
    files.push(report);
    if (named.delete(number)) {
      attempt(report, () => {
        report.usedBytes = readBlock(disk, directory, salt, number).length;
        report.records = 1;
      });
    } else report.remark = "no snapshot names it: what it holds is in the log";
  }
  for (const number of named) {
    const report: FileReport = { name: blockName(number), kind: "outbox", sizeBytes: 0, usedBytes: 0, groups: 0, marks: 0, records: 0, lastTurn: null, remark: null };
    files.push(report);
    attempt(report, () => void readBlock(disk, directory, salt, number));
  }
}

function readInto(report: FileReport, disk: Disk, directory: string, use: number, salt: number, chain: Chain): void {
  const text = readSegment(disk, pathIn(directory, report.name), null);
  demandSegmentLayout(disk, salt, report.name, text);
  const walk = new SegmentWalk(disk, salt, use, text);
  let frame = walk.next();
  for (; frame !== null; frame = walk.next()) {
    if (walk.skippedFrom >= 0) report.remark ??= `no frame at byte ${walk.skippedFrom}, but one at byte ${frame.offset}`;
    if (!frame.whole) report.remark ??= `group ${frame.group} at byte ${frame.offset} is torn`;
    else {
      report.usedBytes = Math.min(frame.end, text.sizeBytes);
      if (frame.payloadBytes === 0) report.marks++;
      else {
        report.groups++;
        for (const _ of walk.entries(report.name, frame)) report.records++;
        report.lastTurn = frame.lastTurn;
      }
    }
    chain.accept(report.name, frame, walk.skippedFrom);
  }
  const tail = walk.skippedFrom;
  if (tail + 20 <= walk.length && getU32(walk.bytes, tail) === frameMagic && getU32(walk.bytes, tail + 16) === use) {
    report.remark ??= `an unfinished write at byte ${tail}`;
  }
}

function emptyReport(disk: Disk, directory: string, name: string, kind: FileReport["kind"]): FileReport {
  const sizeBytes = withLogErrors(() => {
    const file = disk.open(pathIn(directory, name), "read");
    try {
      return disk.size(file);
    } finally {
      closeFile(disk, file);
    }
  });
  return { name, kind, sizeBytes, usedBytes: 0, groups: 0, marks: 0, records: 0, lastTurn: null, remark: null };
}
