/**
 * The turns of a data directory in words, one after another as the log is read. Every turn is applied to a copy of the state in
 * memory, because what a turn changed can only be said by who knows what was there.
 */
import type { Disk } from "../log/disk.ts";
import { Kernel } from "../kernel/kernel.ts";
import { noPeers } from "../kernel/kernel-options.ts";
import { KernelLoader } from "../kernel/recovery.ts";
import { listLogFiles } from "../log/file-names.ts";
import type { Manifest } from "../log/manifest.ts";
import { SnapshotReader } from "../log/snapshot-reader.ts";
import { groupsOf } from "../log/verify.ts";
import { TurnWords, type TurnInWords } from "../observe/turn-words.ts";
import { AppDefinition } from "../service/app.ts";

export interface TurnsRead {
  readonly kernel: Kernel;
  /** Turns up to this one are only known together; 0 without a snapshot. */
  readonly snapshotTurn: number;
  readonly turns: Iterable<TurnInWords>;
  /** Once all turns were read: the names of the services that there are after the last. */
  services(): readonly string[];
}

export function turnsInWords(disk: Disk, directory: string, manifest: Manifest, first: number): TurnsRead {
  const kernel = new Kernel({
    name: manifest.name, app: new AppDefinition({ version: 1 }), peering: noPeers, random: () => 0, newIncarnation: () => "", durable: true,
  });
  const loader = new KernelLoader(kernel);
  const newest = listLogFiles(disk, directory).snapshots.at(-1);
  const snapshot = newest === undefined ? undefined : new SnapshotReader(disk, directory, newest.number, manifest.salt);
  for (const chunk of snapshot?.chunks() ?? []) loader.snapshotChunk(chunk);
  const told: TurnInWords[] = [];
  const words = new TurnWords((index) => kernel.channels.at(index)?.peer, (turn) => void (turn.turn >= first && told.push(turn)));
  let watching = false;
  const watch = (): void => {
    if (watching) return;
    watching = true;
    const root = loader.watch(words);
    if (root !== undefined) words.begin(root);
  };
  function* turns(): Iterable<TurnInWords> {
    for (const group of groupsOf(disk, directory, manifest.salt)) {
      if (!group.current) continue;
      for (const { bytes, lastTurn } of group.entries()) {
        // Turns before the first that is asked for are applied, not told.
        if (lastTurn >= first) watch();
        loader.records(bytes);
        yield* told.splice(0);
      }
    }
    watch();
  }
  return { kernel, snapshotTurn: snapshot?.atTurn ?? 0, turns: turns(), services: () => words.services };
}
