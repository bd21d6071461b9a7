/**
 * Goal: whatever becomes of the data of two nodes that talk (restored, wiped, forgotten, put back by hand), they begin anew where
 * somebody meant it and refuse each other where nobody did; nothing is answered to the wrong life (fault 12). Method: simulated nodes;
 * each row of "Who knows whom" in docs/internals/protocol.md, and random histories against what was meant.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, ref, Service, type Deferred, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import type { DiskCopy } from "#maceken/sim/simulated-node.js";
import { frameType, protocolVersion, writeHello, type Hello } from "#maceken/protocol/frame.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import { generator } from "../lib/generator.ts";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";
import { written } from "../lib/written.ts";

class Desk extends Service {
  static readonly messages: Messages<Desk> = { put: true, keep: true, release: true, tell: true, flood: true, ask: true };
  got: string[] = [];
  outcomes: string[] = [];
  kept: { readonly item: string; readonly deferred: Deferred<string> }[] = [];
  put(item: string): string {
    this.got.push(item);
    return `got ${item}`;
  }
  keep(item: string): Deferred<string> {
    this.got.push(item);
    const deferred = this.turn.deferReply<string>();
    this.kept.push({ item, deferred });
    return deferred;
  }
  release(): void {
    for (const { item, deferred } of this.kept.splice(0)) deferred.resolve(`late ${item}`);
  }
  /** One-way: nothing comes back but the acknowledgement. */
  tell(node: string, item: string): void {
    desk(node).put(item);
  }
  flood(node: string, count: number, size: number): void {
    for (let i = 0; i < count; i++) desk(node).put("x".repeat(size));
  }
  ask(node: string, method: "put" | "keep", item: string): void {
    this.turn.when(desk(node)[method](item), this.onAnswer, item);
  }
  private onAnswer(outcome: Outcome<string>, item: string): void {
    this.outcomes.push(`${item}: ${outcome.ok ? outcome.value : (outcome.error as { code: string }).code}`);
  }
}
const desk = (node: string): Ref<Desk> => ref<Desk>(`${node}/desk` as "b/desk");
const deskApp = () => app({ version: 1 }).service("desk", () => new Desk());

interface Pair {
  readonly test: TestWorld;
  readonly a: TestNode;
  readonly b: TestNode;
}

function pair(dialler: "a" | "b" | "both" = "a"): Pair {
  const test = new TestWorld();
  const a = test.node("a", deskApp(), dialler === "b" ? [] : ["b"]);
  const b = test.node("b", deskApp(), dialler === "a" ? [] : ["a"]);
  test.pass(500);
  return { test, a, b };
}

const stateOf = (node: TestNode): Desk => node.service<Desk>("desk");
const codesOf = ({ node }: TestNode): string[] => node.notes.flatMap(({ code }) => code ?? []);
const quarantined = (...nodes: TestNode[]): boolean => nodes.every((node) => codesOf(node).includes("MK_PEER_ROLLED_BACK"));
const letters = (node: TestNode): string[] => [...node.kernel.state.dead.values()].map(({ error }) => error);

function tell({ test }: Pair, from: TestNode, to: TestNode, item: string): void {
  from.call("desk.tell", [to.node.name, item]);
  test.pass(2_500);
}

function goBack({ test }: Pair, node: TestNode, copy: DiskCopy): void {
  test.world.putBack(node.node, copy);
  for (const { notes } of test.world.nodes.values()) notes.length = 0;
  test.world.start(node.node);
  test.pass(2_500);
}

function restore({ test }: Pair, node: TestNode, copy: DiskCopy): void {
  test.world.restore(node.node, copy);
  for (const { notes } of test.world.nodes.values()) notes.length = 0;
  test.world.start(node.node);
  test.pass(2_500);
}

function forget({ test }: Pair, node: TestNode, peer: string): void {
  test.world.operate(node.node, { kind: "forgetPeer", peer });
  test.pass(2_500);
}

