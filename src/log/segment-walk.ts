/**
 * Walks the frames of one segment held in memory, and finds its way again after bytes that are none.
 * A frame counts only with the segment's own use number and a good header checksum; whether its payload is good too is
 * told beside it, because a torn group's header still proves what was durable before it. Decides nothing: that is
 * chain.ts.
 */
import { DecodeError, Reader } from "../codec/reader.ts";
import type { Disk } from "./disk.ts";
import { alignFrame, frameHeaderBytes, frameMagic, getU32, getU48, type FrameHeader } from "./group-format.ts";
import { damaged } from "./log-error.ts";

const firstMagicByte = frameMagic & 0xff;

export interface Frame extends FrameHeader {
  readonly offset: number;
  /** False when the payload does not fit its checksum or the file. */
  readonly whole: boolean;
  /** Where the next frame would begin. */
  readonly end: number;
  readonly payloadCrc: number;
}

/** What one append gave to the log, and the turn it ended with. */
export interface LogEntry {
  /** A view into the segment's buffer, which it keeps alive. */
  readonly bytes: Uint8Array;
  readonly lastTurn: number;
}

/** A segment in memory: `length` bytes of it, and zeros from there to `sizeBytes`. */
export interface SegmentText {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly sizeBytes: number;
}

export class SegmentWalk {
  readonly #disk: Disk;
  readonly #salt: number;
  readonly #use: number;
  /** Ends where the file begins to be all zeros, or later. */
  bytes: Uint8Array;
  length: number;
  readonly #sizeBytes: number;
  /** Where the next frame is looked for. */
  position = 0;
  /** Where bytes that are no frame began before the frame just returned, or before the end; -1 when there were none. */
  skippedFrom = -1;

  constructor(disk: Disk, salt: number, use: number, { bytes, length, sizeBytes }: SegmentText) {
    this.#disk = disk;
    this.#salt = salt;
    this.#use = use;
    this.bytes = bytes;
    this.length = length;
    this.#sizeBytes = sizeBytes;
  }

  next(): Frame | null {
    const { bytes, length } = this;
    const last = length - frameHeaderBytes;
    this.skippedFrom = -1;
    for (let at = this.position; at <= last; at = this.#candidate(at + 8)) {
      // The use number is compared before the checksum: a recycled segment is full of frames that were good once.
      if (getU32(bytes, at) === frameMagic && getU32(bytes, at + 16) === this.#use) {
        if (this.#disk.crc32(bytes, this.#salt, at + 8, at + frameHeaderBytes) === getU32(bytes, at + 4)) return this.#frame(at);
      }
      if (this.skippedFrom < 0) this.skippedFrom = at;
    }
    if (this.skippedFrom < 0) this.skippedFrom = Math.min(this.position, this.#sizeBytes);
    return null;
  }

  /**
   * The next offset from `at` on where a frame could begin: looked for natively, because a segment in reserve is
   * megabytes of zeros.
   */
  #candidate(at: number): number {
    const { bytes, length } = this;
    while (at < length && bytes[at] !== firstMagicByte) {
      const found = bytes.indexOf(firstMagicByte, at);
      at = found < 0 ? length : alignFrame(found);
    }
    return at;
  }

  #frame(offset: number): Frame {
    const payloadBytes = getU32(this.bytes, offset + 12);
    const payloadCrc = getU32(this.bytes, offset + 8);
    const start = offset + frameHeaderBytes;
    const end = start + payloadBytes;
    if (end > this.length && end <= this.#sizeBytes) this.#extend(end);
    const { bytes } = this;
    const whole = end <= this.length && this.#disk.crc32(bytes, this.#salt, start, end) === payloadCrc;
    // The length of a torn frame is known, but later frames may lie in what it never overwrote.
    this.position = whole ? alignFrame(end) : start;
    return {
      offset, whole, payloadBytes, payloadCrc,
      end: alignFrame(end),
      use: this.#use,
      epoch: getU32(bytes, offset + 20),
      group: getU48(bytes, offset + 24),
      baseTurn: getU48(bytes, offset + 30),
      lastTurn: getU48(bytes, offset + 36),
      durableGroup: getU48(bytes, offset + 42),
    };
  }

  /** For a payload that ends in zeros. */
  #extend(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.length = length;
  }

  /** The appends of a whole frame, from the `skip`-th on. */
  *entries(file: string, frame: Frame, skip = 0): Generator<LogEntry, void> {
    const start = frame.offset + frameHeaderBytes;
    const reader = new Reader(this.bytes, start, start + frame.payloadBytes);
    let lastTurn = frame.baseTurn;
    for (let index = 0; !reader.done; index++) {
      let bytes: Uint8Array;
      try {
        const length = reader.uint();
        lastTurn += reader.uint();
        bytes = reader.raw(length);
      } catch (error) {
        if (error instanceof DecodeError) throw damaged(file, error.offset, "the group's checksum holds but its entries do not");
        throw error;
      }
      if (index >= skip) yield { bytes, lastTurn };
    }
  }
}
