/**
 * The port Disk: everything the log asks of a file system. Operations are synchronous, because each is short on a page
 * cache; only making data durable takes long, so `sync`, `syncDirectory` and `unlinkLater` also exist with a callback.
 * Holds no policy: who syncs what and when is decided by its callers. Errors are DiskErrors that carry the system's code.
 * What an implementation must keep for K1 and K8: after a successful `sync` every write made to the file before the call
 * is durable; after a successful `syncDirectory` every entry made, renamed or removed before the call is.
 */
export type DiskOperation =
  | "open" | "create" | "close" | "read" | "write" | "truncate" | "size" | "sync"
  | "rename" | "unlink" | "list" | "kind" | "make-directory" | "sync-directory";

export class DiskError extends Error {
  override readonly name = "DiskError";
  /** The system's code, such as ENOSPC or EIO. */
  readonly code: string;
  readonly operation: DiskOperation;
  readonly path: string;

  constructor(code: string, operation: DiskOperation, path: string) {
    super(`${operation} failed with ${code}: ${path}`);
    this.code = code;
    this.operation = operation;
    this.path = path;
  }
}

/** An open file. Only the disk that made it looks inside. */
export interface DiskFile {
  readonly path: string;
}

export type DiskCallback = (error: DiskError | null) => void;

export interface Disk {
  /** Opens an existing file for reading and writing, or for reading only. */
  open(path: string, mode: "read" | "write"): DiskFile;
  /** Makes a new file, open for reading and writing; EEXIST when the name is taken: nothing is ever overwritten by it. */
  create(path: string): DiskFile;
  close(file: DiskFile): void;
  /** Fills `into` from `position`; returns the bytes read, fewer than asked only at the end of the file. */
  read(file: DiskFile, position: number, into: Uint8Array): number;
  /** Writes `length` bytes of `bytes` from `start` at `position`, all of them or a DiskError. */
  write(file: DiskFile, position: number, bytes: Uint8Array, start: number, length: number): void;
  truncate(file: DiskFile, sizeBytes: number): void;
  size(file: DiskFile): number;
  /** Makes the file's data durable without blocking; the callback comes later, never during the call. */
  sync(file: DiskFile, callback: DiskCallback): void;
  syncNow(file: DiskFile): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Removes a file that may be large without blocking. */
  unlinkLater(path: string, callback: DiskCallback): void;
  /** The names in a directory, sorted by code unit. */
  list(path: string): string[];
  /** null when nothing is there. */
  kind(path: string): "file" | "directory" | "other" | null;
  /** Makes the directory and its missing parents. */
  makeDirectory(path: string): void;
  syncDirectory(path: string, callback: DiskCallback): void;
  syncDirectoryNow(path: string): void;
  /** CRC-32 (as in zlib) of bytes[start, end), continued from `seed`. */
  crc32(bytes: Uint8Array, seed: number, start: number, end: number): number;
  /** Whether all of `bytes` are zero. */
  zeros(bytes: Uint8Array): boolean;
  /** A monotonic clock in milliseconds, with fractions; only differences mean anything. */
  nowMs(): number;
}

/** Joins a directory and a name; both platforms' separators work with "/". */
export function pathIn(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/** Closes a file that was only read, or whose data have been synced: what closing says of it then matters to nobody. */
export function closeFile(disk: Disk, file: DiskFile): void {
  try {
    disk.close(file);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

/** Codes that say "no room", which may pass, as opposed to "broken". */
export function isSpaceError(error: DiskError): boolean {
  return error.code === "ENOSPC" || error.code === "EDQUOT" || error.code === "EFBIG";
}