/** Both ways, once and in order. */
function flows(both: Pair, what: string): void {
  const { a, b } = both;
  for (const [from, to] of [[a, b], [b, a]] as const) {
    const before = [...stateOf(to).got];
    const items = [`${what} 1`, `${what} 2`];
    for (const item of items) from.call("desk.ask", [to.node.name, "put", item]);
    both.test.pass(2_500);
    assert.deepEqual(stateOf(to).got, [...before, ...items], `${what}: ${from.node.name} to ${to.node.name}`);
    assert.deepEqual(stateOf(from).outcomes.slice(-2), items.map((item) => `${item}: got ${item}`), what);
  }
}

describe("put back by hand", () => {
  for (const dialler of ["a", "b", "both"] as const) {
    it(`F12: to before the two had met, it is refused, whichever way messages went (${dialler} dials)`, () => {
      for (const way of ["to it", "from it", "both ways"]) {
        const test = new TestWorld();
        const a = test.node("a", deskApp(), dialler === "b" ? [] : ["b"]);
        a.node.staysDown = true;
        test.world.crash(a.node, "all");
        const b = test.node("b", deskApp(), dialler === "a" ? [] : ["a"]);
        test.pass(50);
        const both = { test, a, b };
        const old = test.world.copyDisk(b.node);
        test.world.start(a.node);
        test.pass(500);
        if (way !== "from it") tell(both, a, b, "x");
        if (way !== "to it") tell(both, b, a, "y");
        goBack(both, b, old);
        assert.ok(quarantined(a, b), `${way}: ${JSON.stringify([codesOf(a), codesOf(b)])}`);
        // As many messages as the other has taken: the numbers fit again, the messages do not.
        for (const item of ["y 2", "z"]) b.call("desk.tell", ["a", item]);
        b.restart();
        a.call("desk.tell", ["b", "x 2"]);
        test.pass(5_000);
        assert.deepEqual([stateOf(a).got, stateOf(b).got], [way === "to it" ? [] : ["y"], []], `${way}: nothing is taken`);
        assert.equal(letters(a).length + letters(b).length, 0, "nothing is given up by itself");
      }
    });
  }

  it("F12: to before a message or an acknowledgement, it is refused; others are not", () => {
    for (const back of ["a", "b"] as const) {
      const both = pair();
      const { test, a, b } = both;
      const node = back === "a" ? a : b;
      tell(both, a, b, "1");
      const old = test.world.copyDisk(node.node);
      tell(both, a, b, "2");
      goBack(both, node, old);
      assert.ok(quarantined(a, b), back);
      assert.deepEqual(stateOf(b).got, back === "a" ? ["1", "2"] : ["1"]);
    }
  });

  it("F12: in a life that has ended, it is refused, and the new life too when it comes after", () => {
    for (const dialler of ["a", "b"] as const) {
      const both = pair(dialler);
      const { test, a, b } = both;
      flows(both, "first");
      const backup = test.world.copyDisk(b.node);
      flows(both, "lost");
      const lost = test.world.copyDisk(b.node);
      restore(both, b, backup);
      flows(both, "second");
      const second = test.world.copyDisk(b.node);
      goBack(both, b, lost);
      assert.ok(quarantined(a, b), "the machine that was given up came back");
      if (dialler === "b") assert.match(a.node.notes.map(({ message }) => message).join("\n"), /b comes back in a life that has ended/);
      goBack(both, b, second);
      assert.deepEqual(codesOf(a), [], "who did not change is known again");
      flows(both, "third");
    }
  });

  it("F12: to before the other was restored, it is refused, whichever way messages went since", () => {
    for (const way of ["to it", "from it"] as const) {
      const both = pair();
      const { test, a, b } = both;
      flows(both, "first");
      const old = test.world.copyDisk(a.node);
      restore(both, b, test.world.copyDisk(b.node));
      tell(both, ...(way === "to it" ? [b, a] as const : [a, b] as const), "second");
      const given = letters(b).length;
      goBack(both, a, old);
      assert.ok(quarantined(a, b), way);
      assert.deepEqual([letters(a).length, letters(b).length], [0, given], `${way}: nothing is given up by itself`);
    }
  });

  it("F12: in a life of which a restored peer has not heard, it is refused", () => {
    const both = pair();
    const { test, a, b } = both;
    flows(both, "first");
    const [oldA, oldB] = [test.world.copyDisk(a.node), test.world.copyDisk(b.node)];
    test.world.crash(a.node, "none");
    a.node.staysDown = true;
    restore(both, b, oldB);
    test.world.restore(a.node, oldA);
    test.world.start(a.node);
    test.pass(2_500);
    flows(both, "second");
    goBack(both, b, oldB);
    assert.ok(quarantined(a, b));
  });

  it("F12: to before it forgot the other, or was forgotten, it is refused", () => {
    for (const forgetful of ["a", "b"] as const) {
      const both = pair();
      const { test, a, b } = both;
      flows(both, "first");
      const old = test.world.copyDisk(b.node);
      forget(both, forgetful === "a" ? a : b, forgetful === "a" ? "b" : "a");
      flows(both, "second");
      goBack(both, b, old);
      assert.ok(quarantined(a, b), forgetful);
    }
  });

  it("F12: `peers forget` at either node ends it, also when it had forgotten before; so does a restore", () => {
    for (const end of ["a forgets", "b forgets", "both forget", "restore"] as const) {
      for (const times of [1, 2]) {
        const both = pair();
        const { test, a, b } = both;
        flows(both, "first");
        const old = test.world.copyDisk(b.node);
        for (let time = 0; time < times; time++) {
          a.call("desk.ask", ["b", "keep", "waits"]);
          test.pass(500);
          flows(both, `lost ${time}`);
          goBack(both, b, old);
          assert.ok(quarantined(a, b));
          a.call("desk.tell", ["b", "queued"]);
          if (end === "restore") restore(both, b, old);
          if (end !== "b forgets" && end !== "restore") forget(both, a, "b");
          if (end !== "a forgets" && end !== "restore") forget(both, b, "a");
          test.pass(2_500);
          flows(both, `after ${time}`);
          assert.ok(stateOf(a).outcomes.includes("waits: MK_PEER_LOST"), `${end}: who waits is told`);
          assert.equal(letters(a).filter((code) => code === "MK_PEER_LOST").length, time + 1, `${end}: what was queued is a dead letter`);
          assert.ok(!stateOf(b).got.includes("queued"));
        }
      }
    }
  });
});

