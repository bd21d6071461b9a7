/**
 * A disk in memory that may lose whatever was not synced. Reading shows the page cache; beside it lies what a loss of
 * power would leave: the durable image and, in order, the operations no sync has covered, on directories too. `crash`
 * builds the disk found afterwards from any choice among those; `restart` is the death of the process alone. A failed
 * sync leaves its operations uncovered for good: later syncs succeed without them, as on Linux. Any operation can be made
 * to fail or to be the last. Draws no randomness and knows no time but what its owner sets.
 */
import { assert } from "../base/assert.ts";
import { crc32 } from "../log/crc32.ts";
import { DiskError, type Disk, type DiskCallback, type DiskFile, type DiskOperation } from "../log/disk.ts";
import { emptyInode, isData, makeDurable, redo, resized, withoutSuperseded, written, type Directory, type Inode, type Kept, type UnsyncedOperation } from "./unsynced-operations.ts";

/** Thrown out of the operation before which the process dies. */
export class SimulatedCrash extends Error {
  override readonly name = "SimulatedCrash";
}

/** An error code, or "crash". */
export type Fault = string | null;

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly inode: Inode;
  readonly writable: boolean;
  closed = false;

  constructor(path: string, inode: Inode, writable: boolean) {
    this.path = path;
    this.inode = inode;
    this.writable = writable;
  }
}

export class MemoryDisk implements Disk {
  /** Asked before every operation, with a number that counts them from 0. */
  fault: ((operation: DiskOperation, path: string, index: number) => Fault) | null = null;
  /** How long each sync takes on this disk's clock. */
  syncTakesMs = 0.2;
  timeMs = 0;
  /** In place of its own clock, which only syncs move. */
  clock: (() => number) | null = null;
  /** Told of each sync that nothing else could happen beside. */
  onBlockingSync: () => void = () => {};
  capacityBytes = Infinity;
  operations = 0;
  readonly counts = new Map<DiskOperation, number>();
  /** Where background completions go; by default a queue that `step` and `settle` empty. */
  schedule: (complete: () => void) => void = (complete) => this.#queue.push(complete);
  readonly #queue: (() => void)[] = [];
  #unsynced: UnsyncedOperation[] = [];
  readonly #directories = new Map<string, Directory>([["", { cache: new Map(), durable: new Map() }]]);
  #dead = false;

  // Time and completions

  nowMs(): number {
    return this.clock?.() ?? this.timeMs;
  }

  /** Completes the oldest background operation; false when there is none. */
  step(): boolean {
    const complete = this.#queue.shift();
    complete?.();
    return complete !== undefined;
  }

  settle(): void {
    while (this.step());
  }

  // Crashes

  get unsynced(): readonly UnsyncedOperation[] {
    return this.#unsynced;
  }

