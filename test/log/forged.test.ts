/**
 * Goal: files whose every checksum is right and that are wrong all the same - pieces out of place, groups twice, entries that do not fit -
 * are refused by name, and nothing of them is believed (faults 5, 6). Method: files forged with the log's own functions.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { pathIn, type DiskFile } from "#maceken/log/disk.js";
import { frameHeaderBytes, sealFrame, type FrameHeader } from "#maceken/log/group-format.js";
import { manifestName } from "#maceken/log/manifest.js";
import { openDataDirectory, readManifest } from "#maceken/log/data-directory.js";
import { beginBytes, encodeBegin, encodeEnd, pieceHeader, pieceHeaderBytes, pieceKinds } from "#maceken/log/snapshot-format.js";
import { alwaysAsynchronous } from "#maceken/log/sync-policy.js";
import { groupsOf, verifyLog } from "#maceken/log/verify.js";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { codeOf, directory, smallSegments, TestNode, Truth } from "./harness.ts";

const { salt } = smallSegments;

function put(disk: MemoryDisk, name: string, bytes: Uint8Array): void {
  const path = pathIn(directory, name);
  if (disk.kind(path) !== null) disk.unlink(path);
  const file = disk.create(path);
  disk.write(file, 0, bytes, 0, bytes.length);
  disk.syncNow(file);
  disk.close(file);
  disk.syncDirectoryNow(directory);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function refusal(disk: MemoryDisk): string {
  try {
    new TestNode(disk);
  } catch (error) {
    if (error instanceof MaceKenError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "none";
}

test("F06: pieces of a snapshot that are whole and out of place are refused", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const piece = (index: number, kind: number, payload: Uint8Array, sequence = 1): Uint8Array => joined([pieceHeader(disk, salt, { sequence, index, kind, payloadBytes: payload.length }, payload), payload]);
  const begin = piece(0, pieceKinds.begin, encodeBegin({ atTurn: 2, group: 1, skip: 0 }));
  const chunk = (index: number): Uint8Array => piece(index, pieceKinds.chunk, Uint8Array.of(0, 0, 0, index));
  const end = (index: number, chunks: number, totalBytes = chunks * 4): Uint8Array => piece(index, pieceKinds.end, encodeEnd({ chunks, totalBytes, durableGroup: 0, durableTurn: 0 }));
  assert.equal(begin.length, pieceHeaderBytes + beginBytes);
  const cases: [parts: Uint8Array[], what: RegExp][] = [
    [[begin, chunk(2), chunk(1), end(3, 2)], /out of place/],
    [[begin, chunk(1), chunk(2), end(3, 5)], /the count of chunks is wrong/],
    [[begin, chunk(1), piece(2, pieceKinds.end, new Uint8Array(22)), end(3, 2)], /out of place/],
    [[begin, piece(1, pieceKinds.chunk, Uint8Array.of(1), 2), chunk(2), end(3, 2, 5)], /out of place/],
    [[begin, chunk(1), end(2, 1, 5)], /there is something behind the chunks/],
    [[begin, piece(1, pieceKinds.blocks, Uint8Array.of(255, 255, 255, 0)), end(2, 0)], /names more blocks than it can/],
    [[begin], /too short|no piece/],
    [[begin.subarray(0, 10)], /too short|ends early/],
  ];
  for (const [parts, what] of cases) {
    put(disk, "snapshot-0000000001", joined(parts));
    assert.match(refusal(disk), /^MK_LOG_DAMAGED snapshot-0000000001/);
    assert.match(refusal(disk), what);
  }
});

/** A segment of one group of the harness's turns, and what may be forged behind it. */
function forgedSegment(...frames: [over: Partial<FrameHeader>, payload: Uint8Array][]): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const parts: Uint8Array[] = [];
  for (const [over, payload] of frames) {
    const bytes = new Uint8Array(Math.ceil((frameHeaderBytes + payload.length) / 8) * 8);
    bytes.set(payload, frameHeaderBytes);
    sealFrame(disk, salt, bytes, { use: 1, epoch: 1, group: 1, baseTurn: 0, lastTurn: 1, durableGroup: 0, payloadBytes: payload.length, ...over });
    parts.push(bytes);
  }
  put(disk, "log-0000000001", joined(parts));
  return disk;
}

const entry = Uint8Array.of(8, 1, 0, 0, 0, 1, 0, 0, 0, 0);

