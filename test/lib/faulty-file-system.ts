/**
 * Loaded before a node's program (`--import`): the operations of node:fs on one directory are counted, and fail or are slow as the
 * environment says. Production code is untouched, and everything else of the process sees the real file system. At the end of the
 * process, and when the fault strikes, a line of JSON is added to the report.
 */
import fs from "node:fs";
import { ServerResponse } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";

export interface FaultyFileSystem {
  /** The data directory. */
  readonly directory: string;
  /** Where lines of JSON go. */
  readonly report: string;
  /** As `write log`: which operation on which kind of file. */
  readonly operation?: string;
  /** From 1: which of them. */
  readonly at?: number;
  readonly forever?: boolean;
  /** A system's code, or `short`: a write that takes a part, as the system may. */
  readonly error?: string;
  /** The node is not told: the operation succeeds. For the test of the test. */
  readonly silent?: boolean;
  /** How long each sync takes, at least. */
  readonly syncDelayMs?: number;
  /** Only while this file is there. */
  readonly slowWhile?: string;
  /** So that a test's few requests bring a snapshot about. */
  readonly snapshotAtBytes?: number;
}

export type FaultReport =
  | { readonly kind: "struck"; readonly operation: string }
  | { readonly kind: "counts"; readonly counts: Readonly<Record<string, number>> }
  /** After a failed sync of the log something was answered with 200: the promise is broken. */
  | { readonly kind: "answered" };

export const faultyFileSystemVariable = "MACEKEN_FAULTY_FS";

const given = process.env[faultyFileSystemVariable];
if (given !== undefined) install(JSON.parse(given) as FaultyFileSystem);

