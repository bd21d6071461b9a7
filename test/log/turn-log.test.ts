import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { alwaysAsynchronous, alwaysBlocking } from "#maceken/log/sync-policy.js";
import { directory, readAll, smallSegments, TestNode, encodeTurn } from "./harness.ts";
import { openTurnLog } from "#maceken/log/recover.js";

function newDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  return disk;
}

test("an empty log is empty, and stays so over restarts", () => {
  const disk = newDisk();
  for (let i = 0; i < 3; i++) {
    const node = new TestNode(disk);
    assert.equal(node.recovered, 0);
    node.log.close();
    disk.settle();
  }
});

test("appends come back one by one, in order, over many segments and restarts", () => {
  const disk = newDisk();
  let truth = new TestNode(disk).truth;
  for (let life = 0; life < 8; life++) {
    const node = new TestNode(disk, truth);
    assert.equal(node.recovered, life * 30);
    for (let i = 0; i < 30; i++) {
      node.append(i * 5);
      if (i % 3 === 0) node.log.flush();
      if (i % 5 === 0) disk.settle();
    }
    node.log.flush();
    disk.settle();
    assert.equal(truth.durable, (life + 1) * 30);
    node.log.close();
    disk.settle();
    truth = node.truth;
  }
});

test("appends that end in zeros, or are nothing else, come back whole", () => {
  const disk = newDisk();
  const open = () => openTurnLog(disk, { directory, salt: 77, segmentBytes: 2 ** 20, firstSegmentBytes: 2 ** 20, onDurable: () => {}, onFailed: assert.fail });
  const sizes = [1, 47, 300_000, 0, 5];
  const { log } = open();
  sizes.forEach((size, index) => {
    log.append(new Uint8Array(size), index + 1);
    log.flush();
    disk.settle();
  });
  const found = [...open().records].map(({ bytes }) => bytes.slice());
  assert.deepEqual(found, sizes.map((size) => new Uint8Array(size)));
});

test("nothing is durable before its sync, and one group is in flight while the next fills", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  disk.settle();
  const reported: number[] = [];
  node.onDurable = (turn) => reported.push(turn);
  node.append();
  node.log.flush();
  node.append();
  node.append();
  node.log.flush();
  assert.deepEqual(reported, []);
  assert.equal(node.log.counters.groups, 1);
  disk.step();
  assert.deepEqual(reported, [1]);
  assert.equal(node.log.counters.groups, 2, "the next group starts by itself");
  disk.step();
  assert.deepEqual(reported, [1, 3]);
  assert.ok(node.log.idle);
});

test("every group is synced: the disk's count of syncs is the log's count of groups", () => {
  for (const syncPolicy of [alwaysAsynchronous, alwaysBlocking]) {
    const disk = newDisk();
    // One segment, so that no reserve is filled meanwhile.
    const node = new TestNode(disk, undefined, { syncPolicy, segmentBytes: 64 * 1024, firstSegmentBytes: 64 * 1024, sliceBytes: 64 * 1024 });
    disk.settle();
    const before = disk.counts.get("sync") ?? 0;
    for (let i = 0; i < 100; i++) {
      node.append();
      node.log.flush();
      disk.settle();
    }
    assert.equal(node.log.counters.groups, 100);
    assert.equal(node.log.counters.syncs, 100);
    assert.equal((disk.counts.get("sync") ?? 0) - before, 100);
    assert.equal(node.log.counters.blockingSyncs, syncPolicy === alwaysBlocking ? 100 : 0);
  }
});

test("a flush from within onDurable is done after it, without recursion", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysBlocking });
  let blocking = 0;
  let depth = 0;
  let deepest = 0;
  node.onDurable = (turn) => {
    depth++;
    deepest = Math.max(deepest, depth);
    if (turn < 20_000) {
      node.append(0);
      // Now and then something else waits for the caller, which then must not be held up by a sync.
      node.log.flush(turn % 5 !== 0);
      if (turn % 5 !== 0) blocking++;
    }
    depth--;
  };
  node.append(0);
  node.log.flush();
  disk.settle();
  assert.equal(node.truth.durable, 20_000);
  assert.equal(deepest, 1);
  assert.equal(node.log.counters.blockingSyncs, blocking + 1);
});

test("a group larger than a segment has a segment of its own", () => {
  const disk = newDisk();
  const node = new TestNode(disk);
  for (const filler of [100, 5000, 100, 20_000, 3]) {
    node.append(filler);
    node.log.flush();
    disk.settle();
  }
  const again = new TestNode(disk.crash(() => false), node.truth.copy());
  assert.equal(again.recovered, 5);
});

test("a snapshot replaces the log before it, and frees its segments for new use", () => {
  const disk = newDisk();
  const node = new TestNode(disk);
  const sizes: number[] = [];
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 20; i++) {
      node.append(60);
      node.log.flush();
      disk.settle();
    }
    let outcome: unknown = "none";
    node.snapshot((error) => (outcome = error));
    node.append(60);
    node.log.flush();
    disk.settle();
    assert.equal(outcome, null);
    sizes.push(disk.list(directory).length);
    assert.ok(node.log.liveSegments <= 2);
  }
  assert.ok(Math.max(...sizes) <= 6, `files: ${sizes.join(" ")}`);
  assert.equal(disk.list(directory).filter((name) => name.startsWith("snapshot")).length, 1);
  for (const after of [disk.restart(), disk.crash(() => false)]) {
    const truth = node.truth.copy();
    assert.equal(new TestNode(after, truth).recovered, 12 * 21);
  }
});

test("a snapshot in the middle of a filling group divides it exactly", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  node.append();
  node.log.flush();
  node.append();
  node.append();
  node.snapshot();
  node.append();
  node.log.flush();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 1);
  const opened = openTurnLog(disk.restart(), { directory, ...smallSegments, onDurable: () => {}, onFailed: () => {} });
  assert.equal(opened.snapshot?.atTurn, 3);
  assert.equal([...opened.records].length, 1);
  assert.equal(readAll(opened).length, 4);
});

test("a snapshot is not named before everything appended is durable", () => {
  const disk = newDisk();
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  node.append();
  node.snapshot();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 0);
  node.log.flush();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 1);
});

test("an aborted snapshot leaves nothing, and another can follow", () => {
  const disk = newDisk();
  const node = new TestNode(disk);
  node.append();
  node.log.flush();
  disk.settle();
  const writer = node.log.beginSnapshot(1);
  writer.write(encodeTurn(1, 1, 0));
  writer.abort();
  disk.settle();
  node.snapshot();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 1);
  assert.deepEqual(disk.list(directory).filter((name) => name.startsWith("snapshot")), ["snapshot-0000000002"]);
});

test("appends that share a turn, and empty ones, are kept apart", () => {
  const disk = newDisk();
  const opened = openTurnLog(disk, { directory, ...smallSegments, onDurable: () => {}, onFailed: () => {} });
  opened.log.append(new Uint8Array([1]), 5);
  opened.log.append(new Uint8Array([]), 5);
  opened.log.append(new Uint8Array([2, 3]), 9);
  opened.log.flush();
  disk.settle();
  const again = openTurnLog(disk.restart(), { directory, ...smallSegments, onDurable: () => {}, onFailed: () => {} });
  assert.deepEqual([...again.records].map((entry) => [[...entry.bytes], entry.lastTurn]), [[[1], 5], [[], 5], [[2, 3], 9]]);
  assert.equal(again.lastTurn, 9);
});
