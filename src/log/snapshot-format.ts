/**
 * The bytes of a snapshot file: a beginning, chunks, the blocks it needs, an end, each behind its own header and checksum; and of a
 * block's file, which is one such piece. Layout in
 * docs/internals/log-format.md. The checksum covers snapshot number, piece number and kind, so a piece out of place is as
 * bad as a flipped bit.
 */
import type { Disk } from "./disk.ts";
import { getU32, getU48, putU32, putU48 } from "./group-format.ts";

/** "MKS1" */
export const pieceMagic = 0x31534b4d;
export const pieceHeaderBytes = 24;
export const beginBytes = 16;
export const endBytes = 22;

export const pieceKinds = { begin: 1, chunk: 2, end: 3, blocks: 4, block: 5 } as const;
export type PieceKind = (typeof pieceKinds)[keyof typeof pieceKinds];

/** Where in the log a snapshot stands: before the `skip`-th append of `group`. */
export interface SnapshotPosition {
  readonly atTurn: number;
  readonly group: number;
  readonly skip: number;
}

/** What the end of a snapshot says of it and of the log at that time. */
export interface SnapshotEnd {
  readonly chunks: number;
  readonly totalBytes: number;
  readonly durableGroup: number;
  readonly durableTurn: number;
}

export interface PieceHeader {
  readonly sequence: number;
  readonly index: number;
  readonly kind: number;
  readonly payloadBytes: number;
}

/** The header of a piece; its checksum runs over the rest of the header and then the payload. */
export function pieceHeader(disk: Disk, salt: number, header: PieceHeader, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(pieceHeaderBytes);
  putU32(bytes, 0, pieceMagic);
  putU32(bytes, 8, header.sequence);
  putU32(bytes, 12, header.index);
  putU32(bytes, 16, header.kind);
  putU32(bytes, 20, header.payloadBytes);
  putU32(bytes, 4, pieceCrc(disk, salt, bytes, payload));
  return bytes;
}

export function pieceCrc(disk: Disk, salt: number, header: Uint8Array, payload: Uint8Array): number {
  return disk.crc32(payload, disk.crc32(header, salt, 8, pieceHeaderBytes), 0, payload.length);
}

export function encodeBegin(position: SnapshotPosition): Uint8Array {
  const bytes = new Uint8Array(beginBytes);
  putU48(bytes, 0, position.atTurn);
  putU48(bytes, 6, position.group);
  putU32(bytes, 12, position.skip);
  return bytes;
}

export function decodeBegin(bytes: Uint8Array): SnapshotPosition {
  return { atTurn: getU48(bytes, 0), group: getU48(bytes, 6), skip: getU32(bytes, 12) };
}

export function encodeEnd(end: SnapshotEnd): Uint8Array {
  const bytes = new Uint8Array(endBytes);
  putU32(bytes, 0, end.chunks);
  putU48(bytes, 4, end.totalBytes);
  putU48(bytes, 10, end.durableGroup);
  putU48(bytes, 16, end.durableTurn);
  return bytes;
}

export function decodeEnd(bytes: Uint8Array): SnapshotEnd {
  return { chunks: getU32(bytes, 0), totalBytes: getU48(bytes, 4), durableGroup: getU48(bytes, 10), durableTurn: getU48(bytes, 16) };
}

/** The numbers of the blocks that a snapshot needs; their count comes last, so that the piece can be found from its end. */
export function encodeBlocks(blocks: ReadonlySet<number>): Uint8Array {
  const bytes = new Uint8Array(blocks.size * 6 + blocksTailBytes);
  let at = 0;
  for (const block of blocks) {
    putU48(bytes, at, block);
    at += 6;
  }
  putU32(bytes, at, blocks.size);
  return bytes;
}

export const blocksTailBytes = 4;

export function blocksBytes(count: number): number {
  return count * 6 + blocksTailBytes;
}

export function decodeBlocks(bytes: Uint8Array): number[] {
  const blocks: number[] = [];
  for (let at = 0; at + 6 <= bytes.length; at += 6) blocks.push(getU48(bytes, at));
  return blocks;
}
