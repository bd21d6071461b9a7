/**
 * The writing half of recovery: begins a segment of a new use number and epoch, makes its name durable, copies the one group whose
 * durability nothing proves into it, makes that durable, and only then tidies up (K8). Judges nothing: the chain has.
 */
import { assert } from "../base/assert.ts";
import { closeFile, pathIn, type Disk, type DiskFile } from "./disk.ts";
import type { Chain } from "./chain.ts";
import { freeName, segmentName, type LogFiles } from "./file-names.ts";
import { alignFrame, frameHeaderBytes, getU32, sealFrame } from "./group-format.ts";
import { damaged } from "./log-error.ts";
import type { ScannedSegment } from "./scan.ts";
import type { Frame } from "./segment-walk.ts";
import type { ClosedSegment, CurrentSegment } from "./segments.ts";
import { defaultFirstSegmentBytes, defaultSegmentBytes, type TurnLogOptions } from "./turn-log-options.ts";

export interface BegunSegment {
  readonly epoch: number;
  readonly current: CurrentSegment;
  readonly closed: ClosedSegment[];
  readonly free: string[];
}

export function beginSegment(
  disk: Disk,
  options: TurnLogOptions,
  files: LogFiles,
  segments: readonly ScannedSegment[],
  chain: Chain,
): BegunSegment {
  const { directory, salt = 0 } = options;
  const segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
  const firstBytes = Math.min(options.firstSegmentBytes ?? defaultFirstSegmentBytes, segmentBytes);
  // A number never given before: fragments that a crash has left under an older one can never be taken for frames of this
  // one.
  const use = Math.max(0, segments.at(-1)?.number ?? 0, files.free.at(-1)?.number ?? 0) + 1;
  const epoch = chain.epoch + 1;

  const reusable = reusableFiles(directory, files, segments);
  const path = pathIn(directory, segmentName(use));
  const file = openFresh(disk, reusable.shift(), path);
  try {
    const current: CurrentSegment = { use, file, capacityBytes: fill(disk, file, firstBytes), position: 0, lastGroup: 0 };
    // The name first: were the copy to survive a crash that takes the name, the next life would give this number again, and find what this one wrote.
    disk.syncDirectoryNow(directory);
    const tail = segments.findLast((segment) => segment.lastChained !== null);
    if (tail !== undefined && chain.lastGroup > chain.durableGroup) {
      assert(chain.lastGroup === chain.durableGroup + 1, "groups are written one at a time, so only one can be in doubt");
      copyGroup(disk, salt, epoch, current, pathIn(directory, tail.name), tail.lastChained!);
    }
    disk.syncNow(file);

    const closed = segments.filter((segment) => segment.lastGroup > 0).map((segment) => close(disk, directory, segment));
    for (const { name } of files.unfinished) disk.unlink(pathIn(directory, name));
    // One file waits to become the next segment; more than that would only hold space.
    for (const superfluous of reusable.splice(1)) disk.unlink(superfluous);
    return { epoch, current, closed, free: reusable.map((from) => setFree(disk, directory, from)) };
  } catch (error) {
    closeFile(disk, file);
    throw error;
  }
}

/** Files that hold nothing wanted, the largest first: segments in reserve when the node stopped, and free ones. */
function reusableFiles(directory: string, files: LogFiles, segments: readonly ScannedSegment[]): string[] {
  const empty = segments.filter((segment) => segment.usedBytes === 0 || segment.lastGroup === 0);
  empty.sort((a, b) => b.sizeBytes - a.sizeBytes);
  return [...empty, ...files.free].map(({ name }) => pathIn(directory, name));
}

function openFresh(disk: Disk, reuse: string | undefined, path: string): DiskFile {
  if (reuse === undefined) return disk.create(path);
  disk.rename(reuse, path);
  return disk.open(path, "write");
}

/** Makes the file at least `wanted` long: writing inside a file is what makes syncing it fast. Returns its size. */
function fill(disk: Disk, file: DiskFile, wanted: number): number {
  const size = disk.size(file);
  if (size >= wanted) return size;
  disk.write(file, size, new Uint8Array(wanted - size), 0, wanted - size);
  return wanted;
}

function copyGroup(disk: Disk, salt: number, epoch: number, to: CurrentSegment, fromPath: string, frame: Frame): void {
  const length = frameHeaderBytes + frame.payloadBytes;
  const bytes = new Uint8Array(length);
  const from = disk.open(fromPath, "read");
  try {
    const count = disk.read(from, frame.offset, bytes);
    if (count !== length) throw damaged(fromPath, frame.offset, "it was longer a moment ago");
  } finally {
    closeFile(disk, from);
  }
  sealFrame(disk, salt, bytes, { ...frame, use: to.use, epoch });
  // A disk that answers differently the second time must not get its answer sealed as good.
  if (getU32(bytes, 8) !== frame.payloadCrc) throw damaged(fromPath, frame.offset, "it was whole a moment ago and is no more");
  disk.write(to.file, 0, bytes, 0, length);
  to.position = alignFrame(length);
  to.lastGroup = frame.group;
}

/**
 * Lives that end early would each leave a segment mostly empty: what is not used is given back. What is cut off holds no
 * frame.
 */
function close(disk: Disk, directory: string, segment: ScannedSegment): ClosedSegment {
  let { sizeBytes } = segment;
  if (segment.usedBytes * 2 < sizeBytes) {
    const file = disk.open(pathIn(directory, segment.name), "write");
    try {
      disk.truncate(file, segment.usedBytes);
    } finally {
      closeFile(disk, file);
    }
    sizeBytes = segment.usedBytes;
  }
  return { name: segment.name, use: segment.number, lastGroup: segment.lastGroup, sizeBytes };
}

/** A reserve keeps no number of use: the next one is given when it is begun. */
function setFree(disk: Disk, directory: string, path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!name.startsWith("log-")) return path;
  const free = pathIn(directory, freeName(Number(name.slice(4))));
  disk.rename(path, free);
  return free;
}
