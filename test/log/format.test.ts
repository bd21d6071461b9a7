/**
 * Goal: whatever a newer version wrote, or an older one that is not read any more, is refused as such before anything is read from it,
 * and is told from damage. Method: the version in each kind of file is changed as that version would write it; the manifest's is in data-directory.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "#maceken/sim/memory-disk.js";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";
import { RecordNames } from "#maceken/kernel/record-names.js";
import { beginRecord, endRecord, readRecord, recordFormat } from "#maceken/kernel/record.js";
import { verifyLog } from "#maceken/log/verify.js";
import { codeOf, directory, TestNode } from "./harness.ts";

function build(snapshot: boolean): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(directory);
  const node = new TestNode(disk);
  for (let i = 0; i < 5; i++) node.append(10);
  node.log.flush();
  disk.settle();
  if (snapshot) node.snapshot();
  disk.settle();
  node.log.close();
  disk.settle();
  return disk.crash(() => true);
}

/** The digit of the layout changes, and with it goes what we know of checksums. */
function changeLayout(disk: MemoryDisk, name: string, by: 1 | -1): void {
  const path = `${directory}/${name}`;
  const [digit, checksum] = [disk.contents(path)[3]!, disk.contents(path)[4]!];
  for (let bit = 0; bit < 8; bit++) {
    if ((((digit + by) ^ digit) >> bit) & 1) disk.flipBit(path, 3 * 8 + bit);
  }
  disk.flipBit(path, 4 * 8);
  assert.deepEqual([disk.contents(path)[3], disk.contents(path)[4]], [digit + by, checksum ^ 1]);
}

for (const [kind, age, by] of [["log-", "newer", 1], ["log-", "older", -1], ["snapshot-", "newer", 1], ["snapshot-", "older", -1]] as const) {
  test(`a file ${kind}… of ${age} layout`, () => {
    const disk = build(kind === "snapshot-").restart();
    const name = disk.list(directory).find((each) => each.startsWith(kind))!;
    changeLayout(disk, name, by);
    const before = disk.list(directory).map((each) => [each, Buffer.from(disk.contents(`${directory}/${each}`)).toString("hex")]);
    assert.equal(codeOf(() => void new TestNode(disk)), "MK_DIRECTORY_FORMAT");
    const { problem } = verifyLog(disk, directory, 77);
    assert.equal(problem?.code, "MK_DIRECTORY_FORMAT");
    assert.match(problem!.message, new RegExp(`^${name} has format ${1 + by}, which is ${age} than 1`));
    assert.deepEqual(disk.list(directory).map((each) => [each, Buffer.from(disk.contents(`${directory}/${each}`)).toString("hex")]), before);
  });
}

test("newer records: by the format that the first of a life says, and by a part that is not known", () => {
  const head = { turn: 1, elapsedMs: 0, lastId: undefined, skew: undefined, peers: [], consumed: undefined, sent: [], acknowledged: [], life: undefined, what: undefined };
  const encode = (format: number | undefined): Uint8Array => {
    const writer = new Writer();
    endRecord(writer, beginRecord(writer), { ...head, format }, new RecordNames());
    return writer.copy();
  };
  for (const format of [undefined, recordFormat]) assert.deepEqual(readRecord(new Reader(encode(format)), new RecordNames()).head, { ...head, format });
  assert.equal(codeOf(() => void readRecord(new Reader(encode(recordFormat + 1)), new RecordNames())), "MK_DIRECTORY_FORMAT");
  const strange = encode(undefined);
  // Length of the record, length of the patch, then the flags.
  strange.set([0x80, 0x04], 8);
  assert.equal(codeOf(() => void readRecord(new Reader(strange), new RecordNames())), "MK_DIRECTORY_FORMAT");
});
