/**
 * `maceken backup`: a whole copy of a node's data, of a running node as well. Made beside its target under another name and renamed
 * when it is durable, so that an interrupted one is never taken for whole. It holds the node's private key.
 */
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { MaceKenError } from "../base/error.ts";
import { clearUnfinished, copyDirectory, type Copied } from "../log/copy-directory.ts";
import { lockDirectory, type DirectoryLock } from "../log/directory-lock-node.ts";
import { ensureDirectory } from "../log/data-directory.ts";
import { DiskError, type Disk } from "../log/disk.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { logFailure, withLogErrors } from "../log/log-error.ts";
import type { Manifest } from "../log/manifest.ts";
import { callControl } from "../node/control-socket.ts";
import { readableBytes } from "../observe/readable-bytes.ts";
import { identityName } from "../transport/identity-node.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { usage } from "./parse.ts";
import { demandDirectory } from "./read-directory.ts";

export const command: CommandSpec = {
  name: "backup",
  summary: "copy a node's data, while it runs or not",
  description: [
    "Makes BACKUP, which must not exist: a directory that `maceken restore` makes a node's again, and that verify, inspect and log read.",
    "It holds everything that was durable when the command began, and the node's private key: only its owner may read it; keep it so.",
    "Until it is complete it is called BACKUP.partial. Of a node that does not run nobody can start it meanwhile.",
  ].join("\n"),
  arguments: [
    { name: "DIR", help: "the data directory" },
    { name: "BACKUP", help: "the directory to make" },
  ],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken backup ./bank-data /backups/bank-monday",
  run,
};

/** Files may vanish or be written while a running node's directory is read; each try begins after a snapshot that is newer. */
const tries = 5;
const betweenTriesMs = 200;

async function run(input: CommandInput): Promise<number> {
  const disk = new NodeDisk();
  const target = resolve(input.arguments["BACKUP"]!);
  const { directory, manifest } = demandDirectory(disk, input.arguments["DIR"]!);
  if (manifest.backup !== undefined) throw usage(command, `${directory} is a backup itself: copy it as any directory`);
  if (!manifest.born) throw usage(command, `nothing has happened in ${directory} yet`);
  if (existsSync(target)) throw new MaceKenError("MK_DIRECTORY_NOT_EMPTY", `${target} exists`, { remedy: "Name a directory that does not exist: nothing is ever overwritten." });
  const lock = await lockUnlessRunning(directory);
  try {
    if (lock === undefined) await takeSnapshot(directory);
    const { turn, bytes } = await make(disk, directory, manifest, target, lock === undefined ? tries : 1);
    if (input.flags["json"] === true) await printJson({ name: manifest.name, turn, bytes, backup: target, running: lock === undefined });
    else await print(`${manifest.name} up to turn ${turn}, ${readableBytes(bytes)}, in ${target}\nIt holds the node's private key: keep it as private as the node's own directory.\n`);
  } finally {
    await lock?.release();
  }
  return exitCode.ok;
}

async function lockUnlessRunning(directory: string): Promise<DirectoryLock | undefined> {
  try {
    return await lockDirectory(directory);
  } catch (error) {
    if (error instanceof MaceKenError && error.code === "MK_DIRECTORY_LOCKED") return undefined;
    throw error;
  }
}

/**
 * A snapshot knows what peers have acknowledged, which records do not; and the log after it is short. Without one the copy is as good,
 * but larger, and a restore gives up more messages.
 */
async function takeSnapshot(directory: string): Promise<void> {
  for (;;) {
    const answer = (await callControl(directory, { command: "snapshot" })) as { readonly done: boolean } | undefined;
    if (answer?.done !== false) return;
  }
}

async function make(disk: Disk, from: string, manifest: Manifest, target: string, most: number): Promise<Copied> {
  const partial = `${target}.partial`;
  ensureDirectory(disk, partial);
  // Another backup to the same place would be at work there; what a dead one left is cleared.
  const lock = await lockDirectory(partial);
  try {
    const also = [identityName];
    for (let attempt = 1; ; attempt++) {
      demandOnlyOurs(disk, partial, also);
      try {
        const copied = copyDirectory(disk, {
          from, to: partial, salt: manifest.salt, also, manifest: (turn) => ({ ...manifest, backup: { turn, wallMs: Date.now() } }),
        });
        withLogErrors(() => {
          disk.rename(partial, target);
          disk.syncDirectoryNow(dirname(target));
        });
        return copied;
      } catch (error) {
        if (attempt >= most || !mayPass(error)) throw error instanceof DiskError ? logFailure(error) : error;
      }
      await delay(betweenTriesMs);
    }
  } finally {
    await lock.release();
  }
}

/** Clears what an interrupted backup has left, and refuses what is somebody else's. */
function demandOnlyOurs(disk: Disk, partial: string, also: readonly string[]): void {
  withLogErrors(() => clearUnfinished(disk, partial, also));
  const left = withLogErrors(() => disk.list(partial)).filter((name) => !name.startsWith("maceken."));
  if (left.length > 0) throw new MaceKenError("MK_DIRECTORY_NOT_EMPTY", `${basename(partial)} holds ${left[0]!}, which no backup has made`);
}

function mayPass(error: unknown): boolean {
  if (error instanceof DiskError) return error.code === "ENOENT";
  return error instanceof MaceKenError && (error.code === "MK_LOG_DAMAGED" || error.code === "MK_LOG_READ_FAILED");
}
