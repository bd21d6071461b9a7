/**
 * Keeps the next segment ready: made or recycled, its name durable, filled with zeros and synced in small slices, one at
 * a time, beside the groups. So a group never waits for a file to grow, and a finished turn finds room (semantics: "A
 * finished turn is never undone"). Lack of space is told through `reserved` and may pass; a failed sync does not pass: it
 * goes to `onFailed`. Which segments are free is decided by segments.ts.
 */
import { DiskError, isSpaceError, pathIn, type Disk, type DiskFile } from "./disk.ts";
import type { DiskWork } from "./disk-work.ts";
import { segmentName } from "./file-names.ts";

export interface NextSegment {
  readonly use: number;
  readonly file: DiskFile;
  nameDurable: boolean;
  /** Bytes known to lie in the file. */
  filledBytes: number;
}

export interface ReserveOptions {
  readonly segmentBytes: number;
  readonly sliceBytes: number;
  /** A sync failed: the node must stop. */
  onFailed(error: DiskError): void;
  onReserved(reserved: boolean): void;
}

export class SegmentReserve {
  readonly #disk: Disk;
  readonly #work: DiskWork;
  readonly #directory: string;
  readonly #options: ReserveOptions;
  readonly #zeros: Uint8Array;
  /** Paths of segments that may be overwritten. */
  readonly #free: string[];
  #next: NextSegment | null = null;
  #stopped = false;
  /** False from the moment that space for the next segment could not be had until it was. */
  reserved = true;
  /** Why `reserved` is false. */
  lastError: DiskError | null = null;

  constructor(disk: Disk, work: DiskWork, directory: string, free: string[], options: ReserveOptions) {
    this.#disk = disk;
    this.#work = work;
    this.#directory = directory;
    this.#free = free;
    this.#options = options;
    this.#zeros = new Uint8Array(options.sliceBytes);
  }

  get ready(): boolean {
    return this.#next !== null && this.#next.nameDurable && this.#next.filledBytes >= this.#options.segmentBytes;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  addFree(path: string): void {
    this.#free.push(path);
  }

  /** Begins to prepare the segment with this use number, unless one is being prepared. */
  prepare(use: number): void {
    if (this.#next !== null || this.#stopped) return;
    let next: NextSegment;
    try {
      next = this.#obtain(use);
    } catch (error) {
      this.#held(error, null);
      return;
    }
    this.#next = next;
    this.#work.syncDirectory(this.#directory, (error) => {
      if (error !== null) {
        this.#options.onFailed(error);
        return;
      }
      next.nameDurable = true;
      this.#fill(next);
    });
  }

  /** Hands out the next segment in whatever state it is; throws a DiskError when there is none and none can be had. */
  take(use: number): NextSegment {
    const next = this.#next ?? this.#obtain(use);
    this.#next = null;
    if (!next.nameDurable) {
      this.#disk.syncDirectoryNow(this.#directory);
      next.nameDurable = true;
    }
    return next;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#next !== null) this.#work.close(this.#next.file);
    this.#next = null;
  }

  #obtain(use: number): NextSegment {
    const path = pathIn(this.#directory, segmentName(use));
    const free = this.#free.pop();
    if (free === undefined) return { use, file: this.#disk.create(path), nameDurable: false, filledBytes: 0 };
    let reached = free;
    try {
      this.#disk.rename(free, path);
      reached = path;
      const file = this.#disk.open(path, "write");
      return { use, file, nameDurable: false, filledBytes: this.#disk.size(file) };
    } catch (error) {
      this.#free.push(reached);
      throw error;
    }
  }

  #fill(next: NextSegment): void {
    // Taken in the middle, or stopped: whoever has the file now writes to it.
    if (this.#next !== next || this.#stopped) return;
    const { segmentBytes, sliceBytes } = this.#options;
    if (next.filledBytes >= segmentBytes) {
      this.#setReserved(true, null);
      return;
    }
    const count = Math.min(sliceBytes, segmentBytes - next.filledBytes);
    try {
      this.#disk.write(next.file, next.filledBytes, this.#zeros, 0, count);
    } catch (error) {
      this.#held(error, next);
      return;
    }
    next.filledBytes += count;
    this.#work.sync(next.file, (error) => {
      if (error === null) this.#fill(next);
      else if (isSpaceError(error) && this.#next === next) this.#held(error, next);
      else this.#options.onFailed(error);
    });
  }

  /** No room: gives back what was taken, and tells. */
  #held(error: unknown, partial: NextSegment | null): void {
    if (!(error instanceof DiskError)) throw error;
    if (partial !== null) {
      this.#next = null;
      this.#work.close(partial.file);
      this.#discard(partial.file.path);
    }
    this.#setReserved(false, error);
  }

  #discard(path: string): void {
    try {
      this.#disk.unlink(path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#free.push(path);
    }
  }

  #setReserved(reserved: boolean, error: DiskError | null): void {
    this.lastError = error;
    if (this.reserved === reserved) return;
    this.reserved = reserved;
    this.#options.onReserved(reserved);
  }
}
