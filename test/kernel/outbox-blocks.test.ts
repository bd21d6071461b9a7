/**
 * Messages that wait outside memory (K3, K4, K6): whatever crashes, whenever snapshots are taken in between, whether or not there is
 * room for blocks, the peer has every message once and in order, and memory has its bound. Method: seeded random worlds of two nodes
 * with small limits; and peers that begin a new life while much waits for them.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, ref, Service, type Messages, type Outcome } from "#maceken/index.js";
import type { DeadLetter } from "#maceken/turn/node-state.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { SimulatedNode } from "#maceken/sim/simulated-node.js";
import { generator } from "../lib/generator.ts";
import { TestWorld } from "../lib/lone-node.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { tell: true, hear: true, ask: true };
  heard: number[] = [];
  told = 0;
  lost = 0;
  answered = 0;
  /** From `first` on, so that a request repeated after a crash says nothing new. */
  tell(other: string, first: number, bytes: readonly number[]) {
    const listener = ref<Talker>(`${other}/talker`);
    bytes.forEach((length, i) => {
      if (first + i <= this.told) return;
      listener.hear(++this.told, "x".repeat(length));
    });
  }
  ask(other: string) {
    this.turn.when(ref<Talker>(`${other}/talker`).hear(-1, ""), this.onAnswer);
  }
  private onAnswer(outcome: Outcome<unknown>) {
    if (outcome.ok) this.answered++;
    else if ((outcome.error as { code: string }).code === "MK_PEER_LOST") this.lost++;
  }
  hear(number: number, _text: string) {
    if (number > 0) this.heard.push(number);
  }
}

