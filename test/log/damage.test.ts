/** Torn tails are cut, damage is refused, and one flipped bit is found or without effect (faults 4, 5, 6, 9). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import type { DiskFile } from "#maceken/log/disk.js";
import { alwaysAsynchronous } from "#maceken/log/sync-policy.js";
import { verifyLog } from "#maceken/log/verify.js";
import { codeOf, directory, effort, generator, smallSegments, TestNode, testSeed } from "./harness.ts";

/** A log with a snapshot, several segments, marks inside, and a mark at its end. */
function build(): TestNode & { disk: MemoryDisk } {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  let node = new TestNode(disk);
  for (let i = 0; i < 60; i++) {
    node.append(i % 40);
    node.log.flush();
    disk.settle();
    if (i % 7 === 0) node.log.markDurable();
    if (i === 30) node.snapshot();
    if (i === 45) {
      node.log.close();
      disk.settle();
      node = new TestNode(disk, node.truth);
    }
  }
  disk.settle();
  node.log.markDurable();
  return Object.assign(node, { disk });
}

test("F06: one flipped bit anywhere is found, or without effect", () => {
  const { disk, truth } = build();
  const durable = disk.crash(() => true);
  const random = generator(testSeed("flipped bits"));
  let found = 0;
  let tried = 0;
  for (const name of durable.list(directory)) {
    const path = `${directory}/${name}`;
    const bits = durable.contents(path).length * 8;
    for (let bit = 0; bit < bits; bit++) {
      if (effort === 1 && random() > 0.25) continue;
      const copy = durable.restart();
      copy.flipBit(path, bit);
      tried++;
      try {
        // The constructor compares every turn with the truth.
        assert.equal(new TestNode(copy, truth.copy()).recovered, 60);
      } catch (error) {
        assert.ok(error instanceof MaceKenError && error.code === "MK_LOG_DAMAGED", `bit ${bit} of ${name}: ${error}`);
        const { file, offset } = error.details as { file: string; offset: number };
        assert.equal(file, name, `${error.message}: the damage was in ${name} at byte ${bit >> 3}`);
        assert.ok(offset <= bit >> 3, `${error.message}: the damage was at byte ${bit >> 3}`);
        found++;
      }
    }
  }
  console.log(`# ${found} of ${tried} flips refused, the others without effect`);
  assert.ok(found > tried / 20);
});

test("verify agrees with the start about every flipped bit", () => {
  const { disk, truth } = build();
  const durable = disk.crash(() => true);
  assert.equal(verifyLog(durable.restart(), directory, smallSegments.salt).problem, null);
  const random = generator(testSeed("verify"));
  for (let i = 0; i < 500; i++) {
    const names = durable.list(directory);
    const path = `${directory}/${names[Math.floor(random() * names.length)]}`;
    const copy = durable.restart();
    copy.flipBit(path, Math.floor(random() * durable.contents(path).length * 8));
    const { problem } = verifyLog(copy, directory, smallSegments.salt);
    assert.equal(problem?.code ?? "none", codeOf(() => new TestNode(copy, truth.copy())), path);
  }
});

test("F04: the last group torn at every byte is dropped", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  node.append();
  node.log.flush();
  disk.settle();
  node.append(600);
  node.append(100);
  node.log.flush();
  const last = disk.unsynced.findLastIndex((operation) => operation.kind === "write" && operation.bytes.length > 700);
  const { bytes } = disk.unsynced[last] as { bytes: Uint8Array };
  assert.equal(new TestNode(disk.crash(() => true), node.truth.copy()).recovered, 3);
  for (let length = 0; length < bytes.length; length++) {
    const after = disk.crash((_, index) => (index === last ? { firstBytes: length } : true));
    assert.equal(new TestNode(after, node.truth.copy()).recovered, 1, `torn at ${length}`);
  }
});

test("F06: without a mark, damage to the very last group looks torn; with one it is refused", () => {
  for (const mark of [false, true]) {
    const disk = new MemoryDisk();
    disk.makeDirectory(directory);
    const node = new TestNode(disk);
    for (let i = 0; i < 3; i++) {
      node.append();
      node.log.flush();
      disk.settle();
    }
    if (mark) node.log.markDurable();
    const segment = disk.list(directory).find((name) => name.startsWith("log"))!;
    const length = disk.contents(`${directory}/${segment}`).length;
    const refused: number[] = [];
    for (let byte = 0; byte < length; byte++) {
      const copy = disk.restart();
      copy.flipBit(`${directory}/${segment}`, byte * 8);
      const truth = node.truth.copy();
      if (!mark) truth.durable = 2;
      const code = codeOf(() => new TestNode(copy, truth));
      if (code !== "none") refused.push(byte);
    }
    // Three groups of a header, two bytes for the entry's lengths, and 28 of record, at multiples of eight.
    assert.equal(refused.length, (48 + 2 + 28) * (mark ? 3 : 2));
  }
});

