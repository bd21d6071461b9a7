/**
 * Goal: a copy of a log is a whole prefix of its turns with all that was durable when it began, or is known not to be one (fault 12; K1,
 * K8). Method: on a disk in memory, with a node that appends, takes snapshots and recycles between any two operations of the copying, and
 * with a crash before every one of them; damage in the original must not be copied away.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { clearUnfinished, copyDirectory, isUnfinished } from "#maceken/log/copy-directory.js";
import { openDataDirectory, readManifest } from "#maceken/log/data-directory.js";
import { DiskError } from "#maceken/log/disk.js";
import type { Manifest } from "#maceken/log/manifest.js";
import { openTurnLog } from "#maceken/log/recover.js";
import { MemoryDisk, SimulatedCrash } from "#maceken/sim/memory-disk.js";
import { codeOf, directory, effort, generator, readAll, smallSegments, TestNode, testSeed } from "./harness.ts";

const { salt } = smallSegments;
const manifest = (turn: number): Manifest => ({ format: 1, name: "bank", salt, born: true, meta: new Uint8Array([7]), backup: { turn, wallMs: 5 } });
const copy = (disk: MemoryDisk) => copyDirectory(disk, { from: directory, to: "/copy", salt, also: ["extra"], manifest });
const livesOf = (disk: MemoryDisk): number[] => readAll(openTurnLog(disk, { directory: "/copy", ...smallSegments, born: true, onDurable: () => {}, onFailed: () => {} }));

function someLife(): { disk: MemoryDisk; node: TestNode } {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  disk.syncDirectoryNow("");
  const node = new TestNode(disk);
  for (let i = 0; i < 12; i++) {
    for (let n = i % 3; n >= 0; n--) node.append(90);
    node.log.flush();
    disk.settle();
    if (i === 7) node.snapshot();
  }
  disk.settle();
  disk.close(disk.create(`${directory}/extra`));
  return { disk, node };
}

test("F12: a copy of a log that is written meanwhile is a whole prefix with all that was durable before, sooner or later", () => {
  const seed = testSeed("copy");
  let again = 0;
  for (let round = 0; round < 300 * effort; round++) {
    const random = generator(seed + round);
    const { disk, node } = someLife();
    // A log that is written as fast as it is copied is never whole: it slows down with each try.
    let pace = random() * 0.6;
    let within = false;
    disk.fault = () => {
      if (within || random() > pace) return null;
      within = true;
      for (let n = Math.floor(random() * 4); n > 0; n--) node.append(Math.floor(random() * 150));
      node.log.flush(random() < 0.5);
      for (let n = Math.floor(random() * 6); n > 0; n--) disk.step();
      if (random() < 0.1 && node.log.idle) {
        node.snapshot();
        disk.settle();
      }
      within = false;
      return null;
    };
    const { durable } = node.truth;
    for (let tries = 1; ; tries++) {
      assert.ok(tries < 50, `seed ${seed}, round ${round}`);
      try {
        copy(disk);
        break;
      } catch (error) {
        assert.ok(error instanceof DiskError ? error.code === "ENOENT" : error instanceof MaceKenError && error.code === "MK_LOG_DAMAGED", String(error));
        assert.ok(isUnfinished(disk, "/copy"));
        clearUnfinished(disk, "/copy", ["extra"]);
        again++;
        pace *= 0.9;
      }
    }
    disk.fault = null;
    const lives = livesOf(disk);
    assert.ok(lives.length >= durable, `seed ${seed}, round ${round}: ${lives.length} of ${durable}`);
    assert.deepEqual(lives, node.truth.lives.slice(0, lives.length));
    assert.equal(readManifest(disk, "/copy")!.backup!.turn, lives.length);
    assert.equal(codeOf(() => openDataDirectory(disk, { path: "/copy", name: "bank", salt: () => 1 })), "MK_DIRECTORY_BACKUP");
  }
  assert.ok(again > 0, "some had to be made again");
});

test("F12, F01: a copy interrupted before any operation is none, or is whole; it can be made again", () => {
  const { disk: original, node } = someLife();
  const before = original.operations;
  const lives = node.truth.lives.length;
  let struck = 0;
  for (let strike = 0; ; strike++) {
    let crashed = false;
    for (const kept of [true, false, "some"] as const) {
      const disk = original.crash(() => true);
      disk.operations = 0;
      disk.fault = (_, __, index) => (index === strike ? "crash" : null);
      crashed = false;
      try {
        copy(disk);
      } catch (error) {
        assert.ok(error instanceof SimulatedCrash);
        crashed = true;
      }
      const after = disk.crash((_, index) => (kept === "some" ? (index * 7 + strike) % 3 > 0 : kept));
      struck++;
      if (after.kind("/copy") === null) continue;
      const whole = readManifest(after, "/copy");
      if (whole === null) {
        const code = codeOf(() => openDataDirectory(after, { path: "/copy", name: "bank", salt: () => 1 }));
        // Without its mark nothing else is there either: an empty directory, which anybody may take.
        assert.ok(code === "MK_COPY_UNFINISHED" || after.list("/copy").every((name) => name.startsWith("maceken.")), `${strike}: ${after.list("/copy").join()}: ${code}`);
        if (code === "MK_COPY_UNFINISHED") {
          clearUnfinished(after, "/copy", ["extra"]);
          copy(after);
        } else continue;
      }
      assert.equal(livesOf(after).length, lives);
    }
    if (!crashed) break;
  }
  assert.ok(struck > 60 && original.operations === before, `${struck}`);
});

test("F12: what cannot be copied whole is not: a log without a turn, a file that becomes shorter meanwhile", () => {
  const empty = new MemoryDisk();
  empty.makeDirectory(directory);
  new TestNode(empty);
  empty.close(empty.create(`${directory}/extra`));
  assert.equal(codeOf(() => copy(empty)), "MK_LOG_DAMAGED");
  const { disk } = someLife();
  const extra = disk.open(`${directory}/extra`, "write");
  disk.write(extra, 0, new Uint8Array(100), 0, 100);
  disk.fault = (operation, path) => {
    if (operation !== "read" || !path.endsWith("extra")) return null;
    disk.fault = null;
    disk.truncate(extra, 60);
    return null;
  };
  assert.equal(codeOf(() => copy(disk)), "MK_LOG_READ_FAILED");
  for (const each of [empty, disk]) assert.ok(isUnfinished(each, "/copy"));
});

test("F12: a whole copy that is not wanted any more is cleared for the next", () => {
  const { disk, node } = someLife();
  copy(disk);
  clearUnfinished(disk, "/copy", ["extra"]);
  assert.deepEqual(disk.list("/copy"), []);
  copy(disk);
  assert.equal(livesOf(disk).length, node.truth.lives.length);
});

test("F12, F05: a copy does not make damage look like an end", () => {
  const { disk: original } = someLife();
  const names = original.list(directory).filter((name) => name.startsWith("log-"));
  let found = 0;
  let silent = 0;
  for (const name of names) {
    for (let offset = 0; offset < 1024; offset += 61) {
      const flipped = (): MemoryDisk => {
        const disk = original.crash(() => true);
        disk.flipBit(`${directory}/${name}`, offset * 8 + 2);
        return disk;
      };
      const opened = codeOf(() => openTurnLog(flipped(), { directory, ...smallSegments, born: true, onDurable: () => {}, onFailed: () => {} }));
      assert.equal(codeOf(() => copy(flipped())), opened, `${name} at ${offset}`);
      if (opened === "none") silent++;
      else found++;
    }
  }
  assert.ok(found > 0 && silent > 0, `${found} ${silent}`);
});
