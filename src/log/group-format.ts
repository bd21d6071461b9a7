/**
 * The bytes of a frame in a segment: a group of appends, or a mark without any. The layout is specified in
 * docs/internals/log-format.md. The header's checksum covers segment use, group number and recovery epoch, so that a
 * group left over in a recycled segment, or one that recovery has cut, is never taken for a current one, wherever it lies
 * (K1). Does no I/O but for the disk's checksum.
 */
import { assert } from "../base/assert.ts";
import type { Disk } from "./disk.ts";

/** "MKG1": the digit is the version of this layout. */
export const frameMagic = 0x31474b4d;
export const frameHeaderBytes = 48;
const largestU48 = 2 ** 48 - 1;

export interface FrameHeader {
  /** The number in the segment's name: how many segments were begun before it, plus one. */
  readonly use: number;
  /** Counts recoveries that wrote something. */
  readonly epoch: number;
  /** The group's number, counted without gaps from 1; for a mark the number of the last group. */
  readonly group: number;
  /** The turn before the first append of this group. */
  readonly baseTurn: number;
  readonly lastTurn: number;
  /** Every group up to this one was durable before this frame was written. */
  readonly durableGroup: number;
  readonly payloadBytes: number;
}

/** Frames begin at multiples of eight bytes, which makes looking for one cheap. */
export function alignFrame(offset: number): number {
  return offset + 7 - ((offset + 7) % 8);
}

/** Fills in the header in bytes[0, 48) of a frame whose payload follows it. */
export function sealFrame(disk: Disk, salt: number, bytes: Uint8Array, header: FrameHeader): void {
  const { payloadBytes } = header;
  assert(payloadBytes < 2 ** 31, "a group of 2 GiB or more");
  putU32(bytes, 0, frameMagic);
  putU32(bytes, 8, disk.crc32(bytes, salt, frameHeaderBytes, frameHeaderBytes + payloadBytes));
  putU32(bytes, 12, payloadBytes);
  putU32(bytes, 16, header.use);
  putU32(bytes, 20, header.epoch);
  putU48(bytes, 24, header.group);
  putU48(bytes, 30, header.baseTurn);
  putU48(bytes, 36, header.lastTurn);
  putU48(bytes, 42, header.durableGroup);
  putU32(bytes, 4, disk.crc32(bytes, salt, 8, frameHeaderBytes));
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function putU48(bytes: Uint8Array, at: number, value: number): void {
  assert(value >= 0 && value <= largestU48, "a number beyond 48 bits");
  putU32(bytes, at, value % 2 ** 32);
  const high = Math.floor(value / 2 ** 32);
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
}

export function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function getU48(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * 2 ** 32;
}