describe("a new life", () => {
  for (const dialler of ["a", "b", "both"] as const) {
    it(`F12: of a restored node: both begin anew, who waits is told on both sides, once (${dialler} dials)`, () => {
      for (const snapshots of [false, true]) {
        const both = pair(dialler);
        const { test, a, b } = both;
        flows(both, "first");
        b.call("desk.ask", ["a", "keep", "of b"]);
        a.call("desk.ask", ["b", "keep", "of a"]);
        test.pass(500);
        if (snapshots) test.world.takeSnapshot(b.node);
        const backup = test.world.copyDisk(b.node);
        flows(both, "lost");
        test.world.crash(b.node, "none");
        b.node.staysDown = true;
        a.call("desk.tell", ["b", "queued"]);
        restore(both, b, backup);
        assert.ok(!quarantined(a) && !quarantined(b));
        const outcomes = (node: TestNode): string[] => stateOf(node).outcomes.filter((outcome) => outcome.startsWith("of "));
        assert.deepEqual([outcomes(a), outcomes(b)], [["of a: MK_PEER_LOST"], ["of b: MK_PEER_LOST"]]);
        assert.match(a.node.notes.map(({ message }) => message).join("\n"), /b began a new life: .* 1 unacknowledged message becomes a dead letter, 1 call gets MK_PEER_LOST/);
        assert.match(b.node.notes.map(({ message }) => message).join("\n"), /this node was restored: it goes on from turn \d+ in a new life/);
        flows(both, "second");
        const { incarnation } = b.kernel;
        b.restart();
        assert.equal(b.kernel.incarnation, incarnation, "once: a restart keeps it");
        flows(both, "third");
        assert.deepEqual([outcomes(a), outcomes(b), letters(a)], [["of a: MK_PEER_LOST"], ["of b: MK_PEER_LOST"], ["MK_PEER_LOST"]]);
        // All that b had sent until the backup had come, and its records say so.
        assert.equal(letters(b).length, 0);
      }
    });
  }

  it("F12: of both nodes at once, or of one twice, before they meet", () => {
    for (const who of ["both", "b twice"] as const) {
      const both = pair();
      const { test, a, b } = both;
      flows(both, "first");
      const [oldA, oldB] = [test.world.copyDisk(a.node), test.world.copyDisk(b.node)];
      flows(both, "lost");
      test.world.crash(a.node, "none");
      a.node.staysDown = true;
      restore(both, b, oldB);
      if (who === "both") test.world.restore(a.node, oldA);
      else restore(both, b, test.world.copyDisk(b.node));
      test.world.start(a.node);
      test.pass(2_500);
      flows(both, "second");
      assert.ok(!quarantined(a) && !quarantined(b), who);
    }
  });

  it("F12, F02: of a restored node that crashes before every effect of its first start begins once", () => {
    let boundaries = 1;
    for (let strike = 0; strike < boundaries; strike++) {
      for (const outcome of ["none", "all"] as const) {
        const both = pair();
        const { test, a, b } = both;
        flows(both, "first");
        b.call("desk.ask", ["a", "keep", "of b"]);
        test.pass(500);
        const backup = test.world.copyDisk(b.node);
        let count = 0;
        test.world.crashBefore = (node) => (node === b.node && count++ === strike ? outcome : undefined);
        restore(both, b, backup);
        boundaries = Math.min(60, count);
        test.world.crashBefore = () => undefined;
        test.pass(2_500);
        flows(both, `strike ${strike}`);
        assert.ok(!quarantined(a) && !quarantined(b), `strike ${strike}`);
        assert.deepEqual(stateOf(b).outcomes.filter((each) => each.startsWith("of b")), ["of b: MK_PEER_LOST"], `strike ${strike}`);
      }
    }
    assert.ok(boundaries > 5, `${boundaries}`);
  });

  it("F12, F02: gives up much that waits over many turns, in memory or in blocks, whatever crashes meanwhile", () => {
    const limits = { outboxMemoryBytes: 64 * 1024 };
    for (const [event, where, size] of [["restore", "memory", 0], ["restore", "blocks", 4_000], ["forget", "blocks", 4_000], ["begin anew", "blocks", 4_000]] as const) {
      let boundaries = 1;
      for (let strike = -1; strike < boundaries; strike += Math.max(1, Math.floor(boundaries / 6))) {
        const test = new TestWorld();
        const a = test.node("a", deskApp(), ["b"], where === "blocks" ? limits : undefined);
        const b = test.node("b", deskApp());
        const both = { test, a, b };
        flows(both, "first");
        // What was acknowledged is known after that.
        test.world.takeSnapshot(a.node);
        const old = test.world.copyDisk(b.node);
        b.node.staysDown = true;
        test.world.crash(b.node, "none");
        a.call("desk.flood", ["b", 1_100, size]);
        a.call("desk.ask", ["b", "put", "waits"]);
        test.pass(500);
        if (where === "blocks") {
          test.world.takeSnapshot(a.node);
          assert.ok(a.node.blocks.size > 3, `${a.node.blocks.size} blocks`);
        }
        let count = 0;
        test.world.crashBefore = (node) => (node === a.node && count++ === strike ? "none" : undefined);
        if (event === "restore") restore(both, a, test.world.copyDisk(a.node));
        else if (event === "forget") {
          forget(both, a, "b");
          // The crash may have come before it was durable: then the operator says it again.
          forget(both, a, "b");
        }
        if (event === "begin anew") test.world.restore(b.node, old);
        test.world.start(b.node);
        test.pass(2_500);
        boundaries = Math.max(boundaries, count);
        test.world.crashBefore = () => undefined;
        test.pass(2_500);
        flows(both, `${event} ${where} ${strike}`);
        assert.equal(letters(a).length, 1_101, `${event} ${where} ${strike}`);
        assert.deepEqual(stateOf(a).outcomes.filter((each) => each.startsWith("waits")), ["waits: MK_PEER_LOST"], `${event} ${where} ${strike}`);
        assert.ok(!stateOf(b).got.includes("waits"));
        assert.ok(!codesOf(a).includes("MK_PEER_ROLLED_BACK") && !codesOf(b).includes("MK_PEER_ROLLED_BACK"), `${event} ${where} ${strike}`);
      }
      assert.ok(boundaries > 10, `${event} ${where}: ${boundaries}`);
    }
  });

  it("F12, F01: crashes while two meet, begin anew or forget make nobody suspect the other", () => {
    for (const event of ["meet", "forget", "restore"] as const) {
      let boundaries = 1;
      for (let strike = 0; strike < boundaries; strike++) {
        for (const outcome of ["none", "all"] as const) {
          const test = new TestWorld();
          let count = 0;
          const watch = (): void => void (test.world.crashBefore = () => (count++ === strike ? outcome : undefined));
          if (event === "meet") watch();
          const both = { test, a: test.node("a", deskApp(), ["b"]), b: test.node("b", deskApp(), ["a"]) };
          const { a, b } = both;
          // Each has something to say as soon as they know each other.
          if (event === "meet") for (const [from, to] of [[a, "b"], [b, "a"]] as const) from.ask("desk.tell", [to, "early"]);
          test.pass(2_500);
          if (event !== "meet") {
            flows(both, "first");
            watch();
            if (event === "forget") forget(both, a, "b");
            else restore(both, b, test.world.copyDisk(b.node));
          }
          boundaries = Math.max(boundaries, Math.min(count, 80));
          test.world.crashBefore = () => undefined;
          test.pass(2_500);
          flows(both, `${event}, strike ${strike}`);
          assert.ok(!codesOf(a).includes("MK_PEER_ROLLED_BACK") && !codesOf(b).includes("MK_PEER_ROLLED_BACK"), `${event}, strike ${strike}, ${outcome}`);
        }
      }
      assert.ok(boundaries > 20, `${event}: ${boundaries}`);
    }
  });

  it("F12: gets no answer to what an earlier one had asked, though it gives the call's number again", () => {
    for (const how of ["restored", "wiped"] as const) {
      const both = pair();
      const { test, a, b } = both;
      const backup = test.world.copyDisk(a.node);
      a.call("desk.ask", ["b", "keep", "old"]);
      test.pass(500);
      if (how === "restored") restore(both, a, backup);
      else goBack(both, a, { durable: [], snapshot: undefined, blocks: new Map(), restoredAs: undefined });
      a.call("desk.ask", ["b", "keep", "new"]);
      test.pass(500);
      const calls = stateOf(b).kept.map(({ deferred }) => (deferred as unknown as { origin: { call: number } }).origin.call);
      assert.equal(calls[0], calls[1], "the same number, or this tests nothing");
      // The old one first: it would take the new one's place.
      b.call("desk.release");
      test.pass(500);
      assert.deepEqual(stateOf(a).outcomes, ["new: late new"], how);
      assert.equal(a.kernel.state.calls.size, 0);
    }
  });

  it("F12: tells nobody again who has had his answer before a restart", () => {
    for (const how of ["restored", "wiped", "forgotten"] as const) {
      const both = pair();
      const { test, a, b } = both;
      flows(both, "first");
      a.call("desk.ask", ["b", "keep", "waits"]);
      a.restart();
      const { outcomes } = stateOf(a);
      const before = [...outcomes];
      if (how === "restored") restore(both, b, test.world.copyDisk(b.node));
      else if (how === "wiped") goBack(both, b, { durable: [], snapshot: undefined, blocks: new Map(), restoredAs: undefined });
      else forget(both, a, "b");
      assert.deepEqual(stateOf(a).outcomes, [...before, "waits: MK_PEER_LOST"], how);
    }
  });

  it("F12: of a node that forgot a peer it never met turns what was queued for it into dead letters", () => {
    const test = new TestWorld();
    const a = test.node("a", deskApp(), ["b"]);
    test.pass(50);
    a.call("desk.ask", ["b", "put", "x"]);
    const b = { test, a, b: a };
    forget(b, a, "b");
    assert.deepEqual(letters(a), ["MK_PEER_LOST"]);
    assert.deepEqual(stateOf(a).outcomes, ["x: MK_PEER_LOST"]);
  });
});

