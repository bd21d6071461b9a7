/** Failing syncs and writes, a full disk: final on the log, held back in reserve (faults 7, 8, 15). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { AdaptiveSyncPolicy, alwaysAsynchronous, alwaysBlocking, type SyncPolicy } from "#maceken/log/sync-policy.js";
import { directory, TestNode, Truth } from "./harness.ts";

function newDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  return disk;
}

/** Lives until the end or until the log fails. The harness asserts that nothing is reported durable after a failure. */
function live(disk: MemoryDisk, truth: Truth, syncPolicy: SyncPolicy): MaceKenError | null {
  let node: TestNode;
  try {
    node = new TestNode(disk, truth, { syncPolicy });
  } catch (error) {
    if (error instanceof MaceKenError) return error;
    throw error;
  }
  let snapshotError: MaceKenError | null = null;
  for (let i = 0; i < 16; i++) {
    node.append(i * 9);
    node.log.flush();
    if (i % 3 === 0) disk.step();
    else disk.settle();
    if (i % 4 === 0) node.log.markDurable();
    if (i === 8) node.snapshot((error) => (snapshotError = error));
  }
  disk.settle();
  let closed = false;
  node.log.close(() => (closed = true));
  disk.settle();
  assert.ok(closed);
  assert.equal(node.failure, node.log.failure);
  return node.failure ?? snapshotError;
}

for (const [name, policy] of [["asynchronous", alwaysAsynchronous], ["blocking", alwaysBlocking]] as const) {
  for (const code of ["EIO", "ENOSPC"]) {
    test(`F07, F08: every operation fails with ${code}, once and for ever; ${name} syncs`, () => {
      const past = newDisk();
      const truth = new Truth();
      live(past, truth, policy);
      const rehearsal = past.restart();
      assert.equal(live(rehearsal, truth.copy(), policy), null);
      for (let at = 0; at < rehearsal.operations; at++) {
        for (const once of [true, false]) {
          const disk = past.restart();
          const known = truth.copy();
          let operation = "";
          disk.fault = (what, _, index) => {
            if (index === at) operation = what;
            return index === at || (!once && index > at && what === operation) ? code : null;
          };
          const failure = live(disk, known, policy);
          if (operation === "sync" && failure === null) assert.equal(code, "ENOSPC", "a failed sync may only pass for lack of space in the reserve");
          disk.fault = null;
          // Whatever happened, what was reported durable is there, after the process's death and after a loss of power.
          for (const after of [disk.restart(), disk.crash(() => false), disk.crash(() => true)]) new TestNode(after, known.copy());
        }
      }
    });
  }
}

test("F07: after a failed sync nothing is reported durable, nothing retried, and the code says so", () => {
  for (const policy of [alwaysAsynchronous, alwaysBlocking]) {
    const disk = newDisk();
    const node = new TestNode(disk, undefined, { syncPolicy: policy, segmentBytes: 65536, firstSegmentBytes: 65536 });
    disk.settle();
    node.append();
    node.log.flush();
    disk.settle();
    const syncs = disk.counts.get("sync")!;
    disk.fault = (operation) => (operation === "sync" ? "EIO" : null);
    node.append();
    node.log.flush();
    node.append();
    disk.settle();
    disk.fault = null;
    assert.equal(node.failure?.code, "MK_LOG_SYNC_FAILED");
    assert.deepEqual(node.failure?.details, { code: "EIO", operation: "sync", path: `${directory}/log-0000000001` });
    node.append();
    node.log.flush();
    node.log.markDurable();
    disk.settle();
    assert.equal(node.truth.durable, 1);
    assert.equal(disk.counts.get("sync"), syncs + 1);
    // The group may be in the cache; a start makes it durable anew, wherever the old pages went.
    const again = new TestNode(disk.restart(), node.truth.copy());
    assert.equal(again.recovered, 2);
  }
});

test("a tail that only the cache holds survives the loss of power after the next start", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  node.append();
  node.log.flush();
  disk.settle();
  disk.fault = (operation) => (operation === "sync" ? "EIO" : null);
  node.append();
  node.log.flush();
  disk.settle();
  const second = disk.restart();
  const again = new TestNode(second, node.truth);
  assert.equal(again.recovered, 2);
  // The second life saw turn 2, and whatever it sends stands on it.
  assert.equal(new TestNode(second.crash(() => false), again.truth.copy()).recovered, 2);
});