test("F05: groups that are whole and do not fit each other are refused", () => {
  const told = (): Truth => Object.assign(new Truth(), { lives: [0] });
  assert.equal(new TestNode(forgedSegment([{}, entry]), told()).recovered, 1);
  assert.match(refusal(forgedSegment([{}, entry], [{ epoch: 0 }, entry])), /MK_LOG_DAMAGED .*an earlier life/);
  const other = Uint8Array.of(8, 1, 0, 0, 0, 1, 0, 0, 0, 9);
  assert.match(refusal(forgedSegment([{}, entry], [{}, other])), /MK_LOG_DAMAGED .*occurs twice with different content/);
  assert.equal(new TestNode(forgedSegment([{}, entry], [{}, entry]), told()).recovered, 1, "a copy says the same");
  assert.match(refusal(forgedSegment([{}, Uint8Array.of(200, 1, 1)])), /MK_LOG_DAMAGED .*its entries do not/);
});

test("F09: a group that is shorter, or another one, when it is read to be copied is not sealed as good", () => {
  for (const [change, what] of [["short", /longer a moment ago|no more/], ["other", /is no more|damaged/]] as const) {
    class Fickle extends MemoryDisk {
      reads = 0;
      override read(file: DiskFile, position: number, into: Uint8Array): number {
        const count = super.read(file, position, into);
        // The copy is the one read that asks for exactly one frame.
        if (!file.path.includes("log-") || into.length !== frameHeaderBytes + entry.length || position !== 0) return count;
        this.reads++;
        if (change === "short") return count - 1;
        into[frameHeaderBytes + 2]! ^= 1;
        return count;
      }
    }
    const disk = new Fickle();
    disk.makeDirectory(directory);
    const { disk: whole } = { disk: forgedSegment([{}, entry]) };
    put(disk, "log-0000000001", joined([whole.contents(`${directory}/log-0000000001`), new Uint8Array(500)]));
    assert.match(refusal(disk), what, change);
    assert.ok(disk.reads > 0, "it was read to be copied");
  }
});

test("F05: segments that are gone at the second reading are missed", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk);
  for (let i = 0; i < 3; i++) {
    node.append();
    node.log.flush();
    disk.settle();
  }
  class Forgetful extends MemoryDisk {
    opened = 0;
    override read(file: DiskFile, position: number, into: Uint8Array): number {
      const count = super.read(file, position, into);
      return file.path.endsWith("log-0000000001") && this.opened > 2 ? (into.fill(0), count) : count;
    }
    override open(path: string, mode: "read" | "write"): DiskFile {
      if (path.endsWith("log-0000000001") && mode === "read") this.opened++;
      return super.open(path, mode);
    }
  }
  const forgetful = new Forgetful();
  forgetful.makeDirectory(directory);
  for (const name of disk.list(directory)) put(forgetful, name, disk.contents(pathIn(directory, name)));
  // Read once to find the end, once to copy the last group, and then for its turns.
  assert.match(refusal(forgetful), /MK_LOG_DAMAGED .*was there a moment ago and is no more/);
});

test("F11: a manifest whose checksum is right and that says something else is damaged, or of another format", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const sealed = (body: string): Uint8Array => {
    const bytes = Uint8Array.from(body, (character) => character.charCodeAt(0));
    return joined([bytes, Uint8Array.from(`crc ${disk.crc32(bytes, 0, 0, bytes.length).toString(16).padStart(8, "0")}\n`, (character) => character.charCodeAt(0))]);
  };
  const codeWith = (body: string): string => {
    put(disk, manifestName, sealed(body));
    return codeOf(() => readManifest(disk, directory));
  };
  const good = "maceken data directory\nformat 1\nname a\nsalt 7\nborn 1\nmeta \n";
  assert.equal(codeWith(good), "none");
  for (const bad of [good.replace("maceken", "another"), good.replace("format 1", "format x"), good.replace("name a\n", ""), "maceken data directory\n", good.replace("born", "dead")]) {
    assert.equal(codeWith(bad), "MK_LOG_DAMAGED", bad);
  }
  assert.equal(codeWith(good.replace("format 1", "format 0")), "MK_DIRECTORY_FORMAT");
  assert.equal(codeWith(good.replace("format 1", "format 2")), "MK_DIRECTORY_FORMAT");
});