const talkerApp = app({ version: 1 }).service("talker", () => new Talker()) as unknown as AppDefinition;
const limits = { outboxMemoryBytes: 4_000, nodeOutboxMemoryBytes: 6_000, outboxSpareBytes: 500, turnsPerStep: 2, retryDelaysMs: [1] };
const talkerOf = (node: SimulatedNode): Talker => node.kernel!.state.services.get("talker") as Talker;
const inOrder = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function randomLife(seed: number): { written: number; read: number } {
  const below = generator(seed);
  const world = new KernelWorld((options) => below(options));
  const counts = { written: 0, read: 0 };
  let crashing = false;
  world.crashBefore = (node, effect) => {
    if (effect.kind === "writeBlock") counts.written++;
    if (effect.kind === "readBlock") counts.read++;
    // Around blocks more often than elsewhere.
    const often = effect.kind === "writeBlock" || effect.kind === "readBlock" || effect.kind === "dropBlock" ? 15 : 400;
    return crashing && node.name === "a" && below(often) === 0 ? (["none", "first", "all"] as const)[below(3)] : undefined;
  };
  const nodes = ["a", "b", "c"].map((name) => world.add(name, { app: talkerApp, dials: ["a", "b", "c"].filter((other) => other !== name), limits }));
  const [a, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
  assert.ok(world.run(200));
  let told = 0;
  for (let round = 0; round < 40; round++) {
    crashing = true;
    const target = below(4) === 0 ? c : b;
    const peerOf = target.staysDown ? target : below(3) === 0 ? target : undefined;
    if (peerOf !== undefined && peerOf.kernel !== undefined) {
      peerOf.staysDown = true;
      world.crash(peerOf, "all");
    } else if (peerOf !== undefined && below(2) === 0) peerOf.staysDown = false;
    a.hasRoomForBlocks = below(5) > 0;
    if (below(3) === 0 && a.kernel !== undefined && a.taking === undefined && a.effects.length === 0) world.beginSnapshot(a);
    const bytes = Array.from({ length: below(12) }, () => below(900));
    const to = target.name;
    // All to one node, so that its order can be checked: the other is away now and then, for the bound of all together.
    if (to === "b" && a.kernel !== undefined) {
      world.request(a, { service: "talker", method: "tell", args: [to, told + 1, bytes] });
      assert.ok(world.run(below(40), 200_000));
      crashing = false;
      while (a.kernel === undefined) assert.ok(world.run(10));
      // The request may have been lost with the process: what came of it is in the state.
      ({ told } = talkerOf(a));
      const { memoryBytes } = a.kernel.channels.get("b")!.outbox;
      if (a.hasRoomForBlocks && memoryBytes > limits.outboxMemoryBytes * 3) assert.ok(world.run(1_100) && a.kernel!.channels.get("b")!.outbox.memoryBytes <= limits.outboxMemoryBytes, `seed ${seed}: ${memoryBytes} bytes in memory`);
    }
  }
  crashing = false;
  a.hasRoomForBlocks = true;
  for (const node of nodes) node.staysDown = false;
  for (let i = 0; i < 20 && (nodes.some(({ kernel }) => kernel === undefined) || talkerOf(b).heard.length < talkerOf(a).told); i++) assert.ok(world.run(1_000, 500_000));
  assert.deepEqual(talkerOf(b).heard, inOrder(talkerOf(a).told), `seed ${seed}: each message once and in order`);
  const { outbox } = a.kernel!.channels.get("b")!;
  assert.ok(world.run(2_000));
  assert.deepEqual([outbox.length, outbox.payloadBytes, outbox.memoryBytes, a.kernel!.outboxes.heldBytes], [0, 0, 0, 0], `seed ${seed}: nothing is left`);
  if (a.taking === undefined) world.takeSnapshot(a);
  assert.ok(world.run(2_000));
  world.takeSnapshot(a);
  assert.equal(a.blocks.size, 0, `seed ${seed}: blocks nobody needs are gone`);
  return counts;
}

describe("messages that wait outside memory", () => {
  it("F28: arrive once and in order, over crashes, snapshots and want of room", () => {
    const seeds = Number(process.env["MACEKEN_EFFORT"] ?? 1) * 150;
    const first = Math.floor(Math.random() * 1e9);
    console.log(`# seeds ${first} to ${first + seeds - 1}`);
    let written = 0;
    let read = 0;
    for (let seed = first; seed < first + seeds; seed++) {
      const counts = randomLife(seed);
      written += counts.written;
      read += counts.read;
    }
    console.log(`# ${written} blocks written, ${read} read`);
    assert.ok(written > seeds && read > seeds / 2, `${written} blocks written, ${read} read: the worlds must try them`);
  });

  it("F12: become dead letters when the peer begins a new life, all of them and each once, whenever this node crashes", () => {
    const live = (crashAt: number): { readonly boundaries: number; readonly crashed: boolean } => {
      const test = new TestWorld();
      const a = test.node("a", talkerApp, ["b"], limits);
      const b = test.node("b", talkerApp, [], limits);
      test.pass(50);
      b.node.staysDown = true;
      test.world.crash(b.node, "all");
      let told = 0;
      for (let i = 0; i < 10; i++, ({ told } = a.service<Talker>("talker"))) a.call("talker.tell", ["b", told + 1, Array.from({ length: 300 }, () => 10)]);
      a.call("talker.ask", ["b"]);
      test.world.takeSnapshot(a.node);
      assert.ok(a.kernel.channels.get("b")!.outbox.blocks.length > 2, "most of it is in blocks");
      // b's directory is gone.
      b.node.durable.length = 0;
      b.node.snapshot = undefined;
      b.node.staysDown = false;
      const from = test.world.boundaries;
      let crashed = false;
      test.world.crashBefore = (node, _, boundary) => {
        if (node.name !== "a" || crashed || boundary - from < crashAt) return undefined;
        crashed = true;
        return (["none", "first", "all"] as const)[crashAt % 3];
      };
      test.pass(10_000);
      test.world.crashBefore = () => undefined;
      const talker = a.service<Talker>("talker");
      const letters = [...a.kernel.state.dead.values()] as DeadLetter[];
      assert.equal(letters.length, 3001, `crash at ${crashAt}: a letter for each`);
      assert.deepEqual([talker.lost, talker.answered], [1, 0], `crash at ${crashAt}: who waited is told once`);
      assert.equal(a.kernel.channels.get("b")!.outbox.length, 0);
      // The new life hears what is said from now on.
      a.call("talker.tell", ["b", told + 1, [5, 5]]);
      test.pass(2_000);
      assert.deepEqual(b.service<Talker>("talker").heard, [told + 1, told + 2]);
      return { boundaries: test.world.boundaries - from, crashed };
    };
    const { boundaries } = live(Infinity);
    for (let crashAt = 0; crashAt < boundaries && crashAt < 60; crashAt++) live(crashAt);
  });

  it("become dead letters when the operator forgets the peer", () => {
    const test = new TestWorld();
    const a = test.node("a", talkerApp, ["b"], limits);
    const b = test.node("b", talkerApp, [], limits);
    a.call("talker.tell", ["b", 1, [5]]);
    test.pass(50);
    b.node.staysDown = true;
    test.world.crash(b.node, "all");
    a.call("talker.tell", ["b", 2, Array.from({ length: 2500 }, () => 10)]);
    const request = test.world.operate(a.node, { kind: "forgetPeer", peer: "b" });
    // A second one meanwhile changes nothing.
    test.world.operate(a.node, { kind: "forgetPeer", peer: "b" });
    test.pass(2_000);
    assert.deepEqual(a.answerOf(request), { ok: true, value: null });
    assert.equal(a.kernel.state.dead.size, 2500);
    assert.deepEqual([a.kernel.channels.get("b")!.sent, a.kernel.channels.get("b")!.incarnation], [0, ""]);
  });
});
