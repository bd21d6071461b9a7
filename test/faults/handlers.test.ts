/**
 * Goal: what handlers and peers do wrong costs that message only (faults 16, 29, 30, 32, 34, 39). Method: services on simulated nodes;
 * a crash is placed exactly between an effect and its outcome.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, MaceKenError, ref, Rejection, Service, watch, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import { frameType, protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import { encodeArguments, outcomePayload, requestPayload } from "#maceken/turn/payload.js";
import { codeOf, TestWorld, type TestNode } from "../lib/lone-node.ts";
import { written } from "../lib/written.ts";

const labels = { label: ([item]: [item: string]) => item };

class Desk extends Service<typeof labels> {
  static readonly messages: Messages<Desk> = { put: true, spoil: true, ask: true, print: true, seen: true, two: true };
  log: string[] = [];
  tries = 0;

  put(text: string): number {
    return this.log.push(text);
  }
  /** Does everything a turn can do, and fails. */
  spoil(): void {
    this.log.push("spoilt");
    this.turn.schedule(this.rang, 1);
    ref<Desk>("b/desk").put("from a spoilt turn");
    this.turn.send(this.hidden);
    this.turn.outside("label", "spoilt");
    throw new Error("broken");
  }
  private rang(): void {
    this.log.push("rang");
  }
  private hidden(): void {
    this.log.push("hidden");
  }
  ask(address: string, method: string): void {
    const desk = ref<Desk>(address as "b/desk") as Ref<Desk>;
    this.turn.when((desk as any)[method]("x"), this.onAnswer, `${address}.${method}`);
  }
  private onAnswer(outcome: Outcome<unknown>, what: string): void {
    this.log.push(`${what} ${codeOf(outcome)}`);
  }
  print(item: string): void {
    this.turn.when(this.turn.outside("label", item), this.onAnswer, item);
  }
  seen(): string[] {
    return this.log;
  }
  two(): void {}
}

const deskApp = () => app({ version: 1 }).service("desk", () => new Desk()).outside(labels);

function pair() {
  const test = new TestWorld();
  const a = test.node("a", deskApp(), ["b"], { retryDelaysMs: [1] });
  const b = test.node("b", deskApp(), [], { retryDelaysMs: [1] });
  test.pass(50);
  return { test, a, b };
}

const logOf = (node: TestNode): string[] => node.service<Desk>("desk").log;

class Thrower extends Service {
  static readonly messages: Messages<Thrower> = { fling: true, tries: true, pass: true };
  static thrown: unknown;
  count = 0;
  fling(): void {
    throw Thrower.thrown;
  }
  pass(): void {
    (ref<Thrower>("b/thrower") as Ref<Thrower>).fling();
  }
  tries(): number {
    return ++this.count;
  }
}

test("F16: whatever a handler throws is told in words, and the node goes on", () => {
  const test = new TestWorld();
  const thrower = () => app({ version: 1 }).service("thrower", () => new Thrower());
  const a = test.node("a", thrower(), ["b"], { retryDelaysMs: [1] });
  const b = test.node("b", thrower(), [], { retryDelaysMs: [1] });
  test.pass(50);
  const longest: unknown[] = [];
  longest.length = 2 ** 32 - 1;
  const unwilling = new Error("x");
  Object.defineProperty(unwilling, "message", { get() { throw new Error("no"); } });
  const things = [undefined, null, 1n, Symbol("s"), Object.create(null), longest, () => {}, { toString: 1 }, Object.assign(new Error(), { message: Object.create(null), name: {}, stack: 1 }), unwilling];
  for (const [i, thing] of things.entries()) {
    Thrower.thrown = thing;
    assert.equal(codeOf(a.call("thrower.fling")), "MK_HANDLER_FAILED");
    a.call("thrower.pass");
    test.pass(5_000);
    assert.equal(b.kernel.state.dead.size, i + 1);
    for (const { error } of b.kernel.state.dead.values()) assert.equal(typeof error, "string");
    assert.deepEqual([a.value("thrower.tries"), b.value("thrower.tries")], [i + 1, i + 1]);
  }
});

class Boaster extends Service {
  static readonly messages: Messages<Boaster> = {
    boast: true, refuse: true, repeat: true, ask: true, tell: true, watched: true, guarded: { guard: () => { throw new Rejection("no", { of: () => {} }); } }, alive: true,
  };
  static readonly aspects = [watch((service: Boaster) => service.n, (service) => service.changed())];
  n = 0;
  seen: string[] = [];
  boast(): void {
    throw new Error("x".repeat(5_000));
  }
  refuse(): void {
    throw new Rejection("no", "x".repeat(5_000));
  }
  /** An error of this library's own, with details that no message carries. */
  repeat(): void {
    throw new MaceKenError("MK_HELD_BACK", "busy", { details: { of: () => {} } });
  }
  watched(): void {
    this.n++;
  }
  private changed(): void {
    throw new Rejection("no", { of: () => {} });
  }
  guarded(): void {}
  ask(method: string): void {
    this.turn.when((ref<Boaster>("b/boaster") as any)[method](), this.onAnswer, method);
  }
  tell(method: string): void {
    (ref<Boaster>("b/boaster") as any)[method]();
  }
  private onAnswer(outcome: Outcome<unknown>, method: string): void {
    this.seen.push(`${method} ${codeOf(outcome)}`);
  }
  alive(): string {
    return "yes";
  }
}