function install({ directory, report, operation, at = 1, forever = false, error, silent = false, syncDelayMs = 0, slowWhile, snapshotAtBytes }: FaultyFileSystem): void {
  const real = { ...fs };
  const counts: Record<string, number> = {};
  const paths = new Map<number, string>();
  let hasStruck = false;
  let syncFailed = false;
  const tell = (line: FaultReport): void => real.appendFileSync(report, `${JSON.stringify(line)}\n`);

  /** The kind of a file of the directory; undefined for all others. */
  const kindOf = (path: unknown): string | undefined => {
    if (typeof path !== "string" || !path.startsWith(directory)) return undefined;
    if (path.length <= directory.length + 1) return "directory";
    return basename(path).replace(/-\d+/, "").replace(/^maceken\./, "");
  };

  /** The error with which this operation is to fail. */
  const fault = (what: string, path: unknown): string | undefined => {
    const file = kindOf(path);
    if (file === undefined) return undefined;
    const name = `${what} ${file}`;
    const count = (counts[name] = (counts[name] ?? 0) + 1);
    if (name !== operation || error === undefined || (forever ? count < at : count !== at)) return undefined;
    if (!hasStruck) tell({ kind: "struck", operation: name });
    hasStruck = true;
    return error;
  };

  const systemError = (code: string, syscall: string, path: unknown): NodeJS.ErrnoException => Object.assign(new Error(`${code}: planted, ${syscall} '${String(path)}'`), { code, errno: -1, syscall, path: String(path) });
  const failing = (what: string, path: unknown): void => {
    const code = fault(what, path);
    if (what === "sync-now") failedSync(path, code);
    if (code !== undefined && code !== "short" && !silent) throw systemError(code, what, path);
  };
  /** From now on the node knows, or would. A reserve or a snapshot that finds no room may be done without; nothing else may. */
  const failedSync = (path: unknown, code: string | undefined): void => {
    if (code !== undefined && kindOf(path) === "log" && !["ENOSPC", "EDQUOT", "EFBIG"].includes(code)) syncFailed = true;
  };

  /** Operations on a path, which fail before they do anything. */
  const byPath = (name: "renameSync" | "unlinkSync" | "readdirSync" | "statSync" | "mkdirSync" | "readFileSync" | "rmSync" | "writeFileSync", what: string): void => {
    const original = real[name] as (...args: unknown[]) => unknown;
    (fs as unknown as Record<string, unknown>)[name] = (path: unknown, ...rest: unknown[]): unknown => {
      failing(what, path);
      return original(path, ...rest);
    };
  };
  byPath("renameSync", "rename");
  byPath("unlinkSync", "unlink");
  byPath("readdirSync", "list");
  byPath("statSync", "kind");
  byPath("mkdirSync", "make-directory");
  byPath("readFileSync", "read-whole");
  byPath("rmSync", "remove");
  byPath("writeFileSync", "write-whole");

  fs.openSync = ((path: string, flags: string, ...rest: []) => {
    failing(flags.startsWith("w") ? "create" : "open", path);
    const fd = real.openSync(path, flags, ...rest);
    paths.set(fd, path);
    return fd;
  }) as typeof fs.openSync;
  fs.open = ((path: string, flags: string, callback: (error: Error | null, fd?: number) => void) => {
    const code = fault("open", path);
    if (code !== undefined && code !== "short") return void setImmediate(callback, systemError(code, "open", path));
    real.open(path, flags, (failed, fd) => {
      if (failed === null) paths.set(fd, path);
      callback(failed, fd);
    });
  }) as unknown as typeof fs.open;

  /** Operations on an open file that do nothing but succeed or fail. */
  const byFile = (name: "ftruncateSync" | "fstatSync" | "closeSync" | "readSync", what: string): void => {
    const original = real[name] as (...args: unknown[]) => unknown;
    (fs as unknown as Record<string, unknown>)[name] = (fd: number, ...rest: unknown[]): unknown => {
      if (name === "closeSync") {
        // Closed all the same: Linux has given up the descriptor when it reports an error.
        const path = paths.get(fd);
        paths.delete(fd);
        original(fd);
        return failing(what, path);
      }
      failing(what, paths.get(fd));
      return original(fd, ...rest);
    };
  };
  byFile("ftruncateSync", "truncate");
  byFile("fstatSync", "size");
  byFile("closeSync", "close");
  byFile("readSync", "read");

  fs.writeSync = ((fd: number, bytes: Uint8Array | string, ...rest: unknown[]) => {
    const original = real.writeSync as (...args: unknown[]) => number;
    const code = fault("write", paths.get(fd));
    if (code === undefined || typeof bytes === "string") return code === undefined || code === "short" ? original(fd, bytes, ...rest) : fail();
    const [start = 0, length = bytes.length, position] = rest as [number?, number?, number?];
    // A part gets to the disk either way.
    const part = length > 1 ? original(fd, bytes, start, length >> 1, position) : 0;
    return code === "short" ? Math.max(part, original(fd, bytes, start, Math.max(1, length >> 1), position)) : fail();
    function fail(): never {
      throw systemError(code!, "write", paths.get(fd));
    }
  }) as typeof fs.writeSync;

  const isSlow = (path: unknown): boolean => syncDelayMs > 0 && kindOf(path) !== undefined && (slowWhile === undefined || real.existsSync(slowWhile));
  /** Syncs: slow ones take their time, failing ones have done nothing. */
  const later = (name: "fdatasync" | "fsync", what: string): void => {
    const original = real[name];
    fs[name] = ((fd: number, callback: fs.NoParamCallback) => {
      const path = paths.get(fd);
      const code = fault(what, path);
      const go = (): void => {
        failedSync(path, code);
        if (code !== undefined && code !== "short" && !silent) callback(systemError(code, name, path));
        else original(fd, callback);
      };
      if (isSlow(path)) setTimeout(go, syncDelayMs);
      else setImmediate(go);
    }) as never;
  };
  later("fdatasync", "sync");
  later("fsync", "sync-later");
  for (const [name, what] of [["fdatasyncSync", "sync-now"], ["fsyncSync", "sync-now"]] as const) {
    const original = real[name];
    fs[name] = (fd) => {
      const path = paths.get(fd);
      if (isSlow(path)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, syncDelayMs);
      failing(what, path);
      original(fd);
    };
  }
  const { unlink } = real;
  fs.unlink = ((path: string, callback: fs.NoParamCallback) => {
    const code = fault("unlink", path);
    if (code !== undefined && code !== "short") setImmediate(callback, systemError(code, "unlink", path));
    else unlink(path, callback);
  }) as typeof fs.unlink;
  syncBuiltinESMExports();

  const { writeHead } = ServerResponse.prototype;
  ServerResponse.prototype.writeHead = function (this: ServerResponse, status: number, ...rest: never[]) {
    if (syncFailed && status === 200 && this.req.method === "POST") tell({ kind: "answered" });
    return writeHead.call(this, status, ...rest);
  } as typeof writeHead;

  process.on("exit", () => tell({ kind: "counts", counts }));
  if (snapshotAtBytes !== undefined) {
    void import("#maceken/log/snapshot-policy.js").then(({ defaultSnapshotPolicy }) => {
      (defaultSnapshotPolicy as { atLeastBytes: number }).atLeastBytes = snapshotAtBytes;
    });
  }
}
