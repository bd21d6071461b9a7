/**
 * Reads a snapshot: its two ends at once, its chunks one after another as they are asked for, each checked before it is
 * handed out. A snapshot gets its name only when it is whole and durable, so whatever is wrong with one is damage, never
 * a crash (K1).
 */
import type { Disk, DiskFile } from "./disk.ts";
import { closeFile, pathIn } from "./disk.ts";
import { snapshotName } from "./file-names.ts";
import { getU32 } from "./group-format.ts";
import { damaged, demandLayout, withLogErrors } from "./log-error.ts";
import {
  beginBytes, blocksBytes, blocksTailBytes, decodeBegin, decodeBlocks, decodeEnd, endBytes, pieceCrc, pieceHeaderBytes, pieceKinds, pieceMagic,
  type PieceKind, type SnapshotEnd, type SnapshotPosition,
} from "./snapshot-format.ts";

export class SnapshotReader {
  readonly position: SnapshotPosition;
  readonly end: SnapshotEnd;
  readonly sizeBytes: number;
  /** The blocks of messages that it needs. */
  readonly blocks: readonly number[];
  /** Where its chunks end. */
  readonly #chunksEnd: number;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #name: string;
  readonly #sequence: number;
  readonly #salt: number;

  constructor(disk: Disk, directory: string, sequence: number, salt: number) {
    this.#disk = disk;
    this.#name = snapshotName(sequence);
    this.#path = pathIn(directory, this.#name);
    this.#sequence = sequence;
    this.#salt = salt;
    const file = disk.open(this.#path, "read");
    try {
      this.sizeBytes = disk.size(file);
      this.#demandLayout(file);
      this.position = decodeBegin(this.#piece(file, 0, 0, pieceKinds.begin, beginBytes));
      const endAt = this.sizeBytes - pieceHeaderBytes - endBytes;
      const index = this.#indexAt(file, endAt);
      this.end = decodeEnd(this.#piece(file, endAt, index, pieceKinds.end, endBytes));
      const hasBlocks = index === this.end.chunks + 2;
      if (!hasBlocks && index !== this.end.chunks + 1) throw damaged(this.#name, endAt, "the count of chunks is wrong");
      this.#chunksEnd = hasBlocks ? this.#blocksAt(file, endAt) : endAt;
      this.blocks = hasBlocks ? decodeBlocks(this.#piece(file, this.#chunksEnd, index - 1, pieceKinds.blocks, null)) : [];
    } finally {
      closeFile(disk, file);
    }
  }

  /** The turn the snapshot was taken at. */
  get atTurn(): number {
    return this.position.atTurn;
  }

  /**
   * The chunks as they were written, each in a buffer of its own. Throws MK_LOG_DAMAGED at the first that is not as it
   * was.
   */
  *chunks(): Generator<Uint8Array, void> {
    const disk = this.#disk;
    const file = withLogErrors(() => disk.open(this.#path, "read"));
    try {
      let at = pieceHeaderBytes + beginBytes;
      let total = 0;
      for (let index = 1; index <= this.end.chunks; index++) {
        const chunk = withLogErrors(() => this.#piece(file, at, index, pieceKinds.chunk, null));
        at += pieceHeaderBytes + chunk.length;
        total += chunk.length;
        yield chunk;
      }
      if (at !== this.#chunksEnd || total !== this.end.totalBytes) throw damaged(this.#name, at, "there is something behind the chunks");
    } finally {
      closeFile(disk, file);
    }
  }

  #demandLayout(file: DiskFile): void {
    if (this.sizeBytes < pieceHeaderBytes + beginBytes) return;
    const bytes = this.#read(file, 0, pieceHeaderBytes + beginBytes);
    const header = bytes.subarray(0, pieceHeaderBytes);
    demandLayout(this.#name, header, pieceMagic, () => pieceCrc(this.#disk, this.#salt, header, bytes.subarray(pieceHeaderBytes)) === getU32(header, 4));
  }

  #blocksAt(file: DiskFile, endAt: number): number {
    const tailAt = endAt - blocksTailBytes;
    if (tailAt < 0) throw damaged(this.#name, endAt, "it is too short");
    const at = endAt - pieceHeaderBytes - blocksBytes(getU32(this.#read(file, tailAt, blocksTailBytes), 0));
    if (at < 0) throw damaged(this.#name, tailAt, "it names more blocks than it can");
    return at;
  }

  #indexAt(file: DiskFile, at: number): number {
    if (at < 0) throw damaged(this.#name, 0, "it is too short");
    return getU32(this.#read(file, at, pieceHeaderBytes), 12);
  }

  #piece(file: DiskFile, at: number, index: number, kind: PieceKind, length: number | null): Uint8Array {
    const header = this.#read(file, at, pieceHeaderBytes);
    const payloadBytes = getU32(header, 20);
    // The length is believed only as far as the file reaches: a flipped bit must not allocate gigabytes.
    const fits = at + pieceHeaderBytes + payloadBytes <= this.sizeBytes && (length === null || length === payloadBytes);
    if (!fits || getU32(header, 0) !== pieceMagic) throw damaged(this.#name, at, "no piece of a snapshot begins here");
    const payload = this.#read(file, at + pieceHeaderBytes, payloadBytes);
    const crc = pieceCrc(this.#disk, this.#salt, header, payload);
    if (getU32(header, 4) !== crc) throw damaged(this.#name, at, "the checksum of a piece is wrong");
    const expected = getU32(header, 8) === this.#sequence && getU32(header, 12) === index && getU32(header, 16) === kind;
    if (!expected) throw damaged(this.#name, at, "a piece is out of place");
    return payload;
  }

  #read(file: DiskFile, at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (this.#disk.read(file, at, bytes) !== length) throw damaged(this.#name, at, "the file ends early");
    return bytes;
  }
}
