/**
 * Writes one snapshot beside the running log: pieces into a temporary file, synced as it grows, renamed into place when
 * it is whole and the log is durable up to everything it may show. A crash anywhere leaves the old snapshot or the new
 * one (K1, K8). Frees nothing itself: the log does when told. An error of writing ends the snapshot, not the log; an
 * error of syncing ends the log too.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { DiskError, pathIn, type Disk, type DiskFile } from "./disk.ts";
import type { DiskWork } from "./disk-work.ts";
import { snapshotName } from "./file-names.ts";
import { logFailure } from "./log-error.ts";
import {
  encodeBegin, encodeBlocks, encodeEnd, pieceHeader, pieceHeaderBytes, pieceKinds, type PieceKind, type SnapshotPosition,
} from "./snapshot-format.ts";

export interface Durability {
  /** The group that holds the last append. */
  readonly needed: number;
  readonly group: number;
  readonly turn: number;
}

export interface SnapshotWriterOptions {
  readonly directory: string;
  readonly salt: number;
  readonly sequence: number;
  readonly position: SnapshotPosition;
  durability(): Durability;
  /** Calls back once these blocks of messages are durable. */
  whenBlocksDurable(blocks: ReadonlySet<number>, callback: () => void): void;
  failed(): MaceKenError | null;
  onSyncFailed(error: DiskError): void;
  /** The snapshot is over: its name when it is durable, null when it came to nothing; and the blocks it names. */
  onEnded(name: string | null, blocks: ReadonlySet<number>): void;
}

export type SnapshotCallback = (error: MaceKenError | null) => void;

/**
 * Syncing as it grows keeps the last sync, and the groups that share the disk with it, from waiting for hundreds of
 * megabytes.
 */
const syncEveryBytes = 1024 * 1024;

export class SnapshotWriter {
  readonly #disk: Disk;
  readonly #work: DiskWork;
  readonly #options: SnapshotWriterOptions;
  readonly #path: string;
  #file: DiskFile | null = null;
  #position = 0;
  #pieces = 0;
  #totalBytes = 0;
  #syncedBytes = 0;
  #syncing = false;
  #error: MaceKenError | null = null;
  #callback: SnapshotCallback | null = null;
  #needed = Infinity;
  #chunks = 0;
  #blocks: ReadonlySet<number> = new Set();
  #blocksAreDurable = false;
  #state: "writing" | "waiting" | "renaming" | "ended" = "writing";

  constructor(disk: Disk, work: DiskWork, options: SnapshotWriterOptions) {
    this.#disk = disk;
    this.#work = work;
    this.#options = options;
    this.#path = pathIn(options.directory, `${snapshotName(options.sequence)}.tmp`);
    try {
      this.#file = disk.create(this.#path);
      this.#piece(pieceKinds.begin, encodeBegin(options.position));
    } catch (error) {
      this.#stop(error);
    }
  }

  /** Bytes written and not yet synced: above a few megabytes the driver does well to wait before the next chunk. */
  get unsyncedBytes(): number {
    return this.#position - this.#syncedBytes;
  }

  /** Bytes of the chunks so far. */
  get writtenBytes(): number {
    return this.#totalBytes;
  }

  /** The error that stopped the snapshot, or null; finish reports it too. */
  get error(): MaceKenError | null {
    return this.#error;
  }

