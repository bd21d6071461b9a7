/**
 * Reads a data directory without running it: the state as the last turn on disk left it. Changes nothing, not even what a
 * recovery would tidy up. Refuses what a start would refuse. Objects of classes that are not loaded are shown by stand-ins.
 */
import { resolve } from "node:path";
import { MaceKenError } from "../base/error.ts";
import { Kernel } from "../kernel/kernel.ts";
import { noPeers } from "../kernel/kernel-options.ts";
import { KernelLoader } from "../kernel/recovery.ts";
import { isUnfinished } from "../log/copy-directory.ts";
import { readManifest, unfinished } from "../log/data-directory.ts";
import type { Disk } from "../log/disk.ts";
import { NodeDisk } from "../log/disk-node.ts";
import { listLogFiles } from "../log/file-names.ts";
import { withLogErrors } from "../log/log-error.ts";
import type { Manifest } from "../log/manifest.ts";
import { SnapshotReader } from "../log/snapshot-reader.ts";
import { groupsOf, verifyLog } from "../log/verify.ts";
import { AppDefinition } from "../service/app.ts";
// What the state holds may be refs, and no program is loaded that would bring what makes them.
import "../service/ref.ts";

export interface DirectoryState {
  readonly kernel: Kernel;
  /** Node time of the last turn, ms. */
  readonly nowMs: number;
  /** Classes that the data name and no loaded module has. */
  readonly unknownClasses: readonly string[];
}

/** Errors: MK_FILE_NOT_FOUND, MK_DIRECTORY_FOREIGN, MK_DIRECTORY_FORMAT, MK_DIRECTORY_UNUSABLE, MK_COPY_UNFINISHED. */
export function demandDirectory(disk: Disk, path: string): { readonly directory: string; readonly manifest: Manifest } {
  const directory = resolve(path);
  const kind = withLogErrors(() => disk.kind(directory));
  if (kind === null) throw new MaceKenError("MK_FILE_NOT_FOUND", `there is no directory ${path}`);
  if (kind !== "directory") throw new MaceKenError("MK_FILE_NOT_FOUND", `${path} is not a directory`);
  const manifest = readManifest(disk, directory);
  if (manifest === null && isUnfinished(disk, directory)) throw unfinished(path);
  if (manifest === null) throw new MaceKenError("MK_DIRECTORY_FOREIGN", `${path} is not a data directory of MaceKen`, { remedy: "Name the directory that `maceken run` was given with --data." });
  return { directory, manifest };
}

/** Load the app before, if its classes matter. Errors: those of demandDirectory, MK_LOG_DAMAGED, MK_LOG_READ_FAILED. */
export function readDirectory(path: string): DirectoryState {
  const disk = new NodeDisk();
  const { directory, manifest } = demandDirectory(disk, path);
  demandSound(disk, directory, manifest, path);
  const kernel = new Kernel({
    name: manifest.name, app: new AppDefinition({ version: 1 }), peering: { ...noPeers, key: String.fromCharCode(...manifest.meta) }, random: () => 0, newIncarnation: () => "", durable: true,
  });
  const loader = new KernelLoader(kernel);
  loadInto(loader, disk, directory, manifest.salt);
  const unknownClasses = loader.finishForInspection();
  kernel.durable = kernel.executed;
  return { kernel, nowMs: loader.nowMs, unknownClasses };
}

/** Errors: MK_LOG_DAMAGED, MK_LOG_READ_FAILED, MK_DIRECTORY_FOREIGN when the node was never born. */
export function demandSound(disk: Disk, directory: string, { salt }: Manifest, path: string): void {
  const { problem, lastTurn } = verifyLog(disk, directory, salt);
  if (problem !== null) throw problem;
  if (lastTurn === 0) throw new MaceKenError("MK_DIRECTORY_FOREIGN", `nothing has happened in ${path} yet`, { remedy: "Start the node once." });
}

export function loadInto(loader: KernelLoader, disk: Disk, directory: string, salt: number): void {
  const newest = listLogFiles(disk, directory).snapshots.at(-1);
  if (newest !== undefined) for (const chunk of new SnapshotReader(disk, directory, newest.number, salt).chunks()) loader.snapshotChunk(chunk);
  // Records that the snapshot holds already are passed over by their turn.
  for (const group of groupsOf(disk, directory, salt)) if (group.current) for (const { bytes } of group.entries()) loader.records(bytes);
}
