/**
 * Channels after the end of a connection, of a life and of a process: dialled again, with tries of their own, counted for the quota; and
 * what is remembered of lives, forgotten in its time.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import { LifeLedger } from "#maceken/kernel/life-ledger.js";
import { OutboxStorage } from "#maceken/kernel/outbox-storage.js";
import { protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import { Outbox } from "#maceken/protocol/outbox.js";
import { OutboxWatch } from "#maceken/protocol/outbox-watch.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { written } from "../lib/written.ts";
import { TestWorld } from "../lib/lone-node.ts";

let failures = 0;
class Hub extends Service {
  static readonly messages: Messages<Hub> = { tell: true, hear: true, fail: true, sometimes: true, say: true };
  heard = 0;
  hear(): void { this.heard++; }
  fail(): void { throw new Error("always"); }
  sometimes(): void { if (failures++ === 0) throw new Error("once"); this.heard++; }
  tell(peer: string): void { ref<Hub>(`${peer}/hub`).hear(); }
  say(peer: string, what: "fail" | "sometimes"): void { ref<Hub>(`${peer}/hub`)[what](); }
}
const hubApp = app({ version: 1 }).service("hub", () => new Hub()) as unknown as AppDefinition;

it("a connection that the peer dialled and that went dead is dialled again from here, when this side has something to say", () => {
  const kernel = new Kernel({ name: "a", app: hubApp, random: () => 0.5, newIncarnation: () => "a-1", durable: true, peering: { key: "", listed: new Set(["b"]), dials: new Set(["b"]), keys: new Map(), acceptsAny: false } });
  let nowMs = 1000;
  const seen: string[] = [];
  const take = (effects: readonly KernelEffect[]): void => {
    for (const effect of effects) if (effect.kind === "close" || effect.kind === "dial") seen.push(effect.kind);
  };
  const time = () => ({ monotonicMs: nowMs, wallMs: nowMs });
  const step = (input: KernelInput): void => {
    take(kernel.step(input, time()));
    while (kernel.durable < kernel.executed) take(kernel.step({ kind: "durable", turn: kernel.executed }, time()));
  };
  take(kernel.birth(time()));
  step({ kind: "durable", turn: 1 });
  step({ kind: "dialFailed", peer: "b", reason: "" });
  const hello = written((writer) => writeHello(writer, { version: protocolVersion, node: "b", incarnation: "b-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24 }));
  for (const connection of [1, 2]) {
    step({ kind: "opened", connection, key: "" });
    step({ kind: "frames", connection, frames: [hello] });
  }
  // The dial that was under way finds b connected.
  step({ kind: "opened", connection: 3, peer: "b", key: "" });
  seen.length = 0;
  step({ kind: "request", request: 1, service: "hub", method: "tell", args: ["b"], via: "client" });
  for (let i = 0; i < 120; i++) {
    nowMs += 1000;
    step({ kind: "tick" });
  }
  assert.deepEqual(seen, ["close", "dial"]);
});

it("the first message of a new life has its own tries", () => {
  const test = new TestWorld();
  const a = test.node("a", hubApp, ["b"]);
  const b = test.node("b", hubApp, ["a"]);
  test.pass(200);
  b.call("hub.say", ["a", "fail"]);
  test.pass(300);
  assert.equal(a.kernel.counters.failures, 3, "it waits for its last try");
  test.world.operate(a.node, { kind: "forgetPeer", peer: "b" });
  test.pass(400);
  failures = 0;
  b.ask("hub.say", ["a", "sometimes"]);
  test.pass(5_000);
  assert.equal(a.service<Hub>("hub").heard, 1);
});

it("what waits in blocks alone counts for the soft quota after a recovery", () => {
  const watch = new OutboxWatch({ softBytes: 1000, memoryBytes: 100, nodeMemoryBytes: 1e9, spareBytes: 50 });
  new Outbox("b", watch).restore(0, [{ block: 1, first: 1, last: 10, payloadBytes: 5000 }], []);
  assert.equal(watch.crowded.size, 1);
});

it("what was written for an outbox that began anew meanwhile is removed; without room no snapshot is lightened for a second", () => {
  const watch = new OutboxWatch({ softBytes: 1e9, memoryBytes: 1_000, nodeMemoryBytes: 1e9, spareBytes: 50 });
  const effects: string[] = [];
  let nowMs = 0;
  const storage = new OutboxStorage(watch, (effect) => effects.push(`${effect.kind} ${"block" in effect ? effect.block : ""}`), () => nowMs);
  const outbox = new Outbox("b", watch);
  const fill = (): void => {
    outbox.push(new Uint8Array(3_000_000), 0);
    outbox.becomeDurable(0);
  };
  fill();
  storage.flush();
  outbox.reset();
  storage.wrote(1, true);
  storage.flush();
  assert.deepEqual(effects, ["writeBlock 1", "dropBlock 1"]);
  fill();
  assert.equal(storage.lighten([outbox]), true);
  storage.wrote(2, false);
  assert.equal(storage.lighten([outbox]), false, "it has just been found that there is no room");
  storage.flush();
  nowMs = 1_000;
  assert.equal(storage.lighten([outbox]), true);
  assert.deepEqual(effects.slice(2), ["writeBlock 2", "writeBlock 3"]);
});

it("an input that ended a process and never comes again is forgotten behind a thousand others", () => {
  const ledger = new LifeLedger();
  for (let i = 0; i <= 1_000; i++) {
    ledger.note({ kind: "attempt", attempt: { input: `message ${i}`, handler: "hub.hear" } }, i, i);
    ledger.note({ kind: "began", counts: true }, i, i);
  }
  assert.deepEqual([ledger.deaths.size, ledger.deaths.has("message 0"), ledger.deaths.get("message 1000")], [1_000, false, 1]);
});

it("a recovery passes over records that its snapshot holds, and over meetings that it shows", () => {
  const test = new TestWorld();
  // b comes first, so that they meet while a's snapshot is under way.
  const b = test.node("b", hubApp, ["a"]);
  const a = test.node("a", hubApp, ["b"]);
  const { world } = test;
  let begun = false;
  world.afterStep = (node) => {
    if (node !== a.node || begun || node.kernel!.durable === 0) return;
    begun = true;
    world.beginSnapshot(node);
  };
  b.call("hub.tell", ["a"]);
  test.pass(1_000);
  assert.equal(a.service<Hub>("hub").heard, 1);
  const before = world.copyDisk(a.node);
  world.takeSnapshot(a.node);
  const after = world.copyDisk(a.node);
  // On a real disk the records stay until their segment is used again.
  world.putBack(a.node, { ...after, durable: [...before.durable, ...after.durable] });
  world.start(a.node);
  test.pass(1_000);
  b.call("hub.tell", ["a"]);
  test.pass(1_000);
  assert.equal(a.service<Hub>("hub").heard, 2);
  assert.equal(b.kernel.channels.get("a")!.outbox.length, 0);
});
