/**
 * Blocks of messages that wait for peers, a file each, beside the log. Their content is in the log as well until a snapshot that names
 * them is installed, so a block becomes durable only for that, in the background; one that no snapshot names is worth nothing to a
 * recovery, which removes it. A block that a snapshot names is kept until a snapshot without it is durable (K1, K6, K8).
 */
import { closeFile, DiskError, isSpaceError, pathIn, type Disk, type DiskFile } from "./disk.ts";
import type { DiskWork } from "./disk-work.ts";
import { blockName } from "./file-names.ts";
import { getU32 } from "./group-format.ts";
import { damaged, withLogErrors } from "./log-error.ts";
import { pieceCrc, pieceHeader, pieceHeaderBytes, pieceKinds, pieceMagic } from "./snapshot-format.ts";

interface Kept {
  readonly bytes: number;
  isDurable: boolean;
  isDropped: boolean;
}

export interface OutboxBlocksOptions {
  readonly directory: string;
  readonly salt: number;
  /** A write or a sync that failed, but for want of space. */
  onFailed(error: DiskError): void;
}

export class OutboxBlocks {
  readonly #disk: Disk;
  readonly #work: DiskWork;
  readonly #options: OutboxBlocksOptions;
  readonly #kept = new Map<number, Kept>();
  /** Those of the snapshot that a recovery would begin with. */
  #named: ReadonlySet<number>;
  #snapshotUnderWay = false;
  #waiting: { readonly blocks: ReadonlySet<number>; readonly made: number; readonly callback: () => void } | undefined;
  /** Files made so far, and how many of them had been when a sync of the directory began that has succeeded, or is under way. */
  #made = 0;
  #madeDurable = 0;
  #syncingDirectory = false;
  /** The log has failed: which snapshot the next recovery finds is not known, so nothing is removed any more. */
  #frozen = false;
  #droppedBytes = 0;

  constructor(disk: Disk, work: DiskWork, options: OutboxBlocksOptions, named: ReadonlyMap<number, number>) {
    this.#disk = disk;
    this.#work = work;
    this.#options = options;
    this.#named = new Set(named.keys());
    for (const [block, bytes] of named) this.#kept.set(block, { bytes, isDurable: true, isDropped: false });
  }

  /** Of blocks that are kept only because a snapshot names them. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** False when there is no room for it; any other error ends the log. */
  write(block: number, content: Uint8Array): boolean {
    const disk = this.#disk;
    const path = this.#path(block);
    let file: DiskFile | undefined;
    try {
      file = disk.create(path);
      const header = pieceHeader(disk, this.#options.salt, { sequence: block, index: 0, kind: pieceKinds.block, payloadBytes: content.length }, content);
      disk.write(file, 0, header, 0, pieceHeaderBytes);
      disk.write(file, pieceHeaderBytes, content, 0, content.length);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      if (file !== undefined) {
        closeFile(disk, file);
        this.#work.remove(path);
      }
      if (!isSpaceError(error)) this.#options.onFailed(error);
      return false;
    }
    const kept: Kept = { bytes: pieceHeaderBytes + content.length, isDurable: false, isDropped: false };
    this.#kept.set(block, kept);
    this.#made++;
    this.#work.sync(file, (error) => {
      if (error !== null) return this.#options.onFailed(error);
      kept.isDurable = true;
      this.#becameDurable();
    });
    this.#work.close(file);
    return true;
  }

  /** Throws MK_LOG_DAMAGED, MK_LOG_READ_FAILED: the node must not go on as if the messages were not there. */
  read(block: number): Uint8Array {
    return readBlock(this.#disk, this.#options.directory, this.#options.salt, block);
  }

  /** Nobody reads it any more; it goes as soon as no snapshot needs it. */
  drop(block: number): void {
    const kept = this.#kept.get(block);
    if (kept === undefined || kept.isDropped) return;
    kept.isDropped = true;
    this.#droppedBytes += kept.bytes;
    if (!this.#snapshotUnderWay && !this.#named.has(block)) this.#remove(block, kept);
  }

  freeze(): void {
    this.#frozen = true;
  }

  #remove(block: number, kept: Kept): void {
    if (this.#frozen) return;
    this.#kept.delete(block);
    this.#droppedBytes -= kept.bytes;
    this.#work.remove(this.#path(block));
  }

  // ---- snapshots

  snapshotBegins(): void {
    this.#snapshotUnderWay = true;
  }

  /** Calls back once these blocks, and their names in the directory, are durable. */
  whenDurable(blocks: ReadonlySet<number>, callback: () => void): void {
    this.#waiting = { blocks, made: this.#made, callback };
    this.#becameDurable();
  }

  #becameDurable(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (const block of waiting.blocks) if (this.#kept.get(block)?.isDurable === false) return;
    if (this.#syncingDirectory) return;
    if (this.#madeDurable < waiting.made) {
      const made = this.#made;
      this.#syncingDirectory = true;
      this.#work.syncDirectory(this.#options.directory, (error) => {
        this.#syncingDirectory = false;
        if (error !== null) return this.#options.onFailed(error);
        this.#madeDurable = made;
        this.#becameDurable();
      });
      return;
    }
    this.#waiting = undefined;
    waiting.callback();
  }

  /** The snapshot that names these blocks is what a recovery begins with; null: it came to nothing. */
  snapshotEnded(blocks: ReadonlySet<number> | null): void {
    this.#snapshotUnderWay = false;
    if (blocks !== null) this.#named = blocks;
    this.#waiting = undefined;
    for (const [block, kept] of this.#kept) if (kept.isDropped && !this.#named.has(block)) this.#remove(block, kept);
  }

  #path(block: number): string {
    return pathIn(this.#options.directory, blockName(block));
  }
}

/** Errors: MK_LOG_DAMAGED, also when it is missing; MK_LOG_READ_FAILED. */
export function readBlock(disk: Disk, directory: string, salt: number, block: number): Uint8Array {
  const name = blockName(block);
  const path = pathIn(directory, name);
  return withLogErrors(() => {
    if (disk.kind(path) !== "file") throw damaged(name, 0, "it is missing");
    const file = disk.open(path, "read");
    try {
      const bytes = new Uint8Array(disk.size(file));
      if (disk.read(file, 0, bytes) !== bytes.length || bytes.length < pieceHeaderBytes) throw damaged(name, 0, "the file ends early");
      const header = bytes.subarray(0, pieceHeaderBytes);
      const content = bytes.subarray(pieceHeaderBytes);
      const fits = getU32(header, 0) === pieceMagic && getU32(header, 8) === block && getU32(header, 12) === 0 && getU32(header, 16) === pieceKinds.block;
      if (!fits || getU32(header, 20) !== content.length) throw damaged(name, 0, "it is not the block that its name says");
      if (getU32(header, 4) !== pieceCrc(disk, salt, header, content)) throw damaged(name, 0, "its checksum is wrong");
      return content;
    } finally {
      closeFile(disk, file);
    }
  });
}

/** The sizes of blocks that must be there; what is in them is looked at when they are read. Errors: MK_LOG_DAMAGED. */
export function blockSizes(disk: Disk, directory: string, blocks: Iterable<number>): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const block of blocks) {
    const name = blockName(block);
    const path = pathIn(directory, name);
    if (disk.kind(path) !== "file") throw damaged(name, 0, "the snapshot needs this block, and it is missing");
    const file = disk.open(path, "read");
    try {
      sizes.set(block, disk.size(file));
    } finally {
      closeFile(disk, file);
    }
  }
  return sizes;
}
