/**
 * One process a data directory: a lock that the operating system drops when its process ends, however it ends, and keeps
 * while the process is stopped (fault 13). No heartbeat and no stale period. On Linux a listening socket in the abstract
 * name space, named by device and inode of the directory, so that every path to it means the same lock. It does not reach
 * across network name spaces (two containers that share a volume) nor across machines (a network file system). Elsewhere
 * a named pipe (Windows) or a socket file in the temporary directory (macOS and others), which knows a dead owner by its
 * refusing a connection.
 */
import { readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaceKenError } from "../base/error.ts";
import { ownerName } from "./data-directory.ts";

export interface DirectoryLock {
  /**
   * Writes the process id into the directory, so that a second process can name it. Only once the directory is known to
   * be ours.
   */
  announce(): void;
  release(): Promise<void>;
}

/** Takes the lock of an existing directory, or throws MK_DIRECTORY_LOCKED. Does not keep the process alive. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  let identity: string;
  try {
    const { dev, ino } = statSync(directory, { bigint: true });
    identity = `${dev}-${ino}`;
  } catch (error) {
    throw unusable(directory, error);
  }
  const server = await bind(directory, identity);
  return {
    announce: () => announce(directory),
    release: () => {
      withdraw(directory);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Who holds the lock, when anybody does; the process id as far as it is known. Takes nothing. */
export async function lockHolder(directory: string): Promise<{ readonly pid: number | null } | undefined> {
  try {
    const { dev, ino } = statSync(directory, { bigint: true });
    return (await answers(lockPath(`${dev}-${ino}`))) ? { pid: ownerOf(directory) } : undefined;
  } catch {
    return undefined;
  }
}

async function bind(directory: string, identity: string): Promise<Server> {
  const path = lockPath(identity);
  try {
    return await listen(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw unusable(directory, error);
    if (!leavesFile() || (await answers(path))) throw locked(directory);
  }
  // Two processes that both find a dead owner's file at the same instant are told apart by the second bind.
  try {
    unlinkSync(path);
    return await listen(path);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? locked(directory) : unusable(directory, error);
  }
}

function lockPath(identity: string): string {
  if (process.platform === "linux") return `\0maceken-${identity}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\maceken-${identity}`;
  return join(tmpdir(), `maceken-${identity}.lock`);
}

function leavesFile(): boolean {
  return process.platform !== "linux" && process.platform !== "win32";
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Nobody has business here: connections are only tried to see whether the owner lives.
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen({ path, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", () => {});
      server.unref();
      resolve(server);
    });
  });
}

/** A stopped owner's socket still takes connections: the kernel does that for it. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}

function announce(directory: string): void {
  try {
    writeFileSync(join(directory, ownerName), `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // Only for people: the socket is the lock.
  }
}

/** While the lock is still held: afterwards the file could be the next owner's. */
function withdraw(directory: string): void {
  try {
    if (ownerOf(directory) === process.pid) rmSync(join(directory, ownerName), { force: true });
  } catch {
    // It names a process that is gone, which is what it is for.
  }
}

/** The process that said last that it has the directory. */
export function ownerOf(directory: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(directory, ownerName), "utf8"), 10);
    return Number.isSafeInteger(pid) ? pid : null;
  } catch {
    return null;
  }
}

function locked(directory: string): MaceKenError {
  const pid = ownerOf(directory);
  const who = pid === null ? "another process" : `process ${pid}`;
  return new MaceKenError("MK_DIRECTORY_LOCKED", `${directory} is in use by ${who}`, { details: pid === null ? {} : { pid } });
}

function unusable(directory: string, error: unknown): MaceKenError {
  return new MaceKenError("MK_DIRECTORY_UNUSABLE", `${directory} cannot be locked: ${(error as Error).message}`, { cause: error });
}