it("F12: a greeting that was overtaken on another connection is not taken for one of older data", () => {
  const test = new TestWorld();
  const a = test.node("a", deskApp());
  test.node("b", deskApp());
  test.pass(20);
  const { kernel } = a;
  const time = { monotonicMs: 1e6, wallMs: test.world.nowMs };
  const step = (input: Parameters<typeof kernel.step>[0]): KernelEffect[] => [...kernel.step(input, time), ...kernel.step({ kind: "durable", turn: kernel.executed }, time)];
  const greeting = (over: Partial<Hello>): Uint8Array =>
    written((writer) => writeHello(writer, { version: protocolVersion, node: "b", incarnation: "b-9", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24, ...over }));
  const acknowledge = written((writer) => {
    writer.u8(frameType.acknowledgement);
    writer.uint(2);
  });
  const connect = (connection: number, ...frames: Uint8Array[]): KernelEffect[] => [...step({ kind: "opened", connection, key: "key of b" }), ...step({ kind: "frames", connection, frames })];
  const told = (effects: KernelEffect[]): boolean => effects.some((effect) => effect.kind === "note" && effect.note.code === "MK_PEER_ROLLED_BACK");
  connect(1, greeting({}));
  connect(2, greeting({}));
  connect(3, greeting({}));
  step({ kind: "request", request: 1, service: "desk", method: "tell", args: ["b", "1"], via: "client" });
  step({ kind: "request", request: 2, service: "desk", method: "tell", args: ["b", "2"], via: "client" });
  step({ kind: "opened", connection: 4, key: "key of b" });
  // On the older connection two are acknowledged; the greeting on the newer one was written before.
  step({ kind: "frames", connection: 3, frames: [acknowledge] });
  assert.equal(kernel.channels.get("b")!.acknowledged, 2);
  assert.ok(!told(step({ kind: "frames", connection: 4, frames: [greeting({ received: 1, consumed: 1 })] })), "overtaken");
  assert.ok(!told(connect(5, greeting({ received: 2, consumed: 2 }))), "the next one is as it should be");
  assert.ok(!told(connect(6, greeting({ received: 1, consumed: 1 }))), "once is not enough");
  assert.ok(told(connect(7, greeting({ received: 1, consumed: 1 }))), "twice is");
});

