/** The machine and the disk of a run: figures without them say nothing. */
import { statfsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly fileSystem: string;
  /** Of the last minute, before the suite began: above a few tenths the figures are somebody else's too. */
  readonly loadBefore: number;
}

/** Linux' magic numbers of the file systems one meets; others are shown as they are. */
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: "ext2/3/4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlayfs", 0x2fc12fc1: "zfs", 0x6969: "nfs", 0xf2f52010: "f2fs",
};
const inMemory = new Set(["tmpfs"]);

export function describeMachine(directory: string): Machine {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${type()} ${release()}`,
    node: process.version,
    fileSystem: fileSystemOf(directory),
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  };
}

function fileSystemOf(directory: string): string {
  const { type: magic } = statfsSync(directory);
  return fileSystems[magic] ?? `0x${magic.toString(16)}`;
}

/** A sync of a file system in memory costs nothing and means nothing. */
export function syncsMean(machine: Machine): boolean {
  return !inMemory.has(machine.fileSystem);
}