test("F11: what a crash may leave behind is cleared; strangers are named, however many", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  openDataDirectory(disk, { path: `${directory}/`, name: "a", salt: () => 1 });
  // A probe of a process that died in the middle of it.
  put(disk, "maceken.probe", new Uint8Array(0));
  assert.equal(openDataDirectory(disk, { path: directory, name: "a", salt: () => 2 }).manifest.salt, 1);
  assert.equal(disk.kind(`${directory}/maceken.probe`), null);
  const foreign = new MemoryDisk();
  foreign.makeDirectory(directory);
  for (const name of ["1", "2", "3", "4"]) put(foreign, name, new Uint8Array(0));
  assert.throws(() => openDataDirectory(foreign, { path: directory, name: "a", salt: () => 1 }), /holds 1, 2, 3, …/);
});

test("files that only look like the log's are left alone; an empty directory verifies as one", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const { problem, files, lastTurn } = verifyLog(disk, directory, salt);
  assert.deepEqual([problem, files, lastTurn], [null, [], 0]);
  assert.deepEqual([...groupsOf(disk, directory, salt)], []);
  put(disk, "log-0000000009.tmp", Uint8Array.of(1, 2, 3));
  put(disk, "free-0000000007.tmp", Uint8Array.of(1));
  assert.equal(new TestNode(disk).recovered, 0);
  assert.equal(disk.kind(`${directory}/log-0000000009.tmp`), "file");
});

test("F08: what cannot be cleared away when there is no room is used again later", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
  disk.settle();
  assert.equal(node.log.reserveErrorCode, null);
  // The segment after the next finds no room, and what there was of it cannot be removed either.
  let refused = 0;
  disk.fault = (operation, path) => {
    if (!path.includes("log-0000000003")) return null;
    if (operation === "unlink") refused++;
    return operation === "write" ? "ENOSPC" : operation === "unlink" ? "EIO" : null;
  };
  for (const filler of [400, 100]) {
    node.append(filler);
    node.log.flush();
    disk.settle();
  }
  for (let i = 0; i < 3; i++) {
    node.log.tryReserve();
    disk.settle();
    assert.deepEqual([node.failure, node.log.reserved, node.log.reserveErrorCode], [null, false, "ENOSPC"]);
  }
  assert.ok(refused > 0);
  assert.ok(disk.kind(`${directory}/log-0000000003`) !== null, "it is still there");
  disk.fault = null;
  node.log.tryReserve();
  disk.settle();
  assert.deepEqual([node.log.reserved, node.log.reserveErrorCode], [true, null]);
  node.append(900);
  node.append(900);
  node.log.flush();
  disk.settle();
  assert.ok(new TestNode(disk.restart(), node.truth.copy()).recovered >= node.truth.durable && node.truth.durable === 4);
});

test("a large snapshot is synced as it grows; one that fails meanwhile ends, and the log goes on", () => {
  for (const code of [null, "EIO"]) {
    const disk = new MemoryDisk();
    disk.makeDirectory(directory);
    const node = new TestNode(disk, undefined, { syncPolicy: alwaysAsynchronous });
    node.append();
    node.log.flush();
    disk.settle();
    const writer = node.log.beginSnapshot(1);
    const chunk = new Uint8Array(300_000);
    for (let i = 0; i < 8; i++) writer.write(chunk);
    assert.ok(writer.unsyncedBytes > 0);
    if (code !== null) {
      // While a sync is under way the writing of the next chunk fails.
      disk.fault = (operation, path) => (operation === "write" && path.includes("snapshot") ? code : null);
      writer.write(chunk);
      disk.fault = null;
      writer.write(chunk);
      assert.ok(writer.error !== null);
    }
    let outcome: MaceKenError | null | undefined;
    writer.finish(new Set(), (error) => (outcome = error));
    node.append();
    node.log.flush();
    disk.settle();
    assert.equal(outcome === null, code === null);
    assert.equal(node.failure, null);
    assert.equal(node.truth.durable, 2);
  }
});

test("appends of a size give their memory back, and a log may be closed twice", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk, undefined, { segmentBytes: 1 << 23, firstSegmentBytes: 1024, sliceBytes: 1 << 22 });
  node.append(9_000_000);
  node.log.flush();
  disk.settle();
  node.append(10);
  node.log.flush();
  disk.settle();
  assert.equal(node.truth.durable, 2);
  let closed = 0;
  node.log.close(() => closed++);
  node.log.close(() => closed++);
  disk.settle();
  assert.equal(closed, 2);
});