it("F12, F14: nothing is said to a peer before it is durable that they have met, however long that takes", () => {
  const test = new TestWorld();
  const a = test.node("a", deskApp());
  test.node("b", deskApp());
  test.pass(20);
  a.call("desk.tell", ["b", "early"]);
  const { kernel } = a;
  const time = { monotonicMs: 1e6, wallMs: test.world.nowMs };
  const greeting = written((writer) => writeHello(writer, { version: protocolVersion, node: "b", incarnation: "b-9", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24 }));
  let connection = 0;
  const connect = (): KernelEffect[] => [...kernel.step({ kind: "opened", connection: ++connection, key: "key of b" }, time), ...kernel.step({ kind: "frames", connection, frames: [greeting] }, time)];
  const said = (effects: KernelEffect[]): number => effects.reduce((sum, effect) => sum + (effect.kind === "transmit" ? effect.bytes.length : 0), 0);
  connect();
  kernel.step({ kind: "durable", turn: kernel.executed }, time);
  connect();
  const { durable } = kernel;
  assert.equal(kernel.channels.get("b")!.incarnation, "b-9", "met, and the disk is slow");
  for (let i = 0; i < 3; i++) assert.equal(said(connect()), 0, "no greeting, no message");
  assert.equal(kernel.durable, durable);
  kernel.step({ kind: "durable", turn: kernel.executed }, time);
  assert.ok(said(connect()) > greeting.length + 10, "a greeting and the message");
});

