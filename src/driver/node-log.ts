/**
 * The log of a node as a start finds it, and the way from there to a kernel that lives: examine, load, hold the app against the data, and
 * only then write (K1, K8). The same in production and in the simulator. Locks nothing and opens no address: that is node.ts.
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { TimeOfStep } from "../kernel/kernel-clock.ts";
import type { KernelEffect } from "../kernel/kernel-effect.ts";
import { KernelLoader } from "../kernel/recovery.ts";
import { openDataDirectory, type DataDirectory, type DataDirectoryOptions } from "../log/data-directory.ts";
import type { Disk } from "../log/disk.ts";
import { examineTurnLog } from "../log/recover.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { TurnLogOptions } from "../log/turn-log-options.ts";

export interface FoundLog {
  /** The node is to be born. */
  readonly empty: boolean;
  readonly directory: DataDirectory;
  readonly provenTurn: number;
  load(loader: KernelLoader): void;
  /** The writing half of recovery, once. */
  begin(): TurnLog;
}

/** Opens the directory, making its manifest if it has none, and reads the log without changing it. */
export function findLog(disk: Disk, where: DataDirectoryOptions, options: Omit<TurnLogOptions, "directory" | "salt">): FoundLog {
  const directory = openDataDirectory(disk, where);
  const { salt, born } = directory.manifest;
  const { snapshot, records, empty, provenTurn, begin } = examineTurnLog(disk, { ...options, directory: where.path, salt, born });
  return {
    empty,
    provenTurn,
    directory,
    begin,
    load(loader) {
      for (const chunk of snapshot?.chunks() ?? []) loader.snapshotChunk(chunk);
      for (const { bytes } of records) loader.records(bytes);
    },
  };
}

/**
 * What the recovered kernel asks for, or undefined when the node is to be born. What an upgrade may be refused for, or throw, comes
 * here, before the first write: the directory is then as it was, to the byte.
 */
export function recover(kernel: Kernel, found: FoundLog | undefined, time: TimeOfStep): KernelEffect[] | undefined {
  if (found === undefined || found.empty) return undefined;
  const loader = new KernelLoader(kernel);
  found.load(loader);
  return loader.finish(time, found.provenTurn);
}
