/** Channels after the end of a connection, of a life and of a process: dialled again, with tries of their own, and counted for the quota. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
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
