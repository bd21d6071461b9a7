/**
 * Blocks of messages beside the log (K1, K6, K8): one that a snapshot names is there after any crash, whole, until a snapshot without
 * it is durable; others are removed. Damage is named, want of room is told, other failures end the log. Method: a life with three
 * snapshots on the simulated disk, crashed before every operation.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { MemoryDisk, SimulatedCrash } from "#maceken/sim/memory-disk.js";
import { openTurnLog, type OpenedLog } from "#maceken/log/recover.js";
import { readBlock } from "#maceken/log/outbox-blocks.js";
import { verifyLog } from "#maceken/log/verify.js";
import { directory, smallSegments } from "./harness.ts";

const { salt } = smallSegments;

function content(block: number): Uint8Array {
  return new Uint8Array(40 + block * 10).fill(block);
}

function open(disk: MemoryDisk, onFailed: (error: MaceKenError) => void = () => {}): OpenedLog {
  return openTurnLog(disk, { directory, ...smallSegments, onDurable: () => {}, onFailed });
}

function fresh(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  return disk;
}

const filesOf = (disk: MemoryDisk): string[] => disk.list(directory).filter((name) => name.startsWith("outbox-"));

/** Blocks 1 to 5; snapshots that name {1, 2}, {2, 3}, {}. */
function live(disk: MemoryDisk): void {
  const { log } = open(disk);
  let turn = 0;
  const work = (): void => {
    log.append(Uint8Array.of(++turn), turn);
    log.flush(false);
    disk.step();
  };
  const snapshot = (blocks: number[], between: () => void): void => {
    const writer = log.beginSnapshot(turn);
    writer.write(Uint8Array.of(...blocks, 99));
    between();
    writer.finish(new Set(blocks), (error) => assert.equal(error, null));
    log.flush(false);
    disk.step();
    work();
    disk.settle();
  };
  work();
  log.blocks.write(1, content(1));
  log.blocks.write(2, content(2));
  work();
  snapshot([1, 2], () => log.blocks.write(3, content(3)));
  log.blocks.drop(1);
  work();
  snapshot([2, 3], () => {
    log.blocks.write(4, content(4));
    log.blocks.drop(4);
    work();
  });
  log.blocks.drop(2);
  log.blocks.drop(3);
  log.blocks.write(5, content(5));
  work();
  snapshot([], () => log.blocks.drop(5));
  disk.settle();
}

test("F01: a crash before every operation: what a snapshot names is there, what none names is removed", () => {
  const rehearsal = fresh();
  live(rehearsal);
  assert.deepEqual(filesOf(rehearsal), [], "nothing is left when nobody needs it");
  let named = 0;
  for (let at = 0; at < rehearsal.operations; at++) {
    const disk = fresh();
    disk.fault = (_, __, index) => (index === at ? "crash" : null);
    try {
      live(disk);
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    }
    const outcomes = [disk.restart(), disk.crash(() => false), disk.crash(() => true), disk.crash((_, index) => index % 2 === 0), disk.crash((_, index) => index % 2 === 1)];
    for (const [i, after] of outcomes.entries()) {
      const what = `crash before operation ${at}, outcome ${i}`;
      assert.equal(verifyLog(after, directory, salt).problem, null, what);
      const { snapshot } = open(after);
      for (const block of snapshot?.blocks ?? []) {
        assert.deepEqual(readBlock(after, directory, salt, block), content(block), what);
        named++;
      }
      assert.equal(filesOf(after).length, snapshot?.blocks.length ?? 0, `${what}: no other file is left`);
      if (snapshot !== null) assert.deepEqual([...[...snapshot.chunks()][0]!], [...snapshot.blocks, 99], `${what}: the list is the snapshot's`);
    }
  }
  assert.ok(named > 100, `${named} blocks were needed and found`);
});

function withBlocks(): MemoryDisk {
  const disk = fresh();
  const { log } = open(disk);
  log.append(Uint8Array.of(1), 1);
  for (const block of [1, 2]) assert.equal(log.blocks.write(block, content(block)), true);
  log.flush();
  const writer = log.beginSnapshot(1);
  writer.write(Uint8Array.of(7));
  writer.finish(new Set([1, 2]), () => {});
  disk.settle();
  assert.equal(log.counters.snapshots, 1);
  log.close();
  disk.settle();
  return disk;
}

const codeOf = (action: () => unknown): { code: string; file: string } => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MaceKenError);
    return { code: error.code, file: (error.details as { file: string }).file };
  }
  return { code: "ok", file: "" };
};

