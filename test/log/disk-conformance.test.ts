/** One suite for every Disk: what the log relies on. */
import assert from "node:assert/strict";
import fs, { mkdtempSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { DiskError, type Disk, type DiskCallback } from "#maceken/log/disk.js";
import { NodeDisk } from "#maceken/log/disk-node.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";

interface Subject {
  readonly disk: Disk;
  readonly root: string;
  settle(): void;
}

const temporary = mkdtempSync(join(tmpdir(), "maceken disk ü "));
after(() => rmSync(temporary, { recursive: true }));

const subjects: Record<string, () => Subject> = {
  "real disk": () => ({ disk: new NodeDisk(), root: mkdtempSync(join(temporary, "d")), settle: () => {} }),
  "memory disk": () => {
    const disk = new MemoryDisk();
    disk.makeDirectory("/root");
    return { disk, root: "/root", settle: () => setImmediate(() => disk.settle()) };
  },
};

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof DiskError, String(error));
    return `${error.operation} ${error.code}`;
  }
  return "none";
}

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (part: Uint8Array): string => String.fromCharCode(...part);

for (const [name, make] of Object.entries(subjects)) {
  describe(name, () => {
    const wait = (subject: Subject, start: (callback: DiskCallback) => void): Promise<DiskError | null> =>
      new Promise((resolve) => {
        let returned = false;
        start((error) => {
          assert.ok(returned, "the callback comes after the call");
          resolve(error);
        });
        returned = true;
        subject.settle();
      });

    test("writes at a position, reads up to the end of the file", () => {
      const { disk, root } = make();
      const file = disk.create(`${root}/a`);
      disk.write(file, 4, bytes("__hello__"), 2, 5);
      assert.equal(disk.size(file), 9);
      const into = new Uint8Array(20).fill(1);
      assert.equal(disk.read(file, 0, into), 9);
      assert.equal(text(into.subarray(0, 10)), "\0\0\0\0hello\u0001");
      assert.equal(disk.read(file, 7, into.subarray(0, 2)), 2);
      assert.equal(disk.read(file, 9, into), 0);
      assert.equal(disk.read(file, 100, into), 0);
      disk.write(file, 0, new Uint8Array(0), 0, 0);
      disk.truncate(file, 6);
      disk.truncate(file, 8);
      assert.equal(disk.read(file, 4, into), 4);
      assert.equal(text(into.subarray(0, 4)), "he\0\0");
      disk.close(file);
    });

    test("opens what is there, and makes only what is not", () => {
      const { disk, root } = make();
      assert.equal(failure(() => disk.open(`${root}/a`, "read")), "open ENOENT");
      disk.close(disk.create(`${root}/a`));
      assert.equal(failure(() => disk.create(`${root}/a`)), "create EEXIST");
      const file = disk.open(`${root}/a`, "write");
      disk.write(file, 0, bytes("x"), 0, 1);
      disk.close(file);
      const again = disk.open(`${root}/a`, "read");
      assert.equal(disk.size(again), 1);
      disk.close(again);
    });

    test("lists, renames over, removes", () => {
      const { disk, root } = make();
      for (const entry of ["b", "a", "c"]) {
        const file = disk.create(`${root}/${entry}`);
        disk.write(file, 0, bytes(entry), 0, 1);
        disk.close(file);
      }
      assert.deepEqual(disk.list(root), ["a", "b", "c"]);
      disk.rename(`${root}/c`, `${root}/a`);
      disk.unlink(`${root}/b`);
      assert.deepEqual(disk.list(root), ["a"]);
      const file = disk.open(`${root}/a`, "read");
      const into = new Uint8Array(1);
      disk.read(file, 0, into);
      assert.equal(text(into), "c");
      disk.close(file);
      assert.equal(failure(() => disk.unlink(`${root}/b`)), "unlink ENOENT");
      assert.equal(failure(() => disk.rename(`${root}/b`, `${root}/d`)), "rename ENOENT");
    });

    test("tells files from directories, makes parents too", () => {
      const { disk, root } = make();
      assert.equal(disk.kind(`${root}/x`), null);
      disk.makeDirectory(`${root}/x/y z/ü`);
      disk.makeDirectory(`${root}/x/y z/ü`);
      assert.equal(disk.kind(`${root}/x/y z/ü`), "directory");
      assert.deepEqual(disk.list(`${root}/x`), ["y z"]);
      disk.close(disk.create(`${root}/x/f`));
      assert.equal(disk.kind(`${root}/x/f`), "file");
      assert.equal(failure(() => disk.makeDirectory(`${root}/x/f`)), "make-directory EEXIST");
      assert.equal(failure(() => disk.makeDirectory(`${root}/x/f/g`)), "make-directory ENOTDIR");
      assert.equal(failure(() => disk.list(`${root}/x/f`)), "list ENOTDIR");
      assert.equal(failure(() => disk.list(`${root}/none`)), "list ENOENT");
    });

    test("syncs files and directories, now and later", async () => {
      const subject = make();
      const { disk, root } = subject;
      const file = disk.create(`${root}/a`);
      disk.write(file, 0, bytes("x"), 0, 1);
      assert.equal(await wait(subject, (callback) => disk.sync(file, callback)), null);
      disk.syncNow(file);
      assert.equal(await wait(subject, (callback) => disk.syncDirectory(root, callback)), null);
      disk.syncDirectoryNow(root);
      disk.close(file);
      assert.equal(await wait(subject, (callback) => disk.unlinkLater(`${root}/a`, callback)), null);
      assert.deepEqual(disk.list(root), []);
      const error = await wait(subject, (callback) => disk.unlinkLater(`${root}/a`, callback));
      assert.equal(error?.code, "ENOENT");
    });

    test("computes the checksum of zlib, from a seed and over a part", () => {
      const { disk } = make();
      const check = bytes("..123456789..");
      assert.equal(disk.crc32(check, 0, 2, 11), 0xcbf43926);
      assert.equal(disk.crc32(check, disk.crc32(check, 0, 2, 6), 6, 11), 0xcbf43926);
      assert.equal(disk.crc32(check, 5, 3, 3), 5);
      assert.ok(disk.zeros(new Uint8Array(70_000)) && disk.zeros(new Uint8Array(0)));
      for (const at of [0, 8, 69_999]) assert.ok(!disk.zeros(new Uint8Array(70_000).fill(1, at, at + 1)));
    });

    test("has a clock that does not go back", () => {
      const { disk } = make();
      const before = disk.nowMs();
      assert.ok(disk.nowMs() >= before);
    });
  });
}

