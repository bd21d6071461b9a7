import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsOf, verifyLog } from "#maceken/log/verify.js";
import { alwaysAsynchronous } from "#maceken/log/sync-policy.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { decodeTurn, directory, smallSegments, TestNode } from "./harness.ts";

function build(): { disk: MemoryDisk; node: TestNode } {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  for (let i = 0; i < 30; i++) {
    node.append();
    node.append();
    node.log.flush();
    disk.settle();
    if (i === 10) node.snapshot();
  }
  return { disk, node };
}

test("verify counts what is there, and changes nothing", () => {
  const { disk, node } = build();
  const counts = () => ["write", "create", "rename", "unlink", "truncate", "sync"].map((operation) => disk.counts.get(operation as "write") ?? 0);
  const before = counts();
  assert.equal(verifyLog(disk, directory, smallSegments.salt).lastGroupProved, false);
  assert.deepEqual(counts(), before);
  node.log.markDurable();
  const report = verifyLog(disk, directory, smallSegments.salt);
  assert.equal(report.problem, null);
  assert.equal(report.lastTurn, 60);
  assert.equal(report.lastGroup, 30);
  assert.equal(report.lastGroupProved, true);
  const segments = report.files.filter((file) => file.kind === "segment");
  assert.equal(segments.reduce((sum, file) => sum + file.marks, 0), 1);
  for (const file of segments) assert.equal(file.records, file.groups * 2);
  assert.deepEqual(report.files.filter((file) => file.kind === "snapshot").map((file) => [file.lastTurn, file.records]), [[22, 4]]);
  assert.ok(report.files.every((file) => file.remark === null));
});

test("verify names the file and the offset of damage, and remarks an unfinished write", () => {
  const { disk, node } = build();
  const segment = verifyLog(disk, directory, smallSegments.salt).files.find((file) => file.groups > 2 && (file.lastTurn ?? 0) > 30)!;
  const copy = disk.restart();
  copy.flipBit(`${directory}/${segment.name}`, 8 * 60);
  const report = verifyLog(copy, directory, smallSegments.salt);
  assert.equal(report.problem?.code, "MK_LOG_DAMAGED");
  assert.deepEqual(report.problem?.details, { file: segment.name, offset: 0 });
  assert.match(report.files.find((file) => file.name === segment.name)!.remark!, /at byte 0 is torn/);
  node.append(300);
  node.log.flush();
  const last = disk.unsynced.length - 1;
  const torn = disk.crash((_, index) => (index === last ? { firstBytes: 30 } : true));
  const after = verifyLog(torn, directory, smallSegments.salt);
  assert.equal(after.problem, null);
  assert.equal(after.files.filter((file) => /an unfinished write at byte/.test(file.remark ?? "")).length, 1);
});

test("groupsOf walks groups and marks with their offsets and entries", () => {
  const { disk, node } = build();
  node.log.markDurable();
  const turns: number[] = [];
  let marks = 0;
  for (const group of groupsOf(disk, directory, smallSegments.salt)) {
    assert.equal(group.offset % 8, 0);
    if (group.mark) marks++;
    for (const entry of group.entries()) {
      if (group.current) turns.push(decodeTurn(entry.bytes).turn);
      assert.equal(decodeTurn(entry.bytes).turn, entry.lastTurn);
    }
  }
  assert.equal(marks, 1);
  assert.deepEqual(turns, Array.from({ length: 38 }, (_, index) => index + 23));
});

test("groupsOf passes over what the snapshot stands for in the group that was pending when it began", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  node.append();
  node.append();
  node.snapshot();
  node.append();
  node.log.flush();
  disk.settle();
  const turns = [...groupsOf(disk, directory, smallSegments.salt)].flatMap(({ entries }) => Array.from(entries(), ({ bytes }) => decodeTurn(bytes).turn));
  assert.deepEqual(turns, [3]);
});

test("a directory whose files come and go while it is read is sound at every moment", () => {
  const { disk, node } = build();
  const before = disk.restart();
  node.append();
  node.log.flush();
  disk.settle();
  node.snapshot();
  disk.settle();
  for (let i = 0; i < 40; i++) {
    node.append(100);
    node.log.flush();
    disk.settle();
  }
  node.snapshot();
  disk.settle();
  const after = disk.restart();
  assert.notDeepEqual(after.list(directory), before.list(directory));
  let refused = 0;
  for (let change = 0; ; change++) {
    let operations = 0;
    // At each operation in turn the node has gone on to the second state.
    const moving = new Proxy(before, {
      get: (_, name) => {
        const target = operations > change ? after : before;
        const value = target[name as keyof MemoryDisk] as unknown;
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          operations++;
          try {
            return (value as (...args: unknown[]) => unknown).apply(target, args);
          } catch (error) {
            refused++;
            throw error;
          }
        };
      },
    });
    const report = verifyLog(moving, directory, smallSegments.salt);
    assert.equal(report.problem, null, `change at operation ${change}`);
    if (operations <= change) break;
  }
  assert.ok(refused > 0, "files were gone when they were read");
});