test("F06: every flipped bit of a block is found when it is read, and by verify", () => {
  const disk = withBlocks();
  const path = `${directory}/outbox-0000000002`;
  for (let bit = 0; bit < disk.contents(path).length * 8; bit++) {
    const copy = disk.restart();
    copy.flipBit(path, bit);
    const { log } = open(copy);
    assert.deepEqual(codeOf(() => log.blocks.read(2)), { code: "MK_LOG_DAMAGED", file: "outbox-0000000002" }, `bit ${bit}`);
    assert.deepEqual(log.blocks.read(1), content(1));
    assert.equal(verifyLog(copy, directory, salt).problem?.code, "MK_LOG_DAMAGED");
  }
});

test("F05: a block that is missing, cut or another's is damage, named at the start or when it is read", () => {
  const [first, second] = [`${directory}/outbox-0000000001`, `${directory}/outbox-0000000002`];
  const missing = withBlocks();
  missing.unlink(first);
  assert.deepEqual(codeOf(() => open(missing)), { code: "MK_LOG_DAMAGED", file: "outbox-0000000001" });
  assert.equal(verifyLog(missing, directory, salt).problem?.code, "MK_LOG_DAMAGED");
  const swapped = withBlocks();
  swapped.unlink(first);
  swapped.rename(second, first);
  assert.equal(codeOf(() => readBlock(swapped, directory, salt, 1)).code, "MK_LOG_DAMAGED");
  for (const sizeBytes of [0, 10, 30]) {
    const cut = withBlocks();
    cut.truncate(cut.open(first, "write"), sizeBytes);
    assert.equal(codeOf(() => readBlock(cut, directory, salt, 1)).code, "MK_LOG_DAMAGED");
  }
});

test("F08: without room a block is not kept and leaves nothing; any other failure ends the log", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EFBIG"] as const) {
    for (const operation of ["create", "write"] as const) {
      const disk = fresh();
      const { log } = open(disk);
      disk.fault = (each, path) => (each === operation && path.includes("outbox-") ? code : null);
      assert.equal(log.blocks.write(1, content(1)), false, `${operation} ${code}`);
      disk.fault = null;
      disk.settle();
      assert.deepEqual(filesOf(disk), []);
      assert.equal(log.failure, null);
      assert.equal(log.blocks.write(1, content(1)), true, "it can be written again");
    }
  }
  for (const operation of ["create", "write", "sync"] as const) {
    const disk = fresh();
    let failure: MaceKenError | undefined;
    const { log } = open(disk, (error) => (failure = error));
    disk.fault = (each, path) => (each === operation && path.includes("outbox-") ? "EIO" : null);
    log.blocks.write(1, content(1));
    disk.settle();
    assert.equal(failure?.code, operation === "sync" ? "MK_LOG_SYNC_FAILED" : "MK_LOG_WRITE_FAILED");
  }
});

test("F10: a snapshot is not named before its blocks are durable", () => {
  const disk = fresh();
  const { log } = open(disk);
  log.append(Uint8Array.of(1), 1);
  log.flush();
  disk.settle();
  const held: (() => void)[] = [];
  const { schedule } = disk;
  disk.schedule = (complete) => held.push(complete);
  log.blocks.write(1, content(1));
  disk.schedule = schedule;
  const writer = log.beginSnapshot(1);
  writer.write(Uint8Array.of(7));
  let done = false;
  writer.finish(new Set([1]), () => (done = true));
  disk.settle();
  assert.equal(done, false, "its block's sync has not come back");
  assert.ok(!disk.list(directory).includes("snapshot-0000000001"));
  for (const complete of held) complete();
  disk.settle();
  assert.equal(done, true);
});

test("F08: a block that no snapshot names goes at once when it is not needed any more, and once; a stranger is nobody's", () => {
  const disk = fresh();
  const { log } = open(disk);
  log.blocks.write(1, content(1));
  log.blocks.write(2, content(2));
  disk.settle();
  for (const block of [2, 2, 7]) log.blocks.drop(block);
  disk.settle();
  assert.deepEqual(filesOf(disk), ["outbox-0000000001"]);
  assert.equal(log.blocks.droppedBytes, 0);
});

test("F07: when the names of blocks cannot be made durable no snapshot names them, and the log stops", () => {
  const disk = fresh();
  let failure: MaceKenError | undefined;
  const { log } = open(disk, (error) => (failure = error));
  log.append(Uint8Array.of(1), 1);
  log.flush();
  disk.settle();
  log.blocks.write(1, content(1));
  disk.fault = (operation) => (operation === "sync-directory" ? "EIO" : null);
  const writer = log.beginSnapshot(1);
  writer.write(Uint8Array.of(7));
  let ended: MaceKenError | null | undefined;
  writer.finish(new Set([1]), (error) => (ended = error));
  disk.settle();
  assert.deepEqual([failure?.code, ended?.code], ["MK_LOG_SYNC_FAILED", "MK_LOG_SYNC_FAILED"]);
  assert.ok(!disk.list(directory).some((name) => /^snapshot-\d+$/.test(name)));
  assert.deepEqual(open(disk.restart()).snapshot, null);
});