test("F16, F26: an error that is too long for whoever asked, or has what no message carries, arrives shortened; nothing is held up by it", () => {
  const test = new TestWorld();
  const boaster = () => app({ version: 1 }).service("boaster", () => new Boaster());
  const limits = { retryDelaysMs: [1], maxMessageBytes: 300 };
  const a = test.node("a", boaster(), ["b"], limits);
  const b = test.node("b", boaster(), [], limits);
  test.pass(50);
  const methods = ["boast", "refuse", "repeat", "watched", "guarded", "x".repeat(100)];
  for (const method of methods) {
    assert.equal(a.call(`boaster.${method}`).ok, false);
    a.call("boaster.ask", [method]);
    a.call("boaster.tell", [method]);
  }
  a.call("boaster.ask", ["alive"]);
  test.pass(20_000);
  const { seen } = a.service<Boaster>("boaster");
  assert.deepEqual(seen.map((each) => each.split(" ")[0]), [...methods, "alive"]);
  assert.deepEqual([seen[0], seen[1], seen.at(-1)], ["boast MK_PARKED", "refuse MK_TOO_LARGE", "alive ok"]);
  assert.equal(a.kernel.channels.get("b")!.outbox.length + b.kernel.channels.get("a")!.outbox.length, 0);
  assert.equal(a.value("boaster.alive"), "yes");
});

test("F16: of a handler that throws, nothing stays: heap, sends, timers, effects, messages to itself; then the next one runs", () => {
  const { test, a, b } = pair();
  // As a request, as a peer's message, and again after a restart.
  assert.equal(codeOf(a.call("desk.spoil")), "MK_HANDLER_FAILED");
  a.call("desk.ask", ["b/desk", "spoil"]);
  a.call("desk.ask", ["b/desk", "put"]);
  test.pass(5_000);
  assert.deepEqual(logOf(a), ["b/desk.spoil MK_PARKED", "b/desk.put ok"]);
  assert.deepEqual(logOf(b), ["x"]);
  for (const node of [a, b]) {
    node.restart();
    const { state } = node.kernel;
    assert.equal(state.timers.size + state.effects.size + state.local.size + state.calls.size, 0);
    assert.equal(node.node.outside.length, 0);
  }
  const [letter] = [...b.kernel.state.dead.values()];
  assert.equal(letter!.attempts, 4, "a first try and three more");
});

test("F29: a flood of one peer lets the others' messages come round, turn by turn", () => {
  const test = new TestWorld();
  const a = test.node("a", deskApp(), [], { turnsPerStep: 250 });
  for (const name of ["noisy", "quiet"]) test.node(name, deskApp());
  test.pass(50);
  const { kernel } = a;
  const time = { monotonicMs: 1e6, wallMs: test.world.nowMs };
  const hello = (peer: string, count: number): Uint8Array =>
    written((writer) => writeHello(writer, { version: protocolVersion, node: peer, incarnation: `${peer}-9`, knownIncarnation: "a-1", received: 0, consumed: 0, released: count, acknowledged: 0, maxMessageBytes: 1 << 24 }));
  const step = (input: Parameters<typeof kernel.step>[0]): void => {
    kernel.step(input, time);
    kernel.step({ kind: "durable", turn: kernel.executed }, time);
  };
  const greet = (peer: string, connection: number, count: number): void => {
    // The first greetings pin the key and tell the incarnation, and are closed for that.
    for (const each of [connection - 2, connection - 1, connection]) {
      step({ kind: "opened", connection: each, key: `key of ${peer}` });
      step({ kind: "frames", connection: each, frames: [hello(peer, count)] });
    }
  };
  const send = (peer: string, connection: number, count: number): void => {
    const frames = Array.from({ length: count }, (_, i) => written((writer) => {
      writer.u8(frameType.message);
      writer.uint(i + 1);
      writer.raw(requestPayload("desk", "put", encodeArguments([peer], "x"), i + 1));
    }));
    step({ kind: "frames", connection, frames });
  };
  greet("noisy", 1_000_003, 20_000);
  greet("quiet", 2_000_003, 3);
  send("noisy", 1_000_003, 20_000);
  const before = logOf(a).length;
  assert.ok(before > 0 && before < 1_000, "most of the flood waits");
  send("quiet", 2_000_003, 3);
  const places = logOf(a).flatMap((who, i) => (who === "quiet" ? [i - before] : []));
  assert.equal(places.length, 3);
  assert.ok(places[2]! <= 6, `every other turn at least, not at places ${places.join()}`);
  assert.ok(logOf(a).length < 5_000, "and the flood is not over by then");
});

