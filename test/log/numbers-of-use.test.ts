/**
 * Goal: a segment's number of use is never given twice, so that nothing that a torn life wrote is taken for a later one's (K1, K8). Method: a
 * recovery that copies the last group into a reserve dies before each of its operations, and everything unsynced is lost, names among it; the
 * next life writes another group of that number, and dies with each subset of what it had not synced.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alwaysAsynchronous } from "#maceken/log/sync-policy.js";
import { MemoryDisk, SimulatedCrash } from "#maceken/sim/memory-disk.js";
import { directory, TestNode, Truth } from "./harness.ts";

const options = { syncPolicy: alwaysAsynchronous };
/** Reserves of later lives are larger than the segments of the first, and used before them. */
const later = { ...options, segmentBytes: 2048 };

/** All is proved to be durable; then a life that leaves a segment in reserve, and of whose own words only the page cache has any. */
function torn(): { disk: MemoryDisk; truth: Truth } {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const truth = new Truth();
  const first = new TestNode(disk, truth, options);
  first.append();
  first.log.flush();
  disk.settle();
  first.log.markDurable();
  const proved = disk.crash(() => true);
  const second = new TestNode(proved, truth, later);
  proved.settle();
  second.append();
  second.log.flush();
  return { disk: proved.restart(), truth };
}

test("what a recovery wrote that lost its segment's name is not read as the next life's", () => {
  let operations = 0;
  for (let at = 0; ; at++) {
    const { disk, truth } = torn();
    disk.fault = (_, __, index) => (index === at ? "crash" : null);
    try {
      new TestNode(disk, truth.copy(), later);
      break;
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    }
    operations++;
    const found = disk.crash(() => false);
    const next = new TestNode(found, truth.copy(), later);
    next.append(50);
    next.log.flush();
    for (let subset = 0; subset < 1 << found.unsynced.length; subset++) {
      const left = found.crash((_, index) => (subset & (1 << index)) !== 0);
      new TestNode(left, next.truth.copy(), later);
    }
  }
  assert.ok(operations > 10, `${operations} operations`);
});
