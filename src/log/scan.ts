/**
 * The first reading of all segments: feeds a chain with every frame and remembers of each segment what the rest of
 * recovery needs. Changes nothing.
 */
import { closeFile, pathIn, type Disk, type DiskFile } from "./disk.ts";
import type { Chain } from "./chain.ts";
import type { LogFiles, NumberedFile } from "./file-names.ts";
import { frameHeaderBytes, frameMagic, getU32 } from "./group-format.ts";
import { demandLayout } from "./log-error.ts";
import { SegmentWalk, type Frame, type SegmentText } from "./segment-walk.ts";

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
    const text = readSegment(disk, pathIn(directory, name), buffer);
    buffer = text.bytes;
    demandSegmentLayout(disk, salt, name, text);
    const walk = new SegmentWalk(disk, salt, number, text);
    let usedBytes = 0;
    let lastGroup = 0;
    let chainedGroups = 0;
    let lastChained: Frame | null = null;
    for (let frame = walk.next(); frame !== null; frame = walk.next()) {
      if (frame.whole) {
        usedBytes = Math.min(frame.end, text.sizeBytes);
        if (frame.payloadBytes > 0) lastGroup = Math.max(lastGroup, frame.group);
      }
      if (chain.accept(name, frame, walk.skippedFrom)) {
        chainedGroups++;
        lastChained = frame;
      }
    }
    scanned.push({ name, number, sizeBytes: text.sizeBytes, usedBytes, lastGroup, chainedGroups, lastChained });
  }
  return scanned;
}

/**
 * The file up to its last byte that is not zero; in `buffer` if that is large enough, otherwise in a new one. A segment in
 * reserve is megabytes of zeros, and a start that gave them memory would spend most of its time there.
 */
export function readSegment(disk: Disk, path: string, buffer: Uint8Array | null): SegmentText {
  const file = disk.open(path, "read");
  try {
    const sizeBytes = disk.size(file);
    // A header may end in zeros; payloads that do are left to the walk.
    const length = Math.min(sizeBytes, withoutTrailingZeros(disk, file, sizeBytes) + frameHeaderBytes);
    const bytes = buffer !== null && buffer.length >= length ? buffer : new Uint8Array(length);
    return { bytes, length: disk.read(file, 0, bytes.subarray(0, length)), sizeBytes };
  } finally {
    closeFile(disk, file);
  }
}

/** A segment begins with a frame. Errors: MK_DIRECTORY_FORMAT. */
export function demandSegmentLayout(disk: Disk, salt: number, name: string, { bytes, length }: SegmentText): void {
  if (length < frameHeaderBytes) return;
  demandLayout(name, bytes, frameMagic, () => disk.crc32(bytes, salt, 8, frameHeaderBytes) === getU32(bytes, 4));
}

const windowBytes = 128 * 1024;

function withoutTrailingZeros(disk: Disk, file: DiskFile, sizeBytes: number): number {
  const buffer = new Uint8Array(Math.min(windowBytes, sizeBytes));
  for (let end = sizeBytes; end > 0; ) {
    const start = Math.max(0, end - windowBytes);
    const window = buffer.subarray(0, end - start);
    let used = disk.read(file, start, window);
    if (!disk.zeros(window.subarray(0, used))) {
      while (window[used - 1] === 0) used--;
      return start + used;
    }
    end = start;
  }
  return 0;
}