test("F08: no space for the next segment: reserved turns false, and true again when there is space", () => {
  const disk = newDisk();
  disk.capacityBytes = 900;
  const node = new TestNode(disk);
  disk.settle();
  assert.equal(node.log.reserved, false);
  assert.equal(node.log.reserveErrorCode, "ENOSPC");
  assert.deepEqual(node.reservedChanges, [false]);
  node.append();
  node.log.flush();
  disk.settle();
  assert.equal(node.truth.durable, 1, "a finished turn still fits");
  node.log.tryReserve();
  disk.settle();
  assert.equal(node.log.reserved, false);
  disk.capacityBytes = Infinity;
  node.log.tryReserve();
  disk.settle();
  assert.equal(node.log.reserved, true);
  assert.ok(node.log.nextSegmentReady);
  assert.deepEqual(node.reservedChanges, [false, true]);
  for (let i = 0; i < 30; i++) {
    node.append();
    node.log.flush();
    disk.settle();
  }
  assert.equal(node.failure, null);
});

test("F08: a turn that finds no space after all stops the node, and what was durable stays", () => {
  const disk = newDisk();
  const node = new TestNode(disk);
  disk.capacityBytes = 600;
  for (let i = 0; i < 30; i++) {
    node.append(100);
    node.log.flush();
    disk.settle();
  }
  assert.equal(node.failure?.code, "MK_LOG_WRITE_FAILED");
  disk.capacityBytes = Infinity;
  new TestNode(disk.crash(() => false), node.truth.copy());
});

test("a segment taken before its name was synced is synced first", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysBlocking });
  // Nothing in the background ever completes.
  for (let i = 0; i < 40; i++) {
    node.append(60);
    node.log.flush();
    assert.equal(node.truth.durable, i + 1);
    new TestNode(disk.crash(() => false), node.truth.copy());
  }
});

test("an error of writing a snapshot ends the snapshot, not the log", () => {
  const disk = newDisk();
  const node = new TestNode(disk);
  node.append();
  node.log.flush();
  disk.settle();
  for (const failing of ["create", "write", "rename"]) {
    disk.fault = (operation, path) => (operation === failing && path.includes("snapshot") ? "ENOSPC" : null);
    let outcome: MaceKenError | null = null;
    node.snapshot((error) => (outcome = error));
    disk.settle();
    disk.fault = null;
    assert.equal((outcome as MaceKenError | null)?.code, "MK_LOG_WRITE_FAILED", failing);
    assert.equal(node.failure, null);
    assert.deepEqual(disk.list(directory).filter((name) => name.startsWith("snapshot")), []);
  }
  node.snapshot();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 1);
});

test("the policy blocks for small groups on a fast disk only", () => {
  const policy = new AdaptiveSyncPolicy();
  assert.equal(policy.chooseBlocking(100, 1), false, "nothing is known yet");
  policy.observe(0.2);
  assert.equal(policy.chooseBlocking(100, 1), true);
  assert.equal(policy.chooseBlocking(100, 2), true);
  assert.equal(policy.chooseBlocking(100, 3), false, "others are in flight");
  assert.equal(policy.chooseBlocking(5000, 1), false, "a large group");
  policy.observe(2000);
  assert.equal(policy.chooseBlocking(100, 1), false, "one slow sync is enough");
  let fast = 0;
  while (!policy.chooseBlocking(100, 1)) {
    policy.observe(0.2);
    fast++;
  }
  assert.ok(fast > 8 && fast < 24, `${fast} fast syncs to trust the disk again`);
});

test("the log blocks when the policy's rule holds, and not while something is in flight or the caller says no", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { segmentBytes: 65536, firstSegmentBytes: 65536, sliceBytes: 65536 });
  disk.settle();
  const turn = (mayBlock?: boolean): number => {
    node.append();
    node.log.flush(mayBlock);
    const { blockingSyncs } = node.log.counters;
    disk.settle();
    return blockingSyncs;
  };
  assert.equal(turn(), 0, "the first sync tells how fast the disk is");
  assert.equal(turn(), 1);
  assert.equal(turn(false), 1);
  disk.syncTakesMs = 5;
  assert.equal(turn(), 2);
  disk.syncTakesMs = 0.2;
  assert.equal(turn(), 2, "that one was slow");
  for (let i = 0; i < 20; i++) turn();
  assert.ok(node.log.counters.blockingSyncs > 2);
});
