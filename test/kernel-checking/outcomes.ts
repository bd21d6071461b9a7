/** What a crash may leave of what was not synced. */
import type { MemoryDisk } from "#maceken/sim/memory-disk.js";
import type { Kept, UnsyncedOperation } from "#maceken/sim/unsynced-operations.js";
import type { DiskOutcome } from "#maceken/sim/simulated-node.js";
import type { Boundary } from "./run.ts";

/** Up to so many operations every subset of them is an outcome. */
const everySubset = 3;
/** Of more appends than this either fewer are kept, or all. */
const mostAppends = 8;

const loggedCounts: number[] = [];

/** How many there are; without a closure for each, because it is asked at every boundary. */
export function outcomeCount({ pending }: Pick<Boundary, "pending">, logged: boolean): number {
  if (!logged) return Math.min(pending, mostAppends) + 1;
  return (loggedCounts[Math.min(pending, everySubset + 1)] ??= outcomesOf({ pending }, true, () => 0).length);
}

/** All that are told apart; drawn ones where there are too many. Appends are lost from the end, operations of a disk in any way. */
export function outcomesOf({ pending }: Pick<Boundary, "pending">, logged: boolean, below: (options: number) => number): DiskOutcome[] {
  if (!logged) return Array.from({ length: Math.min(pending, mostAppends) + 1 }, (_, kept) => (kept === Math.min(pending, mostAppends) ? pending : kept));
  const outcomes: DiskOutcome[] = ["process"];
  if (pending === 0) return outcomes;
  if (pending <= everySubset) {
    for (let subset = 0; subset < 1 << pending; subset++) outcomes.push((disk: MemoryDisk) => disk.crash((_, index) => (subset & (1 << index)) !== 0));
  } else {
    outcomes.push("none", "all");
    const prefix = 1 + below(pending - 1);
    const lost = below(pending);
    const only = below(pending);
    outcomes.push(prefix, (disk: MemoryDisk) => disk.crash((_, index) => index !== lost), (disk: MemoryDisk) => disk.crash((_, index) => index === only));
    const bits = below(1 << 20);
    outcomes.push((disk: MemoryDisk) => disk.crash((_, index) => ((bits >> (index % 20)) & 1) === 1));
  }
  for (let i = 0; i < 2; i++) outcomes.push(tornBy(below));
  return outcomes;
}

/** Writes are torn at a byte or lose some of their sectors. */
function tornBy(below: (options: number) => number): (disk: MemoryDisk) => MemoryDisk {
  const tear = (operation: UnsyncedOperation): Kept => {
    if (operation.kind !== "write") return below(2) === 0;
    const choice = below(4);
    if (choice === 0) return { firstBytes: below(operation.bytes.length + 1) };
    return choice === 1 ? { sectors: () => below(2) === 0 } : choice === 2;
  };
  return (disk) => disk.crash(tear);
}