it("F12: random histories: what was meant begins anew and is never suspected, what was not is refused until somebody decides", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const below = generator(seed);
  const effort = Number(process.env["MACEKEN_EFFORT"] ?? 1);
  let refused = 0;
  for (let round = 0; round < 60 * effort; round++) {
    const both = pair((["a", "b", "both"] as const)[below(3)]);
    const { test, a, b } = both;
    const nodes = [a, b] as const;
    const copies: { readonly node: TestNode; readonly other: TestNode; readonly copy: DiskCopy; readonly towards: string }[] = [];
    const history: string[] = [];
    let serial = 0;
    try {
      for (let i = 2 + below(6); i >= 0; i--) {
        const node = nodes[below(2)]!;
        const other = node === a ? b : a;
        const towards = node.kernel.state.histories?.get(other.node.name)?.incarnation || node.kernel.incarnation;
        if (below(2) === 0) copies.push({ node, other, copy: test.world.copyDisk(node.node), towards });
        const action = ["tell", "ask", "restart", "restore now", "restore old", "forget", "wipe", "snapshot"][below(8)]!;
        history.push(`${node.node.name} ${action}`);
        if (action === "tell") tell(both, node, other, `random ${++serial}`);
        else if (action === "ask") flows(both, `random ${++serial}`);
        else if (action === "restart") node.restart();
        else if (action === "restore now") restore(both, node, test.world.copyDisk(node.node));
        else if (action === "restore old") {
          const old = copies.find((each) => each.node === node);
          if (old !== undefined) restore(both, node, old.copy);
        } else if (action === "forget") forget(both, node, other.node.name);
        else if (action === "wipe") goBack(both, node, { durable: [], snapshot: undefined, blocks: new Map(), restoredAs: undefined });
        else test.world.takeSnapshot(node.node);
        assert.ok(!codesOf(a).includes("MK_PEER_ROLLED_BACK") && !codesOf(b).includes("MK_PEER_ROLLED_BACK"), "nobody is suspected");
      }
      flows(both, "all is well");
      const back = copies[below(copies.length)];
      if (back === undefined) continue;
      const { node, other, copy, towards } = back;
      tell(both, ...(below(2) === 0 ? [node, other] as const : [other, node] as const), "after the copy");
      history.push(`${node.node.name} put back to ${towards}`);
      const channel = other.kernel.channels.get(node.node.name)!;
      const known = channel.incarnation === towards || (other.kernel.state.histories?.get(node.node.name)?.ended ?? []).includes(towards);
      goBack(both, node, copy);
      // A life of which the other has never heard, or that it was told to forget, may be as good as a new one.
      if (!known) {
        if (!quarantined(a, b)) flows(both, "a life never heard of");
        continue;
      }
      refused++;
      assert.ok(quarantined(a, b), `refused on both sides: ${JSON.stringify([codesOf(a), codesOf(b)])}`);
      const before = [stateOf(a).got.length, stateOf(b).got.length];
      for (const [from, to] of [[a, b], [b, a]] as const) tell(both, from, to, "in quarantine");
      assert.deepEqual([stateOf(a).got.length, stateOf(b).got.length], before, "nothing passes");
      const decision = below(3);
      history.push(["the other forgets it", "it forgets the other", "it is restored"][decision]!);
      if (decision === 0) forget(both, other, node.node.name);
      else if (decision === 1) forget(both, node, other.node.name);
      else restore(both, node, copy);
      flows(both, "decided");
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}: ${history.join("; ")}`, { cause: error });
    }
  }
  assert.ok(refused > 10, `${refused} were refused`);
});