test("the memory disk loses what no sync covered, and a failed sync covers nothing for ever", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/d");
  const file = disk.create("/d/a");
  disk.write(file, 0, bytes("one"), 0, 3);
  assert.deepEqual(disk.crash(() => false).list("/d"), []);
  disk.syncNow(file);
  disk.syncDirectoryNow("/d");
  disk.write(file, 0, bytes("two"), 0, 3);
  assert.equal(text(disk.crash(() => false).contents("/d/a")), "one");
  assert.equal(text(disk.crash(() => true).contents("/d/a")), "two");
  assert.equal(text(disk.crash(() => ({ firstBytes: 1 })).contents("/d/a")), "tne");
  disk.fault = (operation) => (operation === "sync" ? "EIO" : null);
  assert.equal(failure(() => disk.syncNow(file)), "sync EIO");
  disk.fault = null;
  disk.syncNow(file);
  assert.equal(text(disk.crash(() => false).contents("/d/a")), "one", "the second sync succeeded without writing");
  assert.equal(text(disk.restart().contents("/d/a")), "two", "the cache still has it");
  assert.equal(text(disk.restart().crash(() => false).contents("/d/a")), "one");
  disk.write(file, 510, bytes("sector"), 0, 6);
  assert.equal(text(disk.crash(() => ({ sectors: (n) => n === 1 })).contents("/d/a").subarray(510)), "\0\0ctor");
  disk.rename("/d/a", "/d/b");
  assert.deepEqual(disk.crash(() => false).list("/d"), ["a"]);
  assert.deepEqual(disk.crash(() => true).list("/d"), ["b"]);
});

test("the real disk tells what a system may answer beside success: writes that take nothing, syncs that fail, things that are no files", async () => {
  const disk = new NodeDisk();
  const root = mkdtempSync(join(temporary, "d"));
  assert.equal(disk.kind(process.platform === "win32" ? root : "/dev/null"), process.platform === "win32" ? "directory" : "other");
  const failed = await new Promise<DiskError | null>((resolve) => disk.syncDirectory(join(root, "none"), resolve));
  assert.equal(`${failed?.operation} ${failed?.code}`, "sync-directory ENOENT");
  const file = disk.create(join(root, "f"));
  const real = { writeSync: fs.writeSync, fsyncSync: fs.fsyncSync, fsync: fs.fsync, fdatasync: fs.fdatasync };
  const broken = (): never => {
    throw Object.assign(new Error("EIO"), { code: "EIO" });
  };
  try {
    Object.assign(fs, {
      writeSync: () => 0, fsyncSync: broken,
      fsync: (_: number, callback: (error: Error) => void) => setImmediate(callback, Object.assign(new Error("EIO"), { code: "EIO" })),
      fdatasync: (_: number, callback: (error: Error) => void) => setImmediate(callback, Object.assign(new Error("EIO"), { code: "EIO" })),
    });
    syncBuiltinESMExports();
    // A disk that takes nothing and reports nothing would be asked for ever.
    assert.equal(failure(() => disk.write(file, 0, bytes("abc"), 0, 3)), "write EIO");
    assert.equal(failure(() => disk.syncDirectoryNow(root)), "sync-directory EIO");
    for (const ask of [(done: DiskCallback) => disk.syncDirectory(root, done), (done: DiskCallback) => disk.sync(file, done)]) {
      assert.equal((await new Promise<DiskError | null>(ask))?.code, "EIO");
    }
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
  // What is asked wrongly is a bug of ours, and looks like one.
  assert.throws(() => disk.read(file, -5, new Uint8Array(3)), (error) => !(error instanceof DiskError));
  assert.equal(disk.read(file, 0, new Uint8Array(3)), 0);
});
