/**
 * Goal: connections that say nothing are given up in time, none too early, and dialled again where something waits (F24, F27); what two
 * connections say of one peer while the disk is slow is taken once (K2). Method: a kernel whose inputs and clock are set by hand.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, ref, Service, type Messages, type Ref } from "#maceken/index.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import type { KernelLimits } from "#maceken/kernel/kernel-options.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import { frameType, protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import { written } from "../lib/written.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { say: true };
  readonly peer: Ref<Talker> = ref<Talker>("x/talker");
  say(): void {
    this.peer.say();
  }
}

class Hand {
  nowMs = 1_000;
  #requests = 0;
  readonly kernel: Kernel;

  constructor(limits: Partial<KernelLimits> = {}, key = "key of a") {
    this.kernel = new Kernel({
      name: "a", app: app({ version: 1 }).service("talker", () => new Talker()) as never, random: () => 0.5, newIncarnation: () => "a-1", durable: true, limits,
      peering: { key, listed: new Set(["x"]), dials: new Set(["x"]), keys: new Map([["x", "K"]]), acceptsAny: false },
    });
    this.kernel.birth(this.#time());
    this.durable();
  }

  #time() {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs };
  }

  step(input: KernelInput): string[] {
    return this.kernel.step(input, this.#time()).flatMap(inShort);
  }

  durable(): string[] {
    return this.step({ kind: "durable", turn: this.kernel.executed });
  }

  after(ms: number): string[] {
    this.nowMs += ms;
    return this.step({ kind: "tick" });
  }

  hello(connection: number): string[] {
    const greeting = { version: protocolVersion, node: "x", incarnation: "x-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24 };
    return this.step({ kind: "frames", connection, frames: [written((writer) => writeHello(writer, greeting))] });
  }

  frame(connection: number, type: number): string[] {
    return this.step({ kind: "frames", connection, frames: [Uint8Array.of(type)] });
  }

  /** A message to x. */
  say(): void {
    this.step({ kind: "request", request: ++this.#requests, service: "talker", method: "say", args: [], via: "http" });
    this.durable();
  }

  opened(connection: number, peer?: "x"): string[] {
    return this.step({ kind: "opened", connection, key: "K", ...(peer === undefined ? {} : { peer }) });
  }

  /** They have met, a turn for the key and one for the incarnation, and talk over this connection, which either side has dialled. */
  meet(connection: number, peer?: "x"): void {
    assert.ok(this.opened(connection + 1, "x").includes(`close ${connection + 1}`), "pinned first");
    this.durable();
    this.opened(connection + 2, "x");
    assert.ok(this.hello(connection + 2).includes(`close ${connection + 2}`), "met then");
    this.durable();
    this.opened(connection, peer);
    assert.ok(this.hello(connection).includes(`admit ${connection}`));
  }
}

function inShort(effect: KernelEffect): string[] {
  switch (effect.kind) {
    case "transmit":
    case "close":
    case "admit":
      return [`${effect.kind} ${effect.connection}`];
    case "dial":
      return [`dial ${effect.peer}`];
    case "note":
      return [`note ${effect.note.code ?? effect.note.message}`];
    default:
      return [];
  }
}

test("F27: a connection that never greets is closed after ten seconds, and only then", () => {
  const hand = new Hand();
  hand.step({ kind: "opened", connection: 1, key: "K" });
  assert.deepEqual(hand.after(9_900), []);
  assert.deepEqual(hand.after(200), ["close 1"]);
  assert.deepEqual(hand.after(60_000), []);
});

for (const peer of ["x", undefined] as const) {
  test(`F24: a peer that owes something and says nothing is asked, given up and dialled again, whoever had dialled: ${peer === undefined ? "it" : "this node"}`, () => {
    const hand = new Hand();
    hand.meet(1, peer);
    assert.deepEqual(hand.after(600_000).filter((each) => each !== "dial x"), peer === undefined ? ["transmit 1", "close 1"] : [], "while nothing waits, silence means nothing: at most the connection rests");
    const other = new Hand();
    other.meet(1, peer);
    other.say();
    assert.deepEqual(other.after(4_900), []);
    assert.deepEqual(other.after(200), ["transmit 1"], "a ping");
    assert.deepEqual(other.after(5_000), [], "asked once");
    assert.deepEqual(other.after(5_000), ["close 1", "dial x"]);
    // It comes back, and is asked again only when it is silent again.
    other.opened(2, "x");
    other.hello(2);
    assert.deepEqual(other.after(4_000), []);
    assert.deepEqual(other.frame(2, frameType.pong), []);
    assert.deepEqual(other.after(4_000), []);
    assert.deepEqual(other.after(1_100), ["transmit 2"]);
  });
}

test("F24: what goes to a peer that was silent for long is not too late because of that: it is asked, and has ten seconds", () => {
  const hand = new Hand({ idleConnectionMs: 10_000_000 });
  hand.meet(1, "x");
  hand.after(600_000);
  hand.say();
  assert.deepEqual(hand.after(1_000), ["transmit 1"], "a ping");
  assert.deepEqual(hand.after(9_000), []);
  assert.deepEqual(hand.after(1_000), ["close 1", "dial x"]);
});

test("F24: a connection that lives at this end only does not keep the peer's new ones away for long", () => {
  for (const isAnswered of [true, false]) {
    const hand = new Hand({}, "A");
    // Nothing waits for the peer here, so that only its own attempts can tell that it has lost the connection.
    hand.meet(1, "x");
    hand.after(60_000);
    hand.opened(7);
    assert.deepEqual(hand.hello(7), ["close 7", "transmit 1"], "the connection of the lower key is kept, and asked");
    if (isAnswered) assert.deepEqual(hand.frame(1, frameType.pong), []);
    assert.deepEqual(hand.after(1_900), []);
    assert.deepEqual(hand.after(200), isAnswered ? [] : ["close 1", "dial x"]);
    hand.opened(8);
    assert.deepEqual(hand.hello(8), isAnswered ? ["close 8", "transmit 1"] : ["admit 8", "transmit 8"]);
  }
});

test("a peer that wants to rest while something waits for it is dialled again", () => {
  const hand = new Hand();
  hand.meet(1, "x");
  hand.say();
  assert.deepEqual(hand.frame(1, frameType.rest), ["close 1", "dial x"]);
  const idle = new Hand();
  idle.meet(1, "x");
  assert.deepEqual(idle.frame(1, frameType.rest), ["close 1"]);
  assert.equal(idle.kernel.peers.reachOf("x").state, "resting");
});

test("K2: while the disk is slow, a key and an incarnation that come on two connections are taken once", () => {
  // One record may wait for the disk, and no turn runs meanwhile.
  const hand = new Hand({ unsyncedBytes: 1 });
  const noted = (shorts: string[]): string[] => shorts.filter((each) => each.startsWith("note"));
  hand.step({ kind: "request", request: 1, service: "talker", method: "say", args: [], via: "http" });
  for (const connection of [1, 2]) assert.deepEqual(hand.opened(connection, "x"), [`close ${connection}`, "dial x"]);
  const { executed } = hand.kernel;
  assert.deepEqual(noted(hand.durable()), ["note x has proved the configured key"]);
  assert.equal(hand.kernel.executed, executed + 1);
  // Both connections stand before either greets, and another record waits.
  hand.durable();
  for (const connection of [3, 4]) hand.opened(connection, "x");
  hand.step({ kind: "request", request: 2, service: "talker", method: "say", args: [], via: "http" });
  for (const connection of [3, 4]) assert.ok(hand.hello(connection).includes(`close ${connection}`));
  for (let i = 0; i < 3; i++) hand.durable();
  const channel = hand.kernel.channels.get("x")!;
  assert.deepEqual([channel.incarnation, channel.outbox.length], ["x-1", 2], "what was sent before they met is kept");
  hand.opened(5, "x");
  assert.ok(hand.hello(5).includes("admit 5"));
});
