/** The rules of a data directory (fault 11), on the real disk and, for crashes, on the memory disk. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openDataDirectory, readManifest } from "#maceken/log/data-directory.js";
import { NodeDisk } from "#maceken/log/disk-node.js";
import { openTurnLog } from "#maceken/log/recover.js";
import { MemoryDisk, SimulatedCrash } from "#maceken/sim/memory-disk.js";
import { codeOf } from "./harness.ts";

const root = mkdtempSync(join(tmpdir(), "maceken directory ü "));
after(() => rmSync(root, { recursive: true }));
const disk = new NodeDisk();
const salt = 12345;
const open = (path: string, name = "bank") => openDataDirectory(disk, { path, name, salt: () => salt, meta: new Uint8Array([1, 2, 255]) });

test("F11: a missing directory is made, with blanks and unicode in its path, and opens again", () => {
  const path = join(root, "a b", "日本 ☃", "x");
  const made = open(path);
  assert.ok(made.created);
  assert.equal(made.manifest.born, false);
  const again = openDataDirectory(disk, { path, name: "bank", salt: () => 999 });
  assert.equal(again.created, false);
  assert.deepEqual(again.manifest, { format: 1, name: "bank", salt, born: false, meta: new Uint8Array([1, 2, 255]) });
  again.markBorn();
  again.setMeta(new Uint8Array([9]));
  const third = open(path).manifest;
  assert.equal(third.born, true);
  assert.deepEqual([...third.meta], [9]);
  assert.deepEqual(readdirSync(path), ["maceken.manifest"]);
});

test("F11: an empty directory is taken, a foreign one refused and left as it was", () => {
  const path = join(root, "empty");
  mkdirSync(path);
  assert.ok(open(path).created);
  const foreign = join(root, "foreign");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "thesis.doc"), "precious");
  assert.equal(codeOf(() => open(foreign)), "MK_DIRECTORY_FOREIGN");
  assert.deepEqual(readdirSync(foreign), ["thesis.doc"]);
});

test("F11: another node's directory, another format, a damaged manifest, a missing manifest: each its own refusal", () => {
  const path = join(root, "other");
  open(path);
  assert.equal(codeOf(() => open(path, "auction")), "MK_DIRECTORY_OTHER_NODE");
  const manifest = join(path, "maceken.manifest");
  const text = readFileSync(manifest, "latin1");
  for (const format of [0, 2]) {
    const body = text.replace("format 1", `format ${format}`).replace(/crc .*\n$/, "");
    const bytes = Buffer.from(body, "latin1");
    writeFileSync(manifest, `${body}crc ${disk.crc32(bytes, 0, 0, bytes.length).toString(16).padStart(8, "0")}\n`);
    assert.equal(codeOf(() => open(path)), "MK_DIRECTORY_FORMAT");
  }
  for (const bad of ["", "x", text.slice(0, -1), text.replace("bank", "bunk"), "something else entirely, and longer than a checksum"]) {
    writeFileSync(manifest, bad);
    assert.equal(codeOf(() => open(path)), "MK_LOG_DAMAGED", JSON.stringify(bad));
  }
  for (let byte = 0; byte < text.length; byte++) {
    const bytes = Buffer.from(text, "latin1");
    bytes[byte]! ^= 1 << byte % 8;
    writeFileSync(manifest, bytes);
    assert.equal(codeOf(() => open(path)), "MK_LOG_DAMAGED", `byte ${byte}`);
  }
  rmSync(manifest);
  openTurnLog(disk, { directory: path, salt, onDurable: () => {}, onFailed: () => {} }).log.close();
  assert.equal(codeOf(() => open(path)), "MK_LOG_DAMAGED", "an identity is not made anew over a log");
});

test("F12: a directory says in which life it goes on after a restore; the mark of a restore that was done goes with the first opening", () => {
  const memory = new MemoryDisk();
  memory.makeDirectory("/node");
  const restored = openDataDirectory(memory, { path: "/node", name: "bank", salt: () => salt });
  const manifest = { ...restored.manifest, restoredAs: "bank ü-2" };
  restored.replace(manifest);
  memory.close(memory.create("/node/maceken.unfinished"));
  assert.deepEqual(openDataDirectory(memory, { path: "/node", name: "bank", salt: () => 1 }).manifest, manifest);
  assert.deepEqual(memory.list("/node"), ["maceken.manifest"]);
});

test("a file in its place, or in the place of a parent, is refused", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  assert.equal(codeOf(() => open(file)), "MK_DIRECTORY_UNUSABLE");
  assert.equal(codeOf(() => open(join(file, "below"))), "MK_DIRECTORY_UNUSABLE");
});

test("F11: a place where no directory can be made is refused, and soon", { skip: process.platform !== "linux" && "there is no /proc" }, () => {
  for (const path of ["/proc/x", "/proc/x/y", "/sys/x"]) assert.equal(codeOf(() => open(path)), "MK_DIRECTORY_UNUSABLE", path);
  const nowhere = join(root, "link to nowhere");
  symlinkSync(join(root, "not there", "nor here"), nowhere);
  assert.equal(codeOf(() => open(nowhere)), "MK_DIRECTORY_UNUSABLE");
});

test("F11: a read-only directory is refused", { skip: process.getuid?.() === 0 ? "root may write everywhere" : false }, () => {
  const path = join(root, "read-only");
  open(path);
  chmodSync(path, 0o500);
  assert.equal(codeOf(() => open(path)), "MK_DIRECTORY_UNUSABLE");
  chmodSync(path, 0o700);
});

test("a disk that refuses to write makes the directory unusable, fresh or not", () => {
  for (const exists of [false, true]) {
    for (const code of ["EROFS", "EACCES", "ENOSPC"]) {
      const memory = new MemoryDisk();
      if (exists) openDataDirectory(memory, { path: "/d", name: "n", salt: () => salt });
      memory.fault = (operation) => (operation === "create" || operation === "make-directory" ? code : null);
      assert.equal(codeOf(() => openDataDirectory(memory, { path: "/d", name: "n", salt: () => salt })), "MK_DIRECTORY_UNUSABLE");
    }
  }
});

test("F10: a crash at any operation of making or changing the manifest leaves the old or the new one", () => {
  const life = (memory: MemoryDisk): void => {
    const directory = openDataDirectory(memory, { path: "/d", name: "n", salt: () => salt, meta: new Uint8Array([1]) });
    directory.markBorn();
    directory.setMeta(new Uint8Array([2]));
  };
  const rehearsal = new MemoryDisk();
  life(rehearsal);
  for (let at = 0; at < rehearsal.operations; at++) {
    const memory = new MemoryDisk();
    memory.fault = (_, __, index) => (index === at ? "crash" : null);
    assert.throws(() => life(memory), SimulatedCrash);
    const known = ((copy) => (copy.kind("/d") === null ? null : readManifest(copy, "/d")))(memory.restart());
    const choices: ((index: number) => boolean)[] = [() => true, () => false, (index) => index % 2 === 0, (index) => index % 2 === 1];
    for (const after of [memory.restart(), ...choices.map((choice) => memory.crash((_, index) => choice(index)))]) {
      const opened = openDataDirectory(after, { path: "/d", name: "n", salt: () => salt, meta: new Uint8Array([1]) }).manifest;
      assert.ok(opened.born || opened.meta[0] === 1);
      if (known?.meta[0] === 2) assert.ok(opened.born, "what was durable before stays");
    }
  }
});