test("F05: a missing segment or snapshot is refused, but for the very last segment, which only peers can miss", () => {
  const { disk, truth } = build();
  const codes: string[] = [];
  const names = disk.list(directory);
  const lastUsed = verifyLog(disk, directory, smallSegments.salt).files.findLast((file) => file.groups > 0)!.name;
  for (const name of names) {
    if (name === lastUsed) continue;
    const copy = disk.restart();
    copy.unlink(`${directory}/${name}`);
    codes.push(`${name.split("-")[0]} ${codeOf(() => new TestNode(copy, truth.copy()))}`);
  }
  assert.ok(codes.includes("snapshot MK_LOG_DAMAGED"));
  assert.ok(codes.filter((code) => code === "log MK_LOG_DAMAGED").length >= 2, codes.join());
});

test("an empty log of a node that was born is refused", () => {
  const { disk, truth } = build();
  for (const name of disk.list(directory)) disk.unlink(`${directory}/${name}`);
  assert.equal(codeOf(() => new TestNode(disk, truth)), "MK_LOG_DAMAGED");
});

test("a segment of an older backup put among newer ones loses nothing in silence", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  let truth = new TestNode(disk).truth;
  const lives: MemoryDisk[] = [];
  for (let life = 0; life < 3; life++) {
    const node = new TestNode(disk, truth);
    for (let i = 0; i < 6; i++) {
      node.append(60);
      node.log.flush();
      disk.settle();
    }
    node.log.close();
    disk.settle();
    truth = node.truth;
    lives.push(disk.crash(() => true));
  }
  // The newest files but for one, which is as it was a life ago.
  let refused = 0;
  for (const name of lives[1]!.list(directory)) {
    const mixed = lives[2]!.restart();
    if (mixed.kind(`${directory}/${name}`) === null) continue;
    const before = lives[1]!.contents(`${directory}/${name}`);
    const file = mixed.open(`${directory}/${name}`, "write");
    mixed.truncate(file, 0);
    mixed.write(file, 0, before, 0, before.length);
    mixed.close(file);
    if (codeOf(() => new TestNode(mixed, truth.copy())) === "MK_LOG_DAMAGED") refused++;
  }
  console.log(`# ${refused} mixtures refused, the others without effect`);
});

test("frames of another log, or made up in a record, are none here", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const other = new MemoryDisk();
  other.makeDirectory(directory);
  const stranger = new TestNode(other, undefined, { salt: 5 });
  for (let i = 0; i < 4; i++) {
    stranger.append();
    stranger.log.flush();
    other.settle();
  }
  const forged = other.contents(`${directory}/log-0000000001`);
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  node.log.append(forged, 1);
  node.log.flush();
  // The group's header is lost, its payload kept: a whole log of another salt lies where the next frame is looked for.
  const last = disk.unsynced.length - 1;
  const torn = disk.crash((_, index) => (index === last ? { sectors: (sector) => sector > 0 } : true));
  assert.equal(new TestNode(torn).recovered, 0);
});

test("a group that reads differently the second time is not sealed as good", () => {
  class Fickle extends MemoryDisk {
    override read(file: DiskFile, position: number, into: Uint8Array): number {
      const count = super.read(file, position, into);
      // Only the copying of a group reads less than a whole file.
      if (file.path.includes("log-") && into.length < this.contents(file.path).length) into[60]! ^= 1;
      return count;
    }
  }
  const disk = new Fickle();
  disk.makeDirectory(directory);
  const node = new TestNode(disk);
  node.append();
  node.log.flush();
  disk.settle();
  assert.equal(codeOf(() => new TestNode(disk, node.truth.copy())), "MK_LOG_DAMAGED");
});

test("F09: a read error refuses the start", () => {
  const { disk, truth } = build();
  const operations = ((copy) => (new TestNode(copy, truth.copy()), copy.operations))(disk.restart());
  let tried = 0;
  for (let at = 0; at < operations; at++) {
    const copy = disk.restart();
    let read = false;
    copy.fault = (operation, _, index) => (index === at && (read = operation === "read") ? "EIO" : null);
    const code = codeOf(() => new TestNode(copy, truth.copy()));
    if (!read) continue;
    tried++;
    assert.equal(code, "MK_LOG_READ_FAILED", `operation ${at}`);
  }
  assert.ok(tried > 5);
});
