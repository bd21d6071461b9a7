/** When a peer is dialled again: no delay grows with how long it has been away; what many peers cost together is bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialling } from "#maceken/kernel/dialling.js";
import type { KernelEffect, Note } from "#maceken/kernel/kernel-effect.js";

function dialling(peers: readonly string[], restsFirst = false) {
  const delays: number[] = [];
  const notes: Note[] = [];
  const emit = (effect: KernelEffect): void => {
    if (effect.kind === "dial") delays.push(effect.delayMs);
  };
  return { dials: new Dialling(new Set(peers), restsFirst, emit, (note) => notes.push(note)), delays, notes };
}

test("F24: after ten thousand failures a peer is dialled as soon as after the first", () => {
  const { dials, delays, notes } = dialling(["b"]);
  for (let failures = 0; failures < 10_000; failures++) {
    dials.failed("b", "refused", failures);
    dials.again("b", false, true);
  }
  assert.equal(delays.length, 10_000);
  assert.deepEqual([...new Set(delays)], [delays[0]]);
  assert.ok(delays[0]! <= 100);
  assert.equal(notes.length, 1, "it is said once");
});

test("F24: a refusal waits longer, always as long", () => {
  const { dials, delays } = dialling(["b"]);
  for (let failures = 0; failures < 100; failures++) dials.again("b", true, true);
  assert.deepEqual([...new Set(delays)], [1_000]);
});

test("a thousand peers that are away are dialled five hundred times a second in all, and one of them that is back at once", () => {
  const peers = Array.from({ length: 1_000 }, (_, i) => `p${i}`);
  const { dials, delays } = dialling(peers);
  for (const peer of peers) dials.failed(peer, "refused", 0);
  dials.again("p0", false, true);
  assert.equal(delays.at(-1), 2_000);
  for (const peer of peers) dials.met(peer);
  dials.again("p0", false, true);
  assert.ok(delays.at(-1)! <= 100);
});

test("a peer that is not dialled by this node is not dialled again", () => {
  const { dials, delays } = dialling(["b"]);
  dials.again("c", false, true);
  dials.wake("c");
  assert.deepEqual(delays, []);
});

test("who rests is dialled when there is something to say, at once", () => {
  const { dials, delays } = dialling(["b"]);
  dials.rest("b");
  dials.again("b", false, false);
  assert.deepEqual(delays, []);
  dials.wake("b");
  assert.deepEqual(delays, [0]);
});

test("peers that rest first are dialled when something waits for them", () => {
  const { dials, delays } = dialling(["b", "c"], true);
  assert.ok(dials.isResting("b"));
  dials.wake("b");
  dials.wake("b");
  assert.deepEqual(delays, [0]);
  dials.again("c", false, false);
  assert.equal(delays.length, 1, "nobody asks for c");
});
