/**
 * Inputs are held back before memory is full: a peer whose messages come faster than their turns (F29), a disk whose syncs take long
 * (F14), requests from outside that come faster than their turns; and messages longer than the other side takes (F26). Everything goes on by itself, and nothing is lost or reordered.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import { noPeers } from "#maceken/kernel/kernel-options.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { codeOf, TestWorld, type TestNode } from "../lib/lone-node.ts";

let failing = false;

class Talker extends Service {
  static readonly messages: Messages<Talker> = { tellMany: true, hear: true, keep: true };
  heard: number[] = [];
  kept: string[] = [];
  tellMany(other: string, count: number, bytes: number) {
    const listener = ref<Talker>(`${other}/talker`);
    for (let i = 1; i <= count; i++) listener.hear(i, "x".repeat(bytes));
  }
  hear(number: number, _text: string) {
    if (failing) throw new Error("not now");
    this.heard.push(number);
  }
  keep(text: string) {
    return this.kept.push(text);
  }
}

const talkerApp = app({ version: 1 }).service("talker", () => new Talker()) as unknown as AppDefinition;
const inOrder = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const limits = { inboxMemoryBytes: 20_000, nodeInboxMemoryBytes: 30_000, inboxSpareBytes: 1_000, turnsPerStep: 1 };
/** What one read may bring at once: a write of the other side. */
const readBytes = 300_000;

describe("back-pressure", () => {
  it("F29: a peer that sends faster than its turns run is read more slowly, and all of it comes in order", () => {
    const test = new TestWorld();
    const a = test.node("a", talkerApp, ["b"]);
    const b = test.node("b", talkerApp, [], limits);
    test.pass(50);
    let highest = 0;
    let paused = 0;
    test.world.afterStep = (node) => {
      if (node.name !== "b") return;
      highest = Math.max(highest, node.kernel!.channels.inboxes.heldBytes);
      paused = Math.max(paused, node.paused.size);
    };
    a.call("talker.tellMany", ["b", 500, 10_000]);
    test.pass(5_000);
    assert.deepEqual(b.service<Talker>("talker").heard, inOrder(500));
    assert.equal(paused, 1);
    assert.ok(highest > limits.inboxMemoryBytes && highest < limits.inboxMemoryBytes + readBytes, `${highest} bytes in the inbox`);
    assert.equal(b.kernel.channels.inboxes.heldBytes, 0);
    assert.equal(b.node.paused.size, 0);
  });

  it("F29: a peer that is not read for long is not taken for dead, nor are we by it", () => {
    const test = new TestWorld();
    const a = test.node("a", talkerApp, ["b"]);
    const b = test.node("b", talkerApp, [], { ...limits, retryDelaysMs: [20_000] });
    test.pass(50);
    failing = true;
    a.call("talker.tellMany", ["b", 200, 10_000]);
    test.pass(45_000);
    assert.equal(b.node.paused.size, 1);
    failing = false;
    test.pass(60_000);
    assert.deepEqual(b.service<Talker>("talker").heard, inOrder(200));
    assert.equal(a.kernel.counters.retransmitted, 0, "the connection stood all the time");
  });

  it("F14: while nothing becomes durable turns stop before memory is full, then requests are held back; both go on with the first sync", () => {
    const kernel = new Kernel({ name: "a", app: talkerApp, peering: noPeers, random: () => 0, newIncarnation: () => "1", durable: true, limits: { unsyncedBytes: 10_000, turnsPerStep: 5, maxWaitingRequests: 30 } });
    let nowMs = 1;
    const step = (input: Parameters<Kernel["step"]>[0]): KernelEffect[] => kernel.step(input, { monotonicMs: ++nowMs, wallMs: nowMs });
    kernel.birth({ monotonicMs: 0, wallMs: 0 });
    step({ kind: "durable", turn: 1 });
    let last: KernelEffect[] = [];
    const refused = new Set<number>();
    const answered = new Set<number>();
    const note = (effects: readonly KernelEffect[]): void => {
      for (const effect of effects) if (effect.kind === "answer") (effect.outcome.ok ? answered : refused).add(effect.request);
    };
    const ask = (request: number): void => note((last = step({ kind: "request", request, service: "talker", method: "keep", args: ["x".repeat(900)], via: "client" })));
    for (let request = 1; request <= 100; request++) ask(request);
    const executed = kernel.executed - 1;
    assert.ok(executed >= 11 && executed <= 16, `${executed} turns were executed`);
    assert.deepEqual([answered.size, refused.size], [0, 100 - executed - 30], "30 wait, the others are refused");
    assert.ok(!last.some(({ kind }) => kind === "again" || kind === "alarm"), "a full node waits, it does not turn in circles");
    for (let i = 0; i < 50; i++) note(step({ kind: "durable", turn: kernel.executed }));
    assert.equal(answered.size, executed + 30);
    ask(101);
    note(step({ kind: "durable", turn: kernel.executed }));
    assert.ok(answered.has(101));
    assert.equal((kernel.state.services.get("talker") as Talker).kept.length, executed + 31);
  });
});

describe("the longest message", () => {
  const told = (node: TestNode) => node.node.notes.filter(({ code }) => code === "MK_TOO_LARGE");

  it("F26: is what both sides take: a longer one is refused in the turn that sends it", () => {
    const test = new TestWorld();
    const a = test.node("a", talkerApp, ["b"]);
    const b = test.node("b", talkerApp, [], { maxMessageBytes: 5_000 });
    test.pass(500);
    assert.equal(codeOf(a.call("talker.tellMany", ["b", 1, 6_000])), "MK_TOO_LARGE");
    assert.equal(codeOf(a.call("talker.tellMany", ["b", 1, 4_000])), "ok");
    assert.equal(codeOf(b.call("talker.tellMany", ["a", 1, 6_000])), "MK_TOO_LARGE", "its own limit counts too");
    test.pass(50);
    assert.deepEqual(b.service<Talker>("talker").heard, [1]);
  });

  it("F26: that was lowered while longer ones wait stops the channel, is said on both sides, and lets all of it through when it is raised again", () => {
    const test = new TestWorld();
    const a = test.node("a", talkerApp, ["b"]);
    const b = test.node("b", talkerApp, []);
    test.pass(500);
    b.node.staysDown = true;
    test.world.crash(b.node, "all");
    a.call("talker.tellMany", ["b", 2, 9_000]);
    const options = b.node.options as { limits?: object };
    options.limits = { maxMessageBytes: 1_000 };
    b.node.staysDown = false;
    test.pass(10_000);
    assert.deepEqual(b.service<Talker>("talker").heard, []);
    assert.equal(told(a).length, 1);
    assert.match(told(a)[0]!.message, /waits for b, which takes 1000 at most/);
    assert.equal(told(b).length, 1, "and the other side, once");
    delete options.limits;
    b.restart();
    test.pass(5_000);
    assert.deepEqual(b.service<Talker>("talker").heard, [1, 2]);
  });
});
