/** What ran is in each record by a number, and can be told of every record that a reader reads: from birth, behind a snapshot, after a restart. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";
import { app, Service, type Messages } from "#maceken/index.js";
import { RecordNames } from "#maceken/kernel/record-names.js";
import { readRecord } from "#maceken/kernel/record.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true, subtract: true };
  total = 0;
  add() {
    this.total++;
  }
  subtract() {
    this.total--;
  }
}
const counterApp = app({ version: 1 }).service("counter", () => new Counter());

/** As a recovery reads them: from the snapshot on, in order. */
function told({ node }: TestNode): (string | undefined)[] {
  const names = new RecordNames();
  const found: (string | undefined)[] = [];
  for (const { bytes } of node.durable) {
    const reader = new Reader(bytes);
    while (!reader.done) found.push(readRecord(reader, names).head.what);
  }
  return found.flatMap((what) => (what?.startsWith("request counter.") ? [what.slice("request counter.".length)] : []));
}

it("names are told from birth, behind a snapshot, and after a restart", () => {
  const a = new TestWorld().node("a", counterApp);
  a.test.pass(50);
  a.value("counter.add");
  a.value("counter.subtract");
  a.value("counter.add");
  assert.deepEqual(told(a), ["add", "subtract", "add"]);
  a.test.world.takeSnapshot(a.node);
  a.value("counter.subtract");
  a.value("counter.add");
  a.value("counter.subtract");
  assert.deepEqual(told(a), ["subtract", "add", "subtract"]);
  a.restart();
  a.value("counter.add");
  assert.deepEqual(told(a), ["subtract", "add", "subtract", "add"]);
});

it("a name costs its length once, and too many begin anew", () => {
  const [written, read] = [new RecordNames(), new RecordNames()];
  const writer = new Writer(64);
  const name = (number: number): string => `a.rather.long.name.${number}`;
  const lengths: number[] = [];
  const sequence = [...Array.from({ length: 5000 }, (_, number) => number), 4999, 4998, 0, 4096, 0];
  for (const number of sequence) {
    const before = writer.length;
    written.write(writer, name(number));
    lengths.push(writer.length - before);
  }
  // The last two that were known already.
  assert.deepEqual(lengths.slice(5000, 5002), [2, 2]);
  const reader = new Reader(writer.view());
  for (const number of sequence) assert.equal(read.read(reader), name(number));
  assert.ok(reader.done);
  assert.throws(() => new RecordNames().read(new Reader(Uint8Array.of(5))), /not known/);
});
