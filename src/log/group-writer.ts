/**
 * Puts groups and marks into the current segment: chooses the place, seals the frame, writes it with one write. Syncs
 * nothing and reports nothing (turn-log.ts). Throws DiskErrors as they come.
 */
import { assert } from "../base/assert.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { GroupBuffer } from "./group-buffer.ts";
import { alignFrame, frameHeaderBytes, sealFrame } from "./group-format.ts";
import type { CurrentSegment, Segments } from "./segments.ts";
import type { TurnLogCounters } from "./turn-log-options.ts";

/** A group that is written and not yet known durable. */
export interface Flight {
  readonly group: number;
  readonly lastTurn: number;
  readonly startedMs: number;
  /** What a sync must cover. */
  readonly file: DiskFile;
}

export class GroupWriter {
  readonly #disk: Disk;
  readonly #salt: number;
  readonly #epoch: number;
  readonly #segments: Segments;
  readonly #counters: TurnLogCounters;
  readonly #markBytes = new Uint8Array(frameHeaderBytes);
  /** The last group handed to the disk. */
  lastGroup: number;

  constructor(disk: Disk, salt: number, epoch: number, segments: Segments, lastGroup: number, counters: TurnLogCounters) {
    this.#disk = disk;
    this.#salt = salt;
    this.#epoch = epoch;
    this.#segments = segments;
    this.lastGroup = lastGroup;
    this.#counters = counters;
  }

  /** Writes the pending group and empties the buffer. */
  writeGroup(pending: GroupBuffer, durableGroup: number): Flight {
    assert(durableGroup === this.lastGroup, "one group at a time");
    const startedMs = this.#disk.nowMs();
    const length = pending.frameBytes;
    const segment = this.#segments.roomFor(length);
    const group = this.lastGroup + 1;
    sealFrame(this.#disk, this.#salt, pending.bytes, {
      use: segment.use,
      epoch: this.#epoch,
      group,
      baseTurn: pending.baseTurn,
      lastTurn: pending.lastTurn,
      durableGroup,
      payloadBytes: length - frameHeaderBytes,
    });
    this.#write(segment, pending.bytes, length);
    pending.reset();
    segment.lastGroup = group;
    this.lastGroup = group;
    this.#counters.groups++;
    return { group, lastTurn: pending.lastTurn, startedMs, file: segment.file };
  }

  /** Writes a frame without entries that says up to where the log is durable. */
  writeMark(durableGroup: number, durableTurn: number): void {
    const segment = this.#segments.current;
    sealFrame(this.#disk, this.#salt, this.#markBytes, {
      use: segment.use,
      epoch: this.#epoch,
      group: durableGroup,
      baseTurn: durableTurn,
      lastTurn: durableTurn,
      durableGroup,
      payloadBytes: 0,
    });
    this.#write(segment, this.#markBytes, frameHeaderBytes);
    this.#counters.marks++;
  }

  #write(segment: CurrentSegment, bytes: Uint8Array, length: number): void {
    this.#disk.write(segment.file, segment.position, bytes, 0, length);
    segment.position = alignFrame(segment.position + length);
    this.#counters.bytesWritten += length;
  }
}
