/**
 * Crashes before every operation of a life full of appends, changes of segment, snapshots and recycling, with many
 * outcomes of what was not synced, then crashes in the recoveries that follow, three deep (faults 1-4, 10; K1, K8).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk, SimulatedCrash } from "#maceken/sim/memory-disk.js";
import type { Kept, UnsyncedOperation } from "#maceken/sim/unsynced-operations.js";
import { alwaysAsynchronous, alwaysBlocking, type SyncPolicy } from "#maceken/log/sync-policy.js";
import { directory, effort, generator, TestNode, testSeed, Truth } from "./harness.ts";

type Outcome = (disk: MemoryDisk, random: () => number) => MemoryDisk;

const sectors = (random: () => number) => (operation: UnsyncedOperation): Kept => {
  if (operation.kind !== "write") return random() < 0.5;
  const choice = random();
  if (choice < 0.2) return { firstBytes: Math.floor(random() * (operation.bytes.length + 1)) };
  return choice < 0.4 ? { sectors: () => random() < 0.5 } : choice < 0.7;
};

const outcomes: Record<string, Outcome> = {
  "the process alone": (disk) => disk.restart(),
  "everything kept": (disk) => disk.crash(() => true),
  "everything lost": (disk) => disk.crash(() => false),
  "a prefix": (disk, random) => {
    const count = Math.floor(random() * (disk.unsynced.length + 1));
    return disk.crash((_, index) => index < count);
  },
  "all but one": (disk, random) => {
    const lost = Math.floor(random() * disk.unsynced.length);
    return disk.crash((_, index) => index !== lost);
  },
  "some sectors": (disk, random) => disk.crash(sectors(random)),
  "some sectors again": (disk, random) => disk.crash(sectors(random)),
};
const names = Object.keys(outcomes);

/** A life with everything in it. Never returns normally from a crash. */
function live(disk: MemoryDisk, truth: Truth, syncPolicy: SyncPolicy, random: () => number): void {
  const node = new TestNode(disk, truth, { syncPolicy });
  for (let i = 0; i < 14; i++) {
    for (let n = Math.floor(random() * 3); n >= 0; n--) node.append(Math.floor(random() * 150));
    node.log.flush();
    for (let n = Math.floor(random() * 4); n > 0; n--) disk.step();
    if (i % 5 === 3) {
      disk.settle();
      node.log.markDurable();
    }
    if (i === 6 || i === 11) {
      disk.settle();
      node.snapshot(() => {}, 5);
    }
  }
  node.log.flush();
  disk.settle();
  node.log.close();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 2);
}

function crashes(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof SimulatedCrash) return true;
    throw error;
  }
}

/** Recovers, perhaps dying on the way; then goes on living and is looked at once more. */
function recover(disk: MemoryDisk, truth: Truth, depth: number, random: () => number): number {
  let runs = 1;
  if (depth > 0) {
    // How many operations this recovery takes, found out on a copy.
    const rehearsal = disk.restart();
    const rehearsed = truth.copy();
    new TestNode(rehearsal, rehearsed);
    const at = Math.floor(random() * rehearsal.operations);
    const dying = truth.copy();
    disk.fault = (_, __, index) => (index === at ? "crash" : null);
    assert.ok(crashes(() => new TestNode(disk, dying)));
    const outcome = outcomes[names[Math.floor(random() * names.length)]!]!;
    runs += recover(outcome(disk, random), truth, depth - 1, random);
    return runs;
  }
  const node = new TestNode(disk, truth);
  node.append();
  node.log.flush();
  disk.settle();
  node.append();
  node.log.flush();
  disk.settle();
  assert.equal(truth.durable, node.recovered + 2);
  new TestNode(disk.crash(() => false), truth.copy());
  new TestNode(disk.restart(), truth.copy());
  return runs;
}

function crashEverywhere(syncPolicy: SyncPolicy, seed: number, pasts: number): number {
  const lifeSeed = seed % 1000;
  const random = generator(seed);
  // The life begins on a disk that already has a past: recycled segments, a snapshot, a reserve.
  const past = new MemoryDisk();
  past.makeDirectory(directory);
  const truth = new Truth();
  for (let i = 0; i < pasts; i++) live(past, truth, syncPolicy, generator(lifeSeed + i));
  const rehearsal = past.restart();
  live(rehearsal, truth.copy(), syncPolicy, generator(lifeSeed));
  let runs = 0;
  for (let at = 0; at < rehearsal.operations; at++) {
    const disk = past.restart();
    const known = truth.copy();
    disk.fault = (_, __, index) => (index === at ? "crash" : null);
    if (!crashes(() => live(disk, known, syncPolicy, generator(lifeSeed)))) continue;
    for (const name of names) {
      // In CI each outcome is followed to one depth, in long runs to every one.
      const only = effort > 1 ? -1 : Math.floor(random() * 4);
      for (let depth = 0; depth <= 3; depth++) {
        if (only >= 0 && depth !== only) continue;
        try {
          runs += recover(outcomes[name]!(disk, random), known.copy(), depth, random);
        } catch (error) {
          throw new Error(`crash before operation ${at}, ${name}, ${depth} deep, seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  }
  return runs;
}

for (const [name, policy] of [["asynchronous", alwaysAsynchronous], ["blocking", alwaysBlocking]] as const) {
  for (const pasts of [0, 2]) {
    test(`F01, F02, F03: crash before every operation, recovery three deep; ${name} syncs, after ${pasts} lives`, () => {
      const seed = testSeed(`crash, ${name}, ${pasts} lives`);
      let runs = 0;
      for (let i = 0; i < effort; i++) runs += crashEverywhere(policy, seed + i, pasts);
      console.log(`# ${runs} recoveries`);
    });
  }
}

test("F02: crash before every operation of a recovery, and of the recovery after it", () => {
  const seed = testSeed("recovery, every operation");
  const random = generator(seed);
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const truth = new Truth();
  live(disk, truth, alwaysAsynchronous, generator(5));
  // The last group is written and not synced: the one that recovery must copy.
  const node = new TestNode(disk, truth, { syncPolicy: alwaysAsynchronous });
  node.append(30);
  node.log.flush();
  const start = disk.restart();
  const rehearsal = start.restart();
  new TestNode(rehearsal, truth.copy());
  for (let first = 0; first < rehearsal.operations; first++) {
    for (const name of names) {
      const one = start.restart();
      one.fault = (_, __, index) => (index === first ? "crash" : null);
      crashes(() => new TestNode(one, truth.copy()));
      const after = outcomes[name]!(one, random);
      const operations = ((copy) => (new TestNode(copy, truth.copy()), copy.operations))(after.restart());
      for (let second = 0; second < operations; second++) {
        if (effort === 1 && random() > 0.12) continue;
        const two = after.restart();
        two.fault = (_, __, index) => (index === second ? "crash" : null);
        crashes(() => new TestNode(two, truth.copy()));
        recover(outcomes[names[Math.floor(random() * names.length)]!]!(two, random), truth.copy(), 0, random);
      }
    }
  }
});