test("F32: a peer that is who it says reaches nothing but what `messages` lists", () => {
  const { test, a, b } = pair();
  const channel = a.kernel.channels.demand("b");
  // Refs leave some of these names out, a forged message does not.
  const names = ["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "onAnswer", "hidden", "turn", "log", "born", ""];
  const executed = b.kernel.executed;
  for (const [i, name] of names.entries()) channel.outbox.push(requestPayload("desk", name, encodeArguments(["x"], "x"), 900 + i), a.kernel.executed);
  for (const service of ["__proto__", "constructor", "nobody", ""]) channel.outbox.push(requestPayload(service, "put", encodeArguments(["x"], "x"), 990), a.kernel.executed);
  a.call("desk.ask", ["b/desk", "put"]);
  test.pass(1_000);
  assert.deepEqual(logOf(b), ["x"], "the next proper message is handled, nothing else was");
  assert.ok(b.kernel.executed >= executed + names.length + 4, "refusals are turns that consume");
  assert.equal(b.kernel.state.dead.size, 0);
  assert.equal(channel.outbox.length, 0, "all of them are acknowledged");
  assert.deepEqual(logOf(a), ["b/desk.put ok"]);
});

test("F30: a peer cannot answer a call that another one was asked, nor one to this node itself", () => {
  const { test, a } = pair();
  const c = test.node("c", deskApp(), ["a"]);
  test.pass(1_000);
  test.world.crash([...test.world.nodes.values()].find(({ name }) => name === "b")!, "none");
  test.world.nodes.get("b")!.staysDown = true;
  a.call("desk.ask", ["b/desk", "put"]);
  const [call] = [...a.kernel.state.calls.keys()];
  // To c, whose channel is this test's to speak on: every number that a may have given.
  const channel = c.kernel.channels.demand("a");
  for (let number = 0; number <= call! + 5; number++) channel.outbox.push(outcomePayload(number, { ok: true, value: "forged" }, "x"), c.kernel.executed);
  c.call("desk.ask", ["a/desk", "put"]);
  test.pass(1_000);
  assert.equal(channel.outbox.length, 0, "all of it was consumed");
  assert.deepEqual(logOf(a), ["x"]);
  test.world.start(test.world.nodes.get("b")!);
  test.pass(1_000);
  assert.deepEqual(logOf(a), ["x", "b/desk.put ok"]);
});

test("F34: to itself a copy in a turn of its own; to an unknown node kept and warned about, and delivered when it is there; to a service that is not there an error", () => {
  const { test, a } = pair();
  a.call("desk.ask", ["a/desk", "put"]);
  assert.deepEqual(logOf(a), ["x", "a/desk.put ok"]);
  a.call("desk.ask", ["b/later", "put"]);
  test.pass(100);
  assert.equal(logOf(a)[2], "b/later.put MK_SERVICE_UNKNOWN");
  a.call("desk.ask", ["c/desk", "put"]);
  a.call("desk.ask", ["c/desk", "put"]);
  test.pass(1_000);
  assert.equal(a.node.notes.filter(({ code }) => code === "MK_PEER_UNKNOWN").length, 1, "said once");
  assert.equal(a.kernel.channels.get("c")!.outbox.length, 2);
  // Somebody configures it and starts it.
  (a.node.options.dials as string[]).push("c");
  const c = test.node("c", deskApp());
  a.restart();
  test.pass(1_000);
  assert.deepEqual(logOf(c), ["x", "x"]);
  assert.deepEqual(logOf(a).slice(3), ["c/desk.put ok", "c/desk.put ok"]);
});

test("F39: killed between an effect and its outcome, it is tried again with the same key, and its outcome comes once", () => {
  const test = new TestWorld();
  const a = test.node("a", deskApp());
  test.pass(50);
  let strikeAt = Infinity;
  test.world.crashBefore = (node, effect: KernelEffect, boundary) => {
    if (effect.kind === "outside" && node.outside.length === 0) strikeAt = boundary + 1;
    return boundary === strikeAt ? "none" : undefined;
  };
  // The effect is out, and what its outcome changed is not appended yet.
  a.call("desk.print", ["page"]);
  test.pass(1_000);
  assert.equal(a.node.crashes, 1);
  assert.equal(a.node.outside.length, 2, "it was run before the crash and after it");
  assert.equal(new Set(a.node.outside.map(({ key }) => key)).size, 1);
  assert.deepEqual(logOf(a), ["page ok"]);
  assert.equal(a.kernel.state.effects.size, 0);
});
