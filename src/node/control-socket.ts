/**
 * The way for the command line to a running node: a socket of this machine that takes one JSON request a line and answers
 * each with one. A socket's path may have 108 bytes and data directories may lie deeper, so it lies in the temporary directory
 * under a name made from the directory's real path; the data directory says where. Only the same user may use it.
 * Knows nothing of the requests.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaceKenError } from "../base/error.ts";
import { ownerOf } from "../log/directory-lock-node.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { errorCodes } from "../base/error-codes.ts";
import { controlFileName } from "./control-file.ts";

export interface ControlSocket {
  close(): Promise<void>;
}

const maxRequestBytes = 64 * 1024;
const maxAnswerBytes = 256 * 1024 * 1024;
const maxConnections = 16;
const idleMs = 60_000;
/** A process that is stopped takes connections and answers nothing. */
const answerMs = 10_000;
const newline = 0x0a;

/**
 * Opens the socket for the node that holds the directory's lock; `handle` answers a value that JSON can hold, or throws.
 * Errors: MK_LISTEN_FAILED. Does not keep the process alive.
 */
export async function startControlSocket(directory: string, handle: (request: unknown) => Promise<unknown>): Promise<ControlSocket> {
  const path = socketPath(directory);
  const note = join(directory, controlFileName);
  const real = realpathSync(directory);
  const server = createServer((socket) => serve(socket, real, handle));
  server.maxConnections = maxConnections;
  try {
    // The lock is held, so whatever lies here was left by a process that is gone.
    rmSync(path, { force: true });
    await listen(server, path);
    writeFileSync(`${note}.tmp`, `${path}\n`, { mode: 0o600 });
    renameSync(`${note}.tmp`, note);
  } catch (error) {
    server.close();
    throw new MaceKenError("MK_LISTEN_FAILED", `the control socket ${path} cannot be opened: ${(error as Error).message}`, { cause: error, remedy: "Make the temporary directory writable, or set TMPDIR to one that is." });
  }
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return {
    close: () => new Promise((resolve) => {
      try {
        rmSync(note, { force: true });
      } catch {
        // It names a socket that nobody answers at, as after a crash.
      }
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

/**
 * One request to the node that runs on the directory; undefined when none can be reached. Throws the MaceKenError it answers with, and
 * MK_NODE_SILENT when it takes the request and does not answer.
 */
export function callControl(directory: string, request: unknown, waitMs = answerMs): Promise<unknown> {
  const path = notedPath(directory);
  return new Promise((resolve, reject) => {
    if (path === undefined) return resolve(undefined);
    const socket = connect(path);
    const pieces: Buffer[] = [];
    let length = 0;
    let connected = false;
    socket.on("connect", () => {
      connected = true;
      socket.write(`${JSON.stringify({ directory: realpathSync(directory), request })}\n`);
      socket.setTimeout(waitMs, () => {
        reject(silent(directory, waitMs));
        socket.destroy();
      });
    });
    socket.on("data", (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length > maxAnswerBytes) socket.destroy(new MaceKenError("MK_USAGE", `the answer is longer than ${maxAnswerBytes} bytes`, { remedy: "Ask for less, or stop the node and read its directory." }));
      else if (piece[piece.length - 1] === newline) {
        socket.destroy();
        settle(Buffer.concat(pieces).toString("utf8"), resolve, reject);
      }
    });
    // The node may end between two of our steps: then it does not run.
    socket.on("error", (error) => (!connected ? resolve(undefined) : reject(error instanceof MaceKenError ? error : ended(directory))));
    socket.on("close", () => reject(ended(directory)));
  });
}

function settle(text: string, resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  const answer = JSON.parse(text) as { ok: boolean; elsewhere?: boolean; value?: unknown; error?: { code: string; message: string; remedy?: string; details?: unknown } };
  if (answer.elsewhere === true) return resolve(undefined);
  if (answer.ok) return resolve(answer.value ?? null);
  const { code, message, remedy, details } = answer.error!;
  const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : "MK_HANDLER_FAILED";
  reject(new MaceKenError(known, message, { details, ...(remedy === undefined ? {} : { remedy }) }));
}

/** What an operator can do with a process that is there and does not answer. */
function silent(directory: string, waitedMs: number): MaceKenError {
  const pid = ownerOf(directory);
  return new MaceKenError("MK_NODE_SILENT", `${processName(pid)} works on ${directory} and has not answered for ${waitedMs / 1000} s: it is suspended, or in a turn that takes long`, {
    details: { pid, ended: false },
    ...(pid === null ? {} : { remedy: `\`ps -o stat= -p ${pid}\` shows T when it is suspended: \`kill -CONT ${pid}\` wakes it. If it is stuck, \`kill -9 ${pid}\` loses nothing durable.` }),
  });
}

/** Whether it did what it was asked for, nobody can tell from here. */
function ended(directory: string): MaceKenError {
  const pid = ownerOf(directory);
  return new MaceKenError("MK_NODE_SILENT", `${processName(pid)} on ${directory} ended before it answered`, { details: { pid, ended: true }, remedy: "Start the node again, and look what it says." });
}

function processName(pid: number | null): string {
  return pid === null ? "the process" : `process ${pid}`;
}

function serve(socket: Socket, directory: string, handle: (request: unknown) => Promise<unknown>): void {
  let waiting: Buffer = Buffer.alloc(0);
  let last: Promise<void> = Promise.resolve();
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.unref();
  socket.on("error", () => socket.destroy());
  socket.on("data", (piece: Buffer) => {
    waiting = waiting.length === 0 ? piece : Buffer.concat([waiting, piece]);
    for (let end = waiting.indexOf(newline); end >= 0; end = waiting.indexOf(newline)) {
      const line = waiting.toString("utf8", 0, end);
      waiting = waiting.subarray(end + 1);
      // Answers come in the order of the requests.
      last = last.then(async () => void socket.write(`${await answer(line, directory, handle)}\n`));
    }
    if (waiting.length > maxRequestBytes) socket.destroy();
  });
}

async function answer(line: string, directory: string, handle: (request: unknown) => Promise<unknown>): Promise<string> {
  let asked: { directory?: unknown; request?: unknown } | null;
  try {
    asked = JSON.parse(line) as { directory?: unknown; request?: unknown } | null;
  } catch {
    return failure(new MaceKenError("MK_USAGE", "the request is not JSON"));
  }
  // A copy of a directory names the socket of the original's node, which must not speak for it.
  if (asked?.directory !== directory) return JSON.stringify({ ok: false, elsewhere: true });
  try {
    return JSON.stringify({ ok: true, value: (await handle(asked.request)) ?? null });
  } catch (error) {
    // A bug of ours ends the node, as everywhere; what the operator asked for wrongly is told to him.
    if (!(error instanceof MaceKenError)) throw error;
    return failure(error);
  }
}

function failure({ code, message, remedy, details }: MaceKenError): string {
  return JSON.stringify({ ok: false, error: { code, message, remedy, details: details ?? null } });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      server.on("error", () => {});
      server.unref();
      if (process.platform !== "win32") chmodSync(path, 0o600);
      resolve();
    });
  });
}

/** In a folder that only this user can enter, so that nobody may connect between listen and chmod, or put a socket of his own there. */
function socketPath(directory: string): string {
  const name = createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\maceken-control-${name}`;
  const folder = join(tmpdir(), `maceken-${process.getuid?.() ?? "user"}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const ours = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  // Somebody else made the folder first: a name that he cannot guess is as good.
  return ours ? join(folder, name) : join(tmpdir(), `maceken-${randomBytes(16).toString("hex")}`);
}

function notedPath(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, controlFileName), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
