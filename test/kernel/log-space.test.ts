/**
 * Goal: the files of a node have the bound that docs/internals/log-format.md states, whatever turns throw away, and what is out of
 * reach leaves the disk. Method: a heap with a log on a simulated disk, driven by the same policy as a node, at a load that writes
 * many times what is alive; the greatest sum of all files is held against the bound.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isBehind, isSnapshotDue, type SnapshotPolicy } from "#maceken/log/snapshot-policy.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { exactText } from "../lib/exact.ts";
import { directory, LoggedHeap } from "./logged-heap.ts";

const segmentBytes = 16 * 1024;
const policy: SnapshotPolicy = { atLeastBytes: 64 * 1024, spareSegments: 16, aheadBytes: 32 * 1024, droppedBytes: 64 * 1024 };
const entries = 3_000;

const makeRoot = () => ({ map: new Map(Array.from({ length: entries }, (_, i) => [i, { text: `entry ${i} `.repeat(8) }])), list: Array.from({ length: entries }, (_, i) => i), count: 0 });

test("space is bounded by the live heap, however much turns throw away", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  let node = new LoggedHeap(disk, segmentBytes, makeRoot);
  let [highest, largest, snapshots, written, interrupted] = [0, 0, 0, 0, 0];
  for (let turn = 0; turn < 4_000; turn++) {
    node.turn((root) => {
      root.count++;
      for (let i = 0; i < 10; i++) root.map.set((turn * 7 + i * 131) % entries, { text: `turn ${turn} `.repeat(9) });
      if (turn % 3 === 0) root.list.push(root.list.shift());
    });
    node.log.flush();
    disk.settle();
    if (!node.takesSnapshot && isSnapshotDue(node.log, policy)) node.beginSnapshot();
    if (node.takesSnapshot) do node.slice(512); while (node.takesSnapshot && isBehind(node.progress.logBytes, node.progress.writtenBytes, policy));
    disk.settle();
    highest = Math.max(highest, disk.usedBytes);
    largest = Math.max(largest, node.log.snapshotBytes);
    if (turn % 1_500 === 1_499) {
      if (node.takesSnapshot) interrupted++;
      // Another life knows how large the snapshot was.
      [snapshots, written] = [snapshots + node.log.counters.snapshots, written + node.log.counters.bytesWritten];
      node.log.close();
      disk.settle();
      const before = exactText(node.root);
      node = new LoggedHeap(disk, segmentBytes, makeRoot);
      assert.equal(exactText(node.root), before);
      assert.ok(node.log.snapshotBytes > 0);
    }
  }
  [snapshots, written] = [snapshots + node.log.counters.snapshots, written + node.log.counters.bytesWritten];
  const bound = (5 + interrupted) * largest + policy.atLeastBytes + (1 + interrupted) * policy.aheadBytes + 6 * segmentBytes;
  console.log(`# ${interrupted} interrupted; ${written} bytes of log, ${snapshots} snapshots of at most ${largest}; files at most ${highest}, bound ${bound}`);
  assert.ok(snapshots >= 4 && written > 10 * largest, "the load is many times the heap");
  assert.ok(highest <= bound, `${highest} bytes, bound ${bound}`);
});

test("what is out of reach leaves the disk", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new LoggedHeap(disk, segmentBytes, makeRoot);
  const secret = "only here, in what is thrown away";
  node.turn((root) => void (root.thrown = new Map(Array.from({ length: 2_000 }, (_, i) => [i, `${secret} ${i}`]))));
  node.log.flush();
  disk.settle();
  const present = (): boolean => disk.list(directory).some((name) => name.startsWith("free-") === false && Buffer.from(bytesOf(disk, name)).includes(secret));
  assert.ok(present());
  node.turn((root) => void delete root.thrown);
  node.beginSnapshot();
  while (node.takesSnapshot) {
    node.slice(4096);
    node.turn((root) => void root.count++);
  }
  disk.settle();
  // The segment that the log is in began before the snapshot: it goes with the next one.
  for (let i = 0; i < 300; i++) node.turn((root) => void root.map.set(i, { text: "new ".repeat(20) })), node.log.flush(), disk.settle();
  node.beginSnapshot();
  while (node.takesSnapshot) node.slice(4096);
  disk.settle();
  assert.ok(!present());
});

function bytesOf(disk: MemoryDisk, name: string): Uint8Array {
  const file = disk.open(`${directory}/${name}`, "read");
  const bytes = new Uint8Array(disk.size(file));
  disk.read(file, 0, bytes);
  disk.close(file);
  return bytes;
}

test("when a snapshot is due", () => {
  const due = (liveBytes: number, liveSegments: number, snapshotBytes: number, droppedBytes = 0): boolean => isSnapshotDue({ liveBytes, liveSegments, snapshotBytes, segmentBytes, blocks: { droppedBytes } }, policy);
  assert.equal(due(policy.atLeastBytes - 1, 4, 0), false);
  assert.equal(due(policy.atLeastBytes, 4, 0), true);
  assert.equal(due(10 * policy.atLeastBytes, 40, 5 * policy.atLeastBytes), true);
  assert.equal(due(10 * policy.atLeastBytes - 1, 40, 5 * policy.atLeastBytes), false, "a large heap's log has many segments");
  assert.equal(due(1_000, 16, 0), true, "short lives leave many");
  assert.equal(due(1_000, 1, 0, policy.droppedBytes), true, "blocks that only the last one keeps");
  assert.equal(due(1_000, 1, policy.droppedBytes + 1, policy.droppedBytes), false);
});