  /** Adds a chunk; copied at once. Does nothing after an error. */
  write(chunk: Uint8Array): void {
    assert(this.#state === "writing" || this.#error !== null, "write to a finished snapshot");
    if (this.#error !== null) return;
    try {
      this.#piece(pieceKinds.chunk, chunk);
      this.#totalBytes += chunk.length;
      this.#chunks++;
      if (this.unsyncedBytes >= syncEveryBytes && !this.#syncing) this.#sync(() => {});
    } catch (error) {
      this.#stop(error);
    }
  }

  /**
   * Ends the snapshot, which needs these blocks of messages. Waits until they and everything appended up to now are durable, for the
   * images may show it; the caller sees to it that the log is flushed. Calls back with null when the snapshot is durable under its
   * name and stands for the log before it.
   */
  finish(blocks: ReadonlySet<number>, callback: SnapshotCallback): void {
    if (this.#error !== null) {
      callback(this.#error);
      return;
    }
    assert(this.#state === "writing", "a snapshot is finished once");
    this.#callback = callback;
    this.#state = "waiting";
    this.#needed = this.#options.durability().needed;
    this.#blocks = blocks;
    this.#options.whenBlocksDurable(blocks, () => {
      this.#blocksAreDurable = true;
      this.durableAdvanced();
    });
  }

  /** Gives the snapshot up and removes its file. After it has got its name it is too late, and nothing happens. */
  abort(): void {
    if (this.#state === "ended" || this.#state === "renaming") return;
    this.#stop(this.#options.failed() ?? new MaceKenError("MK_LOG_WRITE_FAILED", "the snapshot was given up"));
  }

  /** For the log: a group has become durable. */
  durableAdvanced(): void {
    if (this.#state !== "waiting" || this.#syncing || !this.#blocksAreDurable) return;
    const { group, turn } = this.#options.durability();
    if (group < this.#needed) return;
    this.#state = "renaming";
    try {
      if (this.#blocks.size > 0) this.#piece(pieceKinds.blocks, encodeBlocks(this.#blocks));
      const end = { chunks: this.#chunks, totalBytes: this.#totalBytes, durableGroup: group, durableTurn: turn };
      this.#piece(pieceKinds.end, encodeEnd(end));
      this.#sync(() => this.#rename());
    } catch (error) {
      this.#stop(error);
    }
  }

  #piece(kind: PieceKind, payload: Uint8Array): void {
    const header = pieceHeader(this.#disk, this.#options.salt, {
      sequence: this.#options.sequence, index: this.#pieces, kind, payloadBytes: payload.length,
    }, payload);
    this.#disk.write(this.#file!, this.#position, header, 0, pieceHeaderBytes);
    this.#disk.write(this.#file!, this.#position + pieceHeaderBytes, payload, 0, payload.length);
    this.#position += pieceHeaderBytes + payload.length;
    this.#pieces++;
  }

  #sync(then: () => void): void {
    const upTo = this.#position;
    this.#syncing = true;
    this.#work.sync(this.#file!, (error) => {
      this.#syncing = false;
      if (error !== null) {
        this.#syncFailed(error);
        return;
      }
      this.#syncedBytes = upTo;
      if (this.#error !== null) return;
      then();
      if (this.#state === "waiting") this.durableAdvanced();
    });
  }

  #rename(): void {
    const name = snapshotName(this.#options.sequence);
    try {
      this.#disk.rename(this.#path, pathIn(this.#options.directory, name));
    } catch (error) {
      this.#stop(error);
      return;
    }
    this.#work.close(this.#file!);
    this.#work.syncDirectory(this.#options.directory, (error) => {
      if (error !== null) {
        this.#state = "ended";
        this.#syncFailed(error);
        this.#end(logFailure(error), null);
      } else this.#end(this.#options.failed(), this.#options.failed() === null ? name : null);
    });
  }

  #syncFailed(error: DiskError): void {
    this.#options.onSyncFailed(error);
    if (this.#state !== "ended") this.#stop(error);
  }

  #stop(error: unknown): void {
    if (!(error instanceof DiskError) && !(error instanceof MaceKenError)) throw error;
    assert(this.#error === null, "a snapshot ends once");
    if (this.#file !== null) {
      this.#work.close(this.#file);
      this.#work.remove(this.#path);
    }
    this.#end(error instanceof DiskError ? logFailure(error) : error, null);
  }

  #end(error: MaceKenError | null, name: string | null): void {
    this.#error = error;
    this.#state = "ended";
    this.#options.onEnded(name, this.#blocks);
    const callback = this.#callback;
    this.#callback = null;
    callback?.(error);
  }
}
