/**
 * The port Disk on a real file system. `sync` is fdatasync: it also makes the size durable, which is all a log needs.
 * Short writes are continued here; whatever the system then says is the error. Carries no invariant of its own.
 */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { performance } from "node:perf_hooks";
import * as zlib from "node:zlib";
import { DiskError, type Disk, type DiskCallback, type DiskFile, type DiskOperation } from "./disk.ts";

class NodeFile implements DiskFile {
  readonly path: string;
  readonly fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
  }
}

export class NodeDisk implements Disk {
  #zeros = new Uint8Array(0);

  open(path: string, mode: "read" | "write"): DiskFile {
    return attempt("open", path, () => new NodeFile(path, fs.openSync(path, mode === "read" ? "r" : "r+")));
  }

  create(path: string): DiskFile {
    // Only the owner may read: the log holds the services' data.
    return attempt("create", path, () => new NodeFile(path, fs.openSync(path, "wx+", 0o600)));
  }

  close(file: DiskFile): void {
    attempt("close", file.path, () => fs.closeSync(descriptor(file)));
  }

  read(file: DiskFile, position: number, into: Uint8Array): number {
    return attempt("read", file.path, () => {
      let done = 0;
      while (done < into.length) {
        const count = fs.readSync(descriptor(file), into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(file: DiskFile, position: number, bytes: Uint8Array, start: number, length: number): void {
    try {
      let done = 0;
      while (done < length) {
        const count = fs.writeSync(descriptor(file), bytes, start + done, length - done, position + done);
        // A disk that takes nothing and reports nothing would be asked for ever.
        if (count === 0) throw new DiskError("EIO", "write", file.path);
        done += count;
      }
    } catch (error) {
      throw asDiskError(error, "write", file.path);
    }
  }

  truncate(file: DiskFile, sizeBytes: number): void {
    attempt("truncate", file.path, () => fs.ftruncateSync(descriptor(file), sizeBytes));
  }

  size(file: DiskFile): number {
    return attempt("size", file.path, () => fs.fstatSync(descriptor(file)).size);
  }

  sync(file: DiskFile, callback: DiskCallback): void {
    fs.fdatasync(descriptor(file), (error) => callback(error === null ? null : asDiskError(error, "sync", file.path)));
  }

  syncNow(file: DiskFile): void {
    try {
      fs.fdatasyncSync(descriptor(file));
    } catch (error) {
      throw asDiskError(error, "sync", file.path);
    }
  }

  rename(from: string, to: string): void {
    attempt("rename", from, () => fs.renameSync(from, to));
  }

  unlink(path: string): void {
    attempt("unlink", path, () => fs.unlinkSync(path));
  }

  unlinkLater(path: string, callback: DiskCallback): void {
    fs.unlink(path, (error) => callback(error === null ? null : asDiskError(error, "unlink", path)));
  }

  list(path: string): string[] {
    return attempt("list", path, () => fs.readdirSync(path).sort());
  }

  kind(path: string): "file" | "directory" | "other" | null {
    return attempt("kind", path, () => {
      const stat = fs.statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return null;
      return stat.isFile() ? "file" : stat.isDirectory() ? "directory" : "other";
    });
  }

  makeDirectory(path: string): void {
    const isDirectory = (each: string): boolean => fs.existsSync(each) && fs.statSync(each).isDirectory();
    attempt("make-directory", path, () => {
      if (fs.existsSync(path) && !isDirectory(path)) throw new DiskError("EEXIST", "make-directory", path);
      // Not mkdir's own way of making parents: on some file systems (/proc) it never comes back.
      const missing: string[] = [];
      for (let each = path; !fs.existsSync(each); each = dirname(each)) missing.push(each);
      for (const each of missing.reverse()) {
        try {
          // As for files: only the owner may look.
          fs.mkdirSync(each, each === path ? 0o700 : 0o777);
        } catch (error) {
          // Somebody else was quicker; a link to nowhere is no directory either.
          if (!isDirectory(each)) throw error;
        }
      }
    });
  }

  syncDirectory(path: string, callback: DiskCallback): void {
    fs.open(path, "r", (openError, fd) => {
      if (openError !== null) {
        callback(asDiskError(openError, "sync-directory", path));
        return;
      }
      fs.fsync(fd, (error) => {
        fs.close(fd, () => callback(error === null || noDirectorySync(error) ? null : asDiskError(error, "sync-directory", path)));
      });
    });
  }

  syncDirectoryNow(path: string): void {
    attempt("sync-directory", path, () => {
      const fd = fs.openSync(path, "r");
      try {
        fs.fsyncSync(fd);
      } catch (error) {
        if (!noDirectorySync(error)) throw error;
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  crc32(bytes: Uint8Array, seed: number, start: number, end: number): number {
    return zlib.crc32(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), seed);
  }

  zeros(bytes: Uint8Array): boolean {
    if (this.#zeros.length < bytes.length) this.#zeros = new Uint8Array(bytes.length);
    return Buffer.compare(bytes, this.#zeros.subarray(0, bytes.length)) === 0;
  }

  nowMs(): number {
    return performance.now();
  }
}

/** Windows cannot sync a directory; its file systems keep names safe by themselves. */
function noDirectorySync(error: unknown): boolean {
  return process.platform === "win32" && (error as NodeJS.ErrnoException).code === "EPERM";
}

function descriptor(file: DiskFile): number {
  return (file as NodeFile).fd;
}

function attempt<T>(operation: DiskOperation, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asDiskError(error, operation, path);
  }
}

function asDiskError(error: unknown, operation: DiskOperation, path: string): DiskError {
  if (error instanceof DiskError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  // Without a system code it is a bug of ours (a bad argument), and must look like one.
  if (typeof code !== "string" || code.startsWith("ERR_")) throw error;
  return new DiskError(code, operation, path);
}