  /** The disk after a loss of power, with what `keep` says of each unsynced operation; this one stays as it is. */
  crash(keep: (operation: UnsyncedOperation, index: number) => Kept): MemoryDisk {
    const copyInode = (inode: Inode): Inode => ({ cache: inode.durable.slice(), durable: new Uint8Array(0) });
    const copy = this.#copy(copyInode, (directory) => directory.durable);
    this.#unsynced.forEach((operation, index) => redo(operation, copy.inodeOf(operation.inode), keep(operation, index), copy.disk.#directories));
    for (const inode of copy.inodes) inode.durable = inode.cache.slice();
    for (const directory of copy.disk.#directories.values()) directory.durable = new Map(directory.cache);
    return copy.disk;
  }

  /** The disk as the next process finds it when only the process died: the cache is there, and still not durable. */
  restart(): MemoryDisk {
    const copyInode = (inode: Inode): Inode => ({ cache: inode.cache.slice(), durable: inode.durable.slice() });
    const copy = this.#copy(copyInode, (directory) => directory.cache);
    for (const [path, directory] of this.#directories) {
      const durable = [...directory.durable].map(([name, inode]) => [name, copy.inodeOf(inode)] as const);
      copy.disk.#directories.get(path)!.durable = new Map(durable);
    }
    copy.disk.#unsynced = this.#unsynced.map((operation) => ({ ...operation, inode: copy.inodeOf(operation.inode) }));
    return copy.disk;
  }

  /** Turns one bit over, on the medium and in the cache. */
  flipBit(path: string, bit: number): void {
    const inode = this.#inode("open", path);
    for (const image of [inode.cache, inode.durable]) if (bit >> 3 < image.length) image[bit >> 3]! ^= 1 << (bit & 7);
  }

  contents(path: string): Uint8Array {
    return this.#inode("open", path).cache.slice();
  }

  // The port

  open(path: string, mode: "read" | "write"): DiskFile {
    this.#begin("open", path);
    return new MemoryFile(path, this.#inode("open", path), mode === "write");
  }

  create(path: string): DiskFile {
    this.#begin("create", path);
    const [directory, name] = this.#split("create", path);
    const entries = this.#directories.get(directory)!.cache;
    if (entries.has(name) || this.#directories.has(path)) throw new DiskError("EEXIST", "create", path);
    const inode = emptyInode();
    entries.set(name, inode);
    this.#note({ kind: "link", directory, name, inode, abandoned: false });
    return new MemoryFile(path, inode, true);
  }

  close(file: DiskFile): void {
    const opened = this.#file("close", file);
    opened.closed = true;
  }

  read(file: DiskFile, position: number, into: Uint8Array): number {
    const { cache } = this.#file("read", file).inode;
    const count = Math.max(0, Math.min(into.length, cache.length - position));
    into.set(cache.subarray(position, position + count));
    return count;
  }

  write(file: DiskFile, position: number, bytes: Uint8Array, start: number, length: number): void {
    assert((file as MemoryFile).writable, "write to a file open for reading");
    let code: string | null = null;
    try {
      this.#file("write", file);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      code = error.code;
      length >>= 1;
    }
    const { inode } = file as MemoryFile;
    const growth = position + length - inode.cache.length;
    const room = growth > 0 && this.capacityBytes < Infinity ? this.capacityBytes - this.usedBytes : Infinity;
    if (growth > room) {
      code ??= "ENOSPC";
      length = Math.max(0, length - (growth - room));
    }
    if (length > 0) this.#write(inode, position, bytes.slice(start, start + length));
    if (code !== null) throw new DiskError(code, "write", file.path);
  }

  truncate(file: DiskFile, sizeBytes: number): void {
    const { inode } = this.#file("truncate", file);
    inode.cache = resized(inode.cache, sizeBytes);
    this.#note({ kind: "truncate", inode, size: sizeBytes, abandoned: false });
  }

  size(file: DiskFile): number {
    return this.#file("size", file).inode.cache.length;
  }

  sync(file: DiskFile, callback: DiskCallback): void {
    const { inode } = this.#fileUnchecked(file);
    this.#inBackground("sync", file.path, (operation) => isData(operation) && operation.inode === inode, callback);
  }

  syncNow(file: DiskFile): void {
    const { inode } = this.#fileUnchecked(file);
    this.#blocking("sync", file.path, (operation) => isData(operation) && operation.inode === inode);
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    const [directory, oldName] = this.#split("rename", from);
    const [toDirectory, name] = this.#split("rename", to);
    assert(directory === toDirectory, "renames stay in their directory");
    const entries = this.#directories.get(directory)!.cache;
    const inode = entries.get(oldName);
    if (inode === undefined) throw new DiskError("ENOENT", "rename", from);
    entries.delete(oldName);
    entries.set(name, inode);
    this.#note({ kind: "rename", directory, from: oldName, name, inode, abandoned: false });
  }

  unlink(path: string): void {
    this.#begin("unlink", path);
    const [directory, name] = this.#split("unlink", path);
    const entries = this.#directories.get(directory)!.cache;
    const inode = entries.get(name);
    if (inode === undefined) throw new DiskError("ENOENT", "unlink", path);
    entries.delete(name);
    this.#note({ kind: "unlink", directory, name, inode, abandoned: false });
  }

  unlinkLater(path: string, callback: DiskCallback): void {
    let error: DiskError | null = null;
    try {
      this.unlink(path);
    } catch (thrown) {
      if (!(thrown instanceof DiskError)) throw thrown;
      error = thrown;
    }
    this.schedule(() => callback(error));
  }

  list(path: string): string[] {
    this.#begin("list", path);
    const directory = this.#directories.get(path);
    if (directory === undefined) throw new DiskError(this.#exists(path) ? "ENOTDIR" : "ENOENT", "list", path);
    const names = [...directory.cache.keys()];
    for (const other of this.#directories.keys()) {
      const below = other.startsWith(`${path}/`) ? other.slice(path.length + 1) : "";
      if (below !== "" && !below.includes("/")) names.push(below);
    }
    return names.sort();
  }

  kind(path: string): "file" | "directory" | "other" | null {
    this.#begin("kind", path);
    return this.#directories.has(path) ? "directory" : this.#exists(path) ? "file" : null;
  }

  makeDirectory(path: string): void {
    this.#begin("make-directory", path);
    for (let at = path.indexOf("/", 1); ; at = path.indexOf("/", at + 1)) {
      const part = at < 0 ? path : path.slice(0, at);
      if (this.#exists(part)) throw new DiskError(part === path ? "EEXIST" : "ENOTDIR", "make-directory", path);
      // Directories themselves are durable at once: the log makes one in its life, and syncs it before it relies on it.
      if (!this.#directories.has(part)) this.#directories.set(part, { cache: new Map(), durable: new Map() });
      if (at < 0) return;
    }
  }

  syncDirectory(path: string, callback: DiskCallback): void {
    this.#inBackground("sync-directory", path, (operation) => !isData(operation) && operation.directory === path, callback);
  }

  syncDirectoryNow(path: string): void {
    this.#blocking("sync-directory", path, (operation) => !isData(operation) && operation.directory === path);
  }

  crc32(bytes: Uint8Array, seed: number, start: number, end: number): number {
    return crc32(bytes, seed, start, end);
  }

  zeros(bytes: Uint8Array): boolean {
    return bytes.every((byte) => byte === 0);
  }

  // Inside

  #begin(operation: DiskOperation, path: string): void {
    if (this.#dead) throw new SimulatedCrash("the process is dead");
    const index = this.operations++;
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
    const fault = this.fault?.(operation, path, index) ?? null;
    if (fault === "crash") {
      this.#dead = true;
      throw new SimulatedCrash(`before operation ${index}, ${operation} of ${path}`);
    }
    if (fault !== null) throw new DiskError(fault, operation, path);
  }

  /** A sync that fails is still a sync: its error is kept for when it ends. */
  #beginSync(operation: "sync" | "sync-directory", path: string): DiskError | null {
    try {
      this.#begin(operation, path);
      return null;
    } catch (thrown) {
      if (!(thrown instanceof DiskError)) throw thrown;
      return thrown;
    }
  }

  #inBackground(
    operation: "sync" | "sync-directory",
    path: string,
    covers: (operation: UnsyncedOperation) => boolean,
    callback: DiskCallback,
  ): void {
    const error = this.#beginSync(operation, path);
    const covered = this.#unsynced.filter(covers);
    this.schedule(() => {
      if (this.#dead) return;
      this.timeMs += this.syncTakesMs;
      this.#synced(covered, error);
      callback(error);
    });
  }

  #blocking(operation: "sync" | "sync-directory", path: string, covers: (operation: UnsyncedOperation) => boolean): void {
    const error = this.#beginSync(operation, path);
    this.timeMs += this.syncTakesMs;
    this.onBlockingSync();
    this.#synced(this.#unsynced.filter(covers), error);
    if (error !== null) throw error;
  }

  #synced(covered: UnsyncedOperation[], error: DiskError | null): void {
    if (error !== null) {
      for (const operation of covered) operation.abandoned = true;
      return;
    }
    // A later sync may have come back before this one, and with later operations on top. Both lists have the same order.
    let next = 0;
    let left: UnsyncedOperation[] = [];
    let areSomeAbandoned = false;
    for (const operation of this.#unsynced) {
      while (next < covered.length && covered[next] !== operation && !this.#unsynced.includes(covered[next]!)) next++;
      const isCovered = covered[next] === operation;
      if (isCovered) next++;
      if (isCovered && !operation.abandoned) {
        makeDurable(operation, this.#directories);
        if (areSomeAbandoned) left = left.flatMap((older) => (older.abandoned ? withoutSuperseded(older, operation) : [older]));
      } else {
        left.push(operation);
        areSomeAbandoned ||= operation.abandoned;
      }
    }
    this.#unsynced = left;
  }

  #write(inode: Inode, position: number, bytes: Uint8Array): void {
    inode.cache = written(inode.cache, position, bytes);
    this.#note({ kind: "write", inode, position, bytes, abandoned: false });
  }

  #note(change: UnsyncedOperation): void {
    this.#unsynced.push(change);
  }

  #copy(copyInode: (inode: Inode) => Inode, entriesOf: (directory: Directory) => Map<string, Inode>) {
    const disk = new MemoryDisk();
    disk.syncTakesMs = this.syncTakesMs;
    disk.timeMs = this.timeMs;
    disk.capacityBytes = this.capacityBytes;
    const inodes = new Map<Inode, Inode>();
    const inodeOf = (inode: Inode): Inode => {
      let copied = inodes.get(inode);
      if (copied === undefined) inodes.set(inode, (copied = copyInode(inode)));
      return copied;
    };
    for (const [path, directory] of this.#directories) {
      const cache = new Map([...entriesOf(directory)].map(([name, inode]) => [name, inodeOf(inode)]));
      disk.#directories.set(path, { cache, durable: new Map() });
    }
    for (const operation of this.#unsynced) inodeOf(operation.inode);
    return { disk, inodeOf, inodes: { [Symbol.iterator]: () => inodes.values() } };
  }

  #file(operation: DiskOperation, file: DiskFile): MemoryFile {
    const opened = this.#fileUnchecked(file);
    this.#begin(operation, file.path);
    return opened;
  }

  #fileUnchecked(file: DiskFile): MemoryFile {
    assert(file instanceof MemoryFile && !file.closed, "the file is closed, or another disk's");
    return file;
  }

  #inode(operation: DiskOperation, path: string): Inode {
    const [directory, name] = this.#split(operation, path);
    const inode = this.#directories.get(directory)!.cache.get(name);
    if (inode === undefined) throw new DiskError(this.#directories.has(path) ? "EISDIR" : "ENOENT", operation, path);
    return inode;
  }

  #split(operation: DiskOperation, path: string): [directory: string, name: string] {
    const at = path.lastIndexOf("/");
    const directory = at < 0 ? "" : path.slice(0, at);
    if (!this.#directories.has(directory)) throw new DiskError(this.#exists(directory) ? "ENOTDIR" : "ENOENT", operation, path);
    return [directory, path.slice(at + 1)];
  }

  #exists(path: string): boolean {
    const at = path.lastIndexOf("/");
    return this.#directories.get(at < 0 ? "" : path.slice(0, at))?.cache.has(path.slice(at + 1)) ?? false;
  }

  /** Of all files that have a name. */
  get usedBytes(): number {
    let used = 0;
    for (const directory of this.#directories.values()) for (const inode of directory.cache.values()) used += inode.cache.length;
    return used;
  }
}
