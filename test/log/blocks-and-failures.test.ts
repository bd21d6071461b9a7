/** Blocks of messages when the log fails and while the directory is synced (F07, F10): what a snapshot on disk names is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { openTurnLog, type OpenedLog } from "#maceken/log/recover.js";
import { verifyLog } from "#maceken/log/verify.js";
import { directory, smallSegments } from "./harness.ts";

const { salt } = smallSegments;
const content = (block: number): Uint8Array => new Uint8Array(40 + block * 10).fill(block);
const open = (disk: MemoryDisk): OpenedLog => openTurnLog(disk, { directory, ...smallSegments, onDurable: () => {}, onFailed: () => {} });
function fresh(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  return disk;
}

test("F07: a log that fails while a snapshot gets its name removes no block that this snapshot names", () => {
  for (const how of ["the directory's sync fails", "a group cannot be written"]) {
    const disk = fresh();
    const { log } = open(disk);
    log.append(Uint8Array.of(1), 1);
    log.flush();
    disk.settle();
    log.blocks.write(1, content(1));
    disk.settle();
    const writer = log.beginSnapshot(1);
    writer.write(Uint8Array.of(7));
    // The peer has acknowledged what is in it: it is the snapshot's alone.
    log.blocks.drop(1);
    writer.finish(new Set([1]), () => {});
    if (how === "the directory's sync fails") {
      const name = `${directory}/snapshot-0000000001`;
      disk.fault = (operation) => (operation === "sync-directory" && disk.kind(name) === "file" ? "EIO" : null);
    } else {
      // The blocks' directory entries, then the last sync of the snapshot is under way.
      while (disk.kind(`${directory}/snapshot-0000000001`) !== "file") assert.ok(disk.step());
      disk.fault = (operation, path) => (operation === "write" && path.includes("log-") ? "EIO" : null);
      log.append(Uint8Array.of(2), 2);
      log.flush();
    }
    disk.settle();
    assert.notEqual(log.failure, null, how);
    const names = disk.list(directory);
    for (const after of [disk.restart(), disk.crash(() => true)]) {
      after.fault = null;
      assert.equal(verifyLog(after, directory, salt).problem, null, `${how}: ${names}`);
      open(after);
    }
  }
});

test("F10: a directory whose sync is under way is not yet durable", () => {
  const disk = fresh();
  const { log } = open(disk);
  log.append(Uint8Array.of(1), 1);
  log.flush();
  disk.settle();
  log.blocks.write(1, content(1));
  disk.settle();
  const held: (() => void)[] = [];
  const { schedule } = disk;
  // Its sync takes longer than that of the other.
  disk.schedule = (complete) => held.push(complete);
  log.blocks.write(2, content(2));
  const writer = log.beginSnapshot(1);
  writer.write(Uint8Array.of(7));
  writer.finish(new Set([1]), () => {});
  // The sync of the directory is under way; now that of block 2 comes back.
  assert.equal(held.length, 2);
  disk.schedule = schedule;
  held[0]!();
  const renamed = `${directory}/snapshot-0000000001`;
  while (disk.kind(renamed) !== "file" && disk.step());
  assert.notEqual(disk.kind(renamed), "file", "the block's name is not durable, so the snapshot has none");
  // Otherwise: a crash that leaves the rename and not the block's name.
  const after = disk.crash((operation) => operation.kind === "rename");
  assert.equal(verifyLog(after, directory, salt).problem, null);
});
