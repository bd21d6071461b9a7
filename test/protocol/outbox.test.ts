/**
 * An outbox against a plain array (K6): whatever is pushed, released, acknowledged, written into blocks, read back, taken out, in any
 * order, its messages are those and in this order, and its accounts are right. Method: seeded random operations.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadedBlock, encodeBlock } from "#maceken/protocol/outbox-block.js";
import { Outbox } from "#maceken/protocol/outbox.js";
import { OutboxWatch } from "#maceken/protocol/outbox-watch.js";
import { generator } from "../lib/generator.ts";

const limits = { softBytes: 3_000, memoryBytes: 2_000, nodeMemoryBytes: Infinity, spareBytes: 500 };

function payload(number: number, length: number): Uint8Array {
  return new Uint8Array(length + 4).fill(number & 255);
}

function life(seed: number): void {
  const below = generator(seed);
  const watch = new OutboxWatch(limits);
  const outbox = new Outbox("peer", watch);
  /** Of numbers 1, 2, …; with the turn of each. */
  let all: Uint8Array[] = [];
  const files = new Map<number, Uint8Array>();
  /** Several only when the outbox began anew meanwhile. */
  const writing: { readonly block: number; readonly bytes: Uint8Array; readonly life: number }[] = [];
  const reading: [block: number, bytes: Uint8Array][] = [];
  let lives = 0;
  let turn = 0;
  let durable = 0;
  let cursor = 1;
  let lastBlock = 0;
  const forget = (): void => {
    for (const block of watch.takeDropped()) assert.ok(files.delete(block), "only what was written is dropped, and once");
  };
  const operations: Record<string, () => void> = {
    push() {
      turn++;
      for (let i = below(4); i >= 0; i--) {
        all.push(payload(all.length + 1, below(300)));
        assert.equal(outbox.push(all.at(-1)!, turn), all.length);
      }
    },
    becomeDurable() {
      durable += below(turn - durable + 1);
      outbox.becomeDurable(durable);
    },
    acknowledge() {
      assert.equal(outbox.acknowledge(outbox.released + 1), false, "what was never released is not acknowledged");
      assert.equal(outbox.acknowledge(outbox.acknowledged + below(outbox.released - outbox.acknowledged + 1)), true);
    },
    nextBlock() {
      const bytes = outbox.nextBlock(lastBlock + 1);
      if (bytes === undefined) return;
      assert.ok(writing.every(({ life }) => life < lives), "one block at a time");
      writing.push({ block: ++lastBlock, bytes, life: lives });
    },
    wrote() {
      const written = writing.shift();
      if (written === undefined) return;
      const { block, bytes } = written;
      const isKept = below(4) > 0;
      if (outbox.wrote(block, isKept)) files.set(block, bytes);
    },
    read() {
      for (let i = below(20); i >= 0; i--) {
        cursor = Math.max(cursor, outbox.acknowledged + 1);
        if (cursor > outbox.released) return;
        const found = outbox.payloadOf(cursor);
        if (found === undefined) return;
        assert.deepEqual(found, all[cursor - 1], `message ${cursor}`);
        cursor++;
      }
    },
    goBack() {
      if (below(4) > 0) return;
      outbox.unload();
      cursor = outbox.acknowledged + 1;
    },
    load() {
      watch.wanting.clear();
      for (const { block } of outbox.takeWanted()) if (files.has(block)) reading.push([block, files.get(block)!]);
      // Some come later, when nobody may want them any more.
      while (reading.length > 0 && below(4) > 0) outbox.load(...reading.shift()!);
    },
    takeOldest() {
      if (below(6) > 0) return;
      const before = outbox.acknowledged;
      const taken = outbox.takeOldest(1 + below(5), 500);
      if (taken === undefined) return;
      assert.ok(taken.length > 0 || outbox.length === 0);
      taken.forEach((each, i) => assert.deepEqual(each, all[before + i]));
      durable = Math.max(durable, outbox.released === all.length ? turn : durable);
    },
    reset() {
      if (below(60) > 0) return;
      outbox.reset();
      all = [];
      lives++;
      cursor = 1;
      durable = turn;
    },
  };
  const names = Object.keys(operations);
  for (let step = 0; step < 400; step++) {
    const name = names[below(names.length)]!;
    operations[name]!();
    forget();
    const what = `seed ${seed}, step ${step}, after ${name}`;
    assert.equal(outbox.sent, all.length, what);
    assert.equal(outbox.length, all.length - outbox.acknowledged, what);
    const { blocks } = outbox;
    assert.deepEqual([...files.keys()].sort((x, y) => x - y), blocks.map(({ block }) => block), `${what}: files`);
    blocks.forEach(({ first, last }, i) => assert.ok(last >= first && (i === 0 || first === blocks[i - 1]!.last + 1), `${what}: blocks have no gap`));
    const waiting = all.slice(outbox.acknowledged);
    const inMemory = waiting.slice(Math.max(0, (blocks.at(-1)?.last ?? 0) - outbox.acknowledged));
    assert.deepEqual([...outbox.inMemory()], inMemory, `${what}: memory`);
    assert.equal(outbox.memoryBytes, inMemory.reduce((sum, { length }) => sum + length + 128, 0), `${what}: memory's account`);
    assert.equal(watch.heldBytes, outbox.memoryBytes, what);
    const total = (from: number): number => all.slice(from).reduce((sum, { length }) => sum + length, 0);
    const least = total(outbox.acknowledged);
    assert.ok(outbox.payloadBytes >= least && outbox.payloadBytes <= (blocks.length === 0 ? least : total(blocks[0]!.first - 1)), `${what}: the payloads' account`);
    assert.equal(watch.crowded.has(outbox), outbox.weightBytes > limits.softBytes, `${what}: crowded`);
    if (outbox.memoryBytes > limits.memoryBytes) assert.ok(watch.overfull.has(outbox), `${what}: overfull`);
  }
}

test("an outbox holds what it was given, wherever it is", () => {
  const first = Math.floor(Math.random() * 1e9);
  console.log(`# seeds ${first} to ${first + 299}`);
  for (let seed = first; seed < first + 300; seed++) life(seed);
});

test("a block is read from its front, and again", () => {
  const payloads = [5, 0, 300].map((length, i) => payload(i, length));
  const block = new LoadedBlock({ block: 1, first: 7, last: 9, payloadBytes: 0 }, encodeBlock(7, payloads));
  for (const number of [7, 8, 9, 7, 9, 8, 8]) assert.deepEqual(block.payloadOf(number), payloads[number - 7]);
  assert.throws(() => block.payloadOf(10), /in this block/);
  assert.throws(() => new LoadedBlock({ block: 1, first: 8, last: 10, payloadBytes: 0 }, encodeBlock(7, payloads)), /was written for/);
});
