/**
 * `maceken restore`: a new data directory from a backup, in which the node goes on in a new life. Everything is read and judged before
 * anything is written; the manifest comes last, so an interrupted restore is never taken for a node's directory.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { MaceKenError } from "../base/error.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { clearUnfinished, copyDirectory, isUnfinished } from "../log/copy-directory.ts";
import { lockDirectory } from "../log/directory-lock-node.ts";
import { ensureDirectory } from "../log/data-directory.ts";
import type { Disk } from "../log/disk.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { damaged, withLogErrors } from "../log/log-error.ts";
import type { Manifest } from "../log/manifest.ts";
import { randomName } from "../node/random-name.ts";
import { readableBytes } from "../observe/readable-bytes.ts";
import { identityName, openIdentity } from "../transport/identity-node.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { demandDirectory, readDirectory } from "./read-directory.ts";

export const command: CommandSpec = {
  name: "restore",
  summary: "make a node's directory from a backup",
  description: [
    "BACKUP is what `maceken backup` has made, or a data directory whose node does not run. DIR must be empty or not exist. The node starts",
    "on DIR in a new life: what it did after the backup is lost, its peers notice, and what waits on either side gets MK_PEER_LOST.",
    "The directory that was lost must not be started again: peers refuse it from then on.",
  ].join("\n"),
  arguments: [
    { name: "BACKUP", help: "the backup" },
    { name: "DIR", help: "the data directory to make" },
  ],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken restore /backups/bank-monday ./bank-data",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const disk = new NodeDisk();
  const target = resolve(input.arguments["DIR"]!);
  const { directory, manifest } = demandDirectory(disk, input.arguments["BACKUP"]!);
  // Nobody may write to what is read.
  const source = manifest.backup === undefined ? await lockDirectory(directory) : undefined;
  try {
    const { installRuntime } = await import("../heap/install.ts");
    installRuntime();
    const { kernel } = readDirectory(directory);
    const also = await demandIdentity(directory, manifest);
    const { backup, ...rest } = manifest;
    if (backup !== undefined && kernel.executed !== backup.turn) throw damaged("log", 0, `it ends with turn ${kernel.executed}, and the backup was made at turn ${backup.turn}`);
    ensureDirectory(disk, target);
    const lock = await lockDirectory(target);
    const restoredAs = randomName("hex");
    try {
      demandEmpty(disk, target, also);
      const { bytes } = withLogErrors(() => copyDirectory(disk, { from: directory, to: target, salt: manifest.salt, also, manifest: () => ({ ...rest, born: true, restoredAs }) }));
      const lost = whatIsLost(kernel);
      const at = backup === undefined ? null : new Date(backup.wallMs).toISOString();
      if (input.flags["json"] === true) await printJson({ name: manifest.name, directory: target, turn: kernel.executed, at, bytes, incarnation: restoredAs, peers: lost });
      else await print(report(manifest.name, target, kernel.executed, at, bytes, lost));
    } finally {
      await lock.release();
    }
  } finally {
    await source?.release();
  }
  return exitCode.ok;
}

/** The files of the node's key; it is the one that the manifest names. Errors: MK_IDENTITY_MISSING. */
async function demandIdentity(directory: string, { meta }: Manifest): Promise<readonly string[]> {
  if (meta.length === 0) return [];
  await openIdentity(directory, String.fromCharCode(...meta));
  return [identityName];
}

function demandEmpty(disk: Disk, target: string, also: readonly string[]): void {
  if (isUnfinished(disk, target)) return withLogErrors(() => clearUnfinished(disk, target, also));
  const found = readdirSync(target).filter((name) => name !== "lost+found");
  if (found.length > 0) throw new MaceKenError("MK_DIRECTORY_NOT_EMPTY", `${target} is not empty: it holds ${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}`);
}

interface LostWithPeer {
  readonly name: string;
  /** Calls whose outcome somebody waits for. */
  readonly calls: number;
  /** Messages of which the backup does not know that they were acknowledged. */
  readonly messages: number;
}

function whatIsLost({ state, channels }: Kernel): LostWithPeer[] {
  return [...channels.all()].map(({ peer, outbox }) => ({
    name: peer,
    calls: [...state.calls.values()].filter(({ node, outcome }) => node === peer && outcome === null).length,
    messages: outbox.length,
  }));
}

function report(name: string, target: string, turn: number, at: string | null, bytes: number, peers: readonly LostWithPeer[]): string {
  const lines = [`${name} as of turn ${turn}${at === null ? "" : `, ${at}`}, ${readableBytes(bytes)}, in ${target}`, `What ${name} did after that turn is lost. From its next start on it goes on in a new life.`];
  if (peers.length > 0) lines.push("These peers will notice when they next meet; what waits for the other gets MK_PEER_LOST on both sides:");
  for (const { name: peer, calls, messages } of peers) lines.push(`  ${peer}: calls that wait: ${calls}; messages that become dead letters, not known to be acknowledged: ${messages}`);
  lines.push("Do not start the lost directory again, nor another restore beside this one: two nodes would have the same key.");
  return `${lines.join("\n")}\n`;
}
