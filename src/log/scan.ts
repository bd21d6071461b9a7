/**
 * The first reading of all segments: feeds a chain with every frame and remembers of each segment what the rest of
 * recovery needs. Changes nothing.
 */
import { closeFile, pathIn, type Disk } from "./disk.ts";
import type { Chain } from "./chain.ts";
import type { LogFiles, NumberedFile } from "./file-names.ts";
import { SegmentWalk, type Frame } from "./segment-walk.ts";

export interface ScannedSegment extends NumberedFile {
  readonly sizeBytes: number;
  /** Where the last whole frame ends; 0 when there is none. */
  readonly usedBytes: number;
  /** The last group in it, of whole frames with entries; 0 when there is none. */
  readonly lastGroup: number;
  /** How many of its groups are in the chain. */
  readonly chainedGroups: number;
  /** The last of them. */
  readonly lastChained: Frame | null;
}

export function scanSegments(disk: Disk, directory: string, salt: number, files: LogFiles, chain: Chain): ScannedSegment[] {
  let buffer: Uint8Array | null = null;
  const scanned: ScannedSegment[] = [];
  for (const { name, number } of files.segments) {
    const { bytes, length } = readSegment(disk, pathIn(directory, name), buffer);
    buffer = bytes;
    const walk = new SegmentWalk(disk, salt, number, bytes, length);
    let usedBytes = 0;
    let lastGroup = 0;
    let chainedGroups = 0;
    let lastChained: Frame | null = null;
    for (let frame = walk.next(); frame !== null; frame = walk.next()) {
      if (frame.whole) {
        usedBytes = Math.min(frame.end, length);
        if (frame.payloadBytes > 0) lastGroup = Math.max(lastGroup, frame.group);
      }
      if (chain.accept(name, frame, walk.skippedFrom)) {
        chainedGroups++;
        lastChained = frame;
      }
    }
    scanned.push({ name, number, sizeBytes: length, usedBytes, lastGroup, chainedGroups, lastChained });
  }
  return scanned;
}

/** The whole file; in `buffer` if that is large enough, otherwise in a new one. */
export function readSegment(disk: Disk, path: string, buffer: Uint8Array | null): { bytes: Uint8Array; length: number } {
  const file = disk.open(path, "read");
  try {
    const size = disk.size(file);
    const bytes = buffer !== null && buffer.length >= size ? buffer : new Uint8Array(size);
    const length = disk.read(file, 0, bytes.length === size ? bytes : bytes.subarray(0, size));
    return { bytes, length };
  } finally {
    closeFile(disk, file);
  }
}
