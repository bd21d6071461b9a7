/**
 * The segments of one log: the current one and where its next frame goes, the closed ones until a snapshot frees them,
 * and the next one in reserve. Syncs nothing of the current segment itself (turn-log.ts does) and reads nothing (recovery
 * does).
 */
import { assert } from "../base/assert.ts";
import { DiskError, pathIn, type Disk, type DiskFile } from "./disk.ts";
import type { DiskWork } from "./disk-work.ts";
import { freeName, segmentName } from "./file-names.ts";
import { alignFrame, frameHeaderBytes } from "./group-format.ts";
import { SegmentReserve, type ReserveOptions } from "./segment-reserve.ts";

export interface CurrentSegment {
  readonly use: number;
  readonly file: DiskFile;
  readonly capacityBytes: number;
  position: number;
  lastGroup: number;
}

export interface ClosedSegment {
  readonly name: string;
  readonly use: number;
  /** The last group in it; 0 when it holds none. */
  readonly lastGroup: number;
  readonly sizeBytes: number;
}

/** Freed segments beyond this are removed: one becomes the next segment, one waits. */
const keepFree = 2;

export class Segments {
  readonly reserve: SegmentReserve;
  readonly #disk: Disk;
  readonly #work: DiskWork;
  readonly #directory: string;
  readonly #segmentBytes: number;
  #current: CurrentSegment;
  #closed: ClosedSegment[];

  constructor(
    disk: Disk,
    work: DiskWork,
    directory: string,
    current: CurrentSegment,
    closed: ClosedSegment[],
    free: string[],
    options: ReserveOptions,
  ) {
    this.#disk = disk;
    this.#work = work;
    this.#directory = directory;
    this.#segmentBytes = options.segmentBytes;
    this.#current = current;
    this.#closed = closed;
    this.reserve = new SegmentReserve(disk, work, directory, free, options);
  }

  get current(): CurrentSegment {
    return this.#current;
  }

  /** Segments that a recovery would read. */
  get count(): number {
    return this.#closed.length + 1;
  }

  /** Bytes that a recovery would read, about. */
  get liveBytes(): number {
    let total = this.#current.position;
    for (const segment of this.#closed) total += segment.sizeBytes;
    return total;
  }

  prepareNext(): void {
    this.reserve.prepare(this.#current.use + 1);
  }

  /**
   * The segment that the next frame goes to: the current one, or a new one when frame and a mark behind it do not fit.
   * Call it only when no group is in flight: so every group of a closed segment is durable. A frame larger than a segment
   * gets one of its own, which it makes longer.
   */
  roomFor(frameBytes: number): CurrentSegment {
    const { position, capacityBytes } = this.#current;
    if (position === 0 || position + alignFrame(frameBytes) + frameHeaderBytes <= capacityBytes) return this.#current;
    const use = this.#current.use + 1;
    const next = this.reserve.take(use);
    assert(next.use === use, "segments are used in the order of their numbers");
    this.#close(this.#current);
    this.#current = { use, file: next.file, capacityBytes: this.#segmentBytes, position: 0, lastGroup: 0 };
    this.prepareNext();
    return this.#current;
  }

  /**
   * Frees every closed segment whose groups all come before `group`. Only after the snapshot that replaces them is
   * durable.
   */
  releaseBefore(group: number): void {
    const kept: ClosedSegment[] = [];
    for (const segment of this.#closed) {
      if (segment.lastGroup >= group) kept.push(segment);
      else this.#release(segment);
    }
    this.#closed = kept;
  }

  stop(): void {
    this.reserve.stop();
    this.#work.close(this.#current.file);
  }

  #close(segment: CurrentSegment): void {
    this.#work.close(segment.file);
    this.#closed.push({
      name: segmentName(segment.use), use: segment.use, lastGroup: segment.lastGroup,
      sizeBytes: Math.max(segment.capacityBytes, segment.position),
    });
  }

  #release(segment: ClosedSegment): void {
    const path = pathIn(this.#directory, segment.name);
    // Only a segment of the usual size is worth keeping: short ones would need filling, long ones hold on to space.
    if (segment.sizeBytes !== this.#segmentBytes || this.reserve.freeCount >= keepFree) {
      this.#work.remove(path);
      return;
    }
    const free = pathIn(this.#directory, freeName(segment.use));
    try {
      this.#disk.rename(path, free);
      this.reserve.addFree(free);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#work.remove(path);
    }
  }
}
