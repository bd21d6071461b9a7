/**
 * Compiled modules on disk, found by what they were made from. Safe under SIGKILL and shared by processes: an entry is written
 * under a temporary name and renamed into place, and checked by length and checksum when it is read; whatever is not a whole
 * entry counts as absent. A directory that cannot be used is no error, only slow. Holds at most `maxEntries`.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { contentHash } from "./content-hash.ts";

export interface CacheEntry {
  readonly format: "module" | "commonjs";
  readonly code: string;
}

const magic = "maceken-compiled-1";
const maxEntries = 8192;
const staleTemporaryMs = 3_600_000;

export class CompileCache {
  readonly #directory: string | undefined;
  #writes = 0;

  /** Without a directory nothing is kept. */
  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  read(key: string): CacheEntry | undefined {
    if (this.#directory === undefined) return undefined;
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(this.#directory, key));
    } catch {
      return undefined;
    }
    const end = bytes.indexOf(10);
    if (end < 0 || end > 200) return undefined;
    const [name, format, length, checksum] = bytes.toString("latin1", 0, end).split(" ");
    const code = bytes.toString("utf8", end + 1);
    if (name !== magic || (format !== "module" && format !== "commonjs")) return undefined;
    if (Number(length) !== code.length || checksum !== contentHash(code)) return undefined;
    return { format, code };
  }

  write(key: string, entry: CacheEntry): void {
    if (this.#directory === undefined) return;
    const temporary = join(this.#directory, `${key}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`);
    try {
      if (this.#writes++ === 0) {
        mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
        this.#prune(this.#directory);
      }
      const head = `${magic} ${entry.format} ${entry.code.length} ${contentHash(entry.code)}\n`;
      writeFileSync(temporary, head + entry.code, { flag: "wx" });
      renameSync(temporary, join(this.#directory, key));
    } catch {
      remove(temporary);
    }
  }

  /** Once in a process that writes: removes what killed processes left, and the older half when there is too much. */
  #prune(directory: string): void {
    const names = readdirSync(directory);
    for (const name of names) {
      if (name.endsWith(".tmp") && Date.now() - modified(join(directory, name)) > staleTemporaryMs) remove(join(directory, name));
    }
    if (names.length <= maxEntries) return;
    const byAge = names.map((name) => ({ path: join(directory, name), at: modified(join(directory, name)) })).sort((a, b) => a.at - b.at);
    for (const { path } of byAge.slice(0, byAge.length - maxEntries / 2)) remove(path);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or in a directory that cannot be used.
  }
}

function modified(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/**
 * `$MACEKEN_CACHE`, else node_modules/.cache/maceken of the nearest folder above `start` that has node_modules, else a folder
 * for this user in the system's temporary directory: only if it is ours, for compiled text is run.
 */
export function cacheDirectory(start: string): string | undefined {
  const chosen = process.env["MACEKEN_CACHE"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  for (let directory = start; ; directory = dirname(directory)) {
    if (isDirectory(join(directory, "node_modules"))) return join(directory, "node_modules", ".cache", "maceken");
    if (dirname(directory) === directory) break;
  }
  const user = process.getuid?.();
  const shared = join(tmpdir(), `maceken-cache-${user ?? "user"}`);
  try {
    mkdirSync(shared, { recursive: true, mode: 0o700 });
    const found = lstatSync(shared);
    return found.isDirectory() && (user === undefined || (found.uid === user && (found.mode & 0o022) === 0)) ? shared : undefined;
  } catch {
    return undefined;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
