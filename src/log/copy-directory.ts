/**
 * A copy of what a recovery would read, into another directory: for backups and restores. Its manifest comes last and says what the
 * copy is; until then a mark says that it is not whole, and nothing takes it for a data directory, whatever interrupts the copying
 * (K8). Of a running node it is a whole prefix of its turns, or found damaged, and to be tried again: files may vanish and be written
 * meanwhile. Judged as a start would judge it. Decides nothing about who may be copied.
 */
import { MaceKenError } from "../base/error.ts";
import { DataDirectory } from "./data-directory.ts";
import { closeFile, pathIn, type Disk } from "./disk.ts";
import { blockName, isLogFile, listLogFiles } from "./file-names.ts";
import { frameHeaderBytes } from "./group-format.ts";
import { damaged } from "./log-error.ts";
import { manifestName, unfinishedName, type Manifest } from "./manifest.ts";
import { readSegment } from "./scan.ts";
import { SegmentWalk } from "./segment-walk.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { verifyLog } from "./verify.ts";

export interface CopyOptions {
  readonly from: string;
  /** Exists, and holds nothing, or what `clearUnfinished` has left. */
  readonly to: string;
  readonly salt: number;
  /** Other rooms' files, which are copied as they are. */
  readonly also: readonly string[];
  /** The manifest of the copy, whose last turn is this. */
  manifest(turn: number): Manifest;
}

export interface Copied {
  readonly turn: number;
  readonly bytes: number;
}

const pieceBytes = 1024 * 1024;

/** Durable on return. Errors: MK_LOG_DAMAGED; a DiskError when a file has vanished meanwhile, or the disk fails. */
export function copyDirectory(disk: Disk, { from, to, salt, also, manifest }: CopyOptions): Copied {
  disk.makeDirectory(to);
  const mark = pathIn(to, unfinishedName);
  if (disk.kind(mark) === null) closeFile(disk, disk.create(mark));
  disk.syncDirectoryNow(to);
  let bytes = 0;
  const { segments, snapshots } = listLogFiles(disk, from);
  // The newest segment first: what is older is complete by then, and what comes later is left out.
  for (const { name, number } of segments.toReversed()) bytes += copySegment(disk, from, to, name, number, salt);
  const names = [...also];
  for (const { name, number } of snapshots.slice(-1)) names.push(name, ...new SnapshotReader(disk, from, number, salt).blocks.map(blockName));
  for (const name of names) bytes += copyFile(disk, pathIn(from, name), pathIn(to, name));
  const { problem, lastTurn } = verifyLog(disk, to, salt);
  if (problem !== null) throw problem;
  if (lastTurn === 0) throw damaged("log", 0, "there is no turn in it");
  disk.syncDirectoryNow(to);
  const whole = manifest(lastTurn);
  new DataDirectory(disk, to, whole, true).replace(whole);
  disk.unlink(mark);
  disk.syncDirectoryNow(to);
  return { turn: lastTurn, bytes };
}

/** Whether the directory holds a copy that was interrupted: of no use, and safe to clear. */
export function isUnfinished(disk: Disk, directory: string): boolean {
  return disk.kind(pathIn(directory, unfinishedName)) !== null && disk.kind(pathIn(directory, manifestName)) === null;
}

/** Removes what an interrupted copy has left, its manifest first; its mark stays. */
export function clearUnfinished(disk: Disk, directory: string, also: readonly string[]): void {
  if (disk.kind(pathIn(directory, manifestName)) !== null) disk.unlink(pathIn(directory, manifestName));
  for (const name of disk.list(directory)) if (isLogFile(name) || also.includes(name) || name === `${manifestName}.tmp`) disk.unlink(pathIn(directory, name));
}

/** Its frames, without the reserve behind them. The header of a torn one too: it tells what was durable before it. */
function copySegment(disk: Disk, from: string, to: string, name: string, use: number, salt: number): number {
  const walk = new SegmentWalk(disk, salt, use, readSegment(disk, pathIn(from, name), null));
  let length = 0;
  for (let frame = walk.next(); frame !== null; frame = walk.next()) length = Math.max(length, frame.whole ? frame.end : frame.offset + frameHeaderBytes);
  // In reserve.
  if (walk.length === 0) return 0;
  // A layout that is not known shows no frames, and is to be refused for what it is.
  if (length === 0) length = walk.length;
  const bytes = new Uint8Array(length);
  bytes.set(walk.bytes.subarray(0, Math.min(length, walk.length)));
  write(disk, pathIn(to, name), [bytes]);
  return length;
}

function copyFile(disk: Disk, from: string, to: string): number {
  const file = disk.open(from, "read");
  try {
    const size = disk.size(file);
    write(disk, to, pieces());
    return size;
    function* pieces(): Iterable<Uint8Array> {
      for (let at = 0; at < size; at += pieceBytes) {
        const piece = new Uint8Array(Math.min(pieceBytes, size - at));
        if (disk.read(file, at, piece) !== piece.length) throw new MaceKenError("MK_LOG_READ_FAILED", `${from} became shorter while it was read`);
        yield piece;
      }
    }
  } finally {
    closeFile(disk, file);
  }
}

function write(disk: Disk, path: string, pieces: Iterable<Uint8Array>): void {
  const file = disk.create(path);
  try {
    let at = 0;
    for (const piece of pieces) {
      disk.write(file, at, piece, 0, piece.length);
      at += piece.length;
    }
    disk.syncNow(file);
  } finally {
    closeFile(disk, file);
  }
}
