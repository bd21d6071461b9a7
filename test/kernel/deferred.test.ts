/**
 * Goal: what a guard put off runs once, in its order, whoever asks for it again, and whatever the next version says of the guard.
 * Method: simulated nodes, unclean stops, another version of the app.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";

class Gate extends Service {
  static readonly messages: Messages<Gate> = {
    left: { guard: (gate) => gate.isLeftOpen, otherwise: "defer" }, right: { guard: (gate) => gate.isRightOpen, otherwise: "defer" }, open: true, passed: true,
  };
  isLeftOpen = false;
  isRightOpen = false;
  readonly went: string[] = [];

  left(who: string): number {
    return this.went.push(`left ${who}`);
  }
  right(who: string): number {
    return this.went.push(`right ${who}`);
  }
  open(left: boolean, right: boolean): void {
    [this.isLeftOpen, this.isRightOpen] = [left, right];
  }
  passed(): readonly string[] {
    return this.went;
  }
}

// Names of services may hold dots.
const service = "gate.of.the.garden";
// After an unclean stop nothing is suspected but what was pending.
const limits = { guardedInputs: 0 };
const gateApp = (version: number) => app({ version }).service(service, () => new Gate());

function newGate(): { a: TestNode; ask(method: string, args?: unknown[], extra?: { key?: string }): number; call(method: string, ...args: unknown[]): unknown } {
  const test = new TestWorld();
  const a = test.node("a", gateApp(1), [], limits);
  test.pass(50);
  const ask = (method: string, args: unknown[] = [], extra: { key?: string } = {}): number => {
    const request = test.world.request(a.node, { service, method, args, ...extra });
    test.pass(50);
    return request;
  };
  return { a, ask, call: (method, ...args) => a.answerOf(ask(method, args)) };
}

it("of several methods the oldest runs whose guard holds; the others keep waiting, over an unclean stop too", () => {
  const { a, ask, call } = newGate();
  for (const [i, method] of ["left", "right", "left", "right"].entries()) ask(method, [i], { key: `${i}` });
  call("open", false, true);
  assert.deepEqual(a.service<Gate>(service).went, ["right 1", "right 3"]);
  ask("right", [4], { key: "4" });
  a.restart();
  assert.notEqual(a.kernel.guard, undefined, "what was put off before the stop may have caused it");
  assert.equal(a.kernel.state.deferred.size, 2);
  call("open", false, false);
  ask("right", [5], { key: "5" });
  call("open", true, true);
  assert.deepEqual(a.service<Gate>(service).went, ["right 1", "right 3", "right 4", "left 0", "left 2", "right 5"]);
  assert.equal(a.kernel.state.deferred.size, 0);
  assert.equal(a.kernel.counters.parked, 0);
  assert.equal(a.kernel.guard, undefined, "what was suspected is over");
});

it("F39: an effect that was pending at an unclean stop is suspected until its outcome has come", () => {
  const effects = { print: ([page]: [page: string]) => page };
  class Printer extends Service<typeof effects> {
    static readonly messages: Messages<Printer> = { begin: true };
    printed = 0;
    begin(): void {
      this.turn.when(this.turn.outside("print", "page"), this.onPrinted);
    }
    private onPrinted(): void {
      this.printed++;
    }
  }
  const test = new TestWorld();
  const a = test.node("a", app({ version: 1 }).service("printer", () => new Printer()).outside(effects), [], limits);
  test.pass(50);
  let guardedAtEffect = 0;
  test.world.crashBefore = (node, effect) => {
    if (effect.kind !== "outside") return undefined;
    if (node.crashes === 0) return "all";
    if (node.kernel!.guard !== undefined) guardedAtEffect++;
    return undefined;
  };
  a.ask("printer.begin");
  test.pass(5_000);
  assert.deepEqual([a.node.crashes, guardedAtEffect, a.service<Printer>("printer").printed], [1, 1, 1]);
  assert.equal(a.kernel.guard, undefined);
});

it("F38: whoever repeats a request that is put off waits with the others for its one answer", () => {
  const { a, ask, call } = newGate();
  const first = ask("left", ["x"], { key: "k" });
  const repeated = [1, 2, 3].map(() => ask("left", ["x"], { key: "k" }));
  for (const request of [first, ...repeated]) assert.equal(a.answerOf(request), undefined);
  call("open", true, false);
  for (const request of [first, ...repeated]) assert.deepEqual(a.answerOf(request), { ok: true, value: 1 });
  assert.deepEqual(a.service<Gate>(service).went, ["left x"]);
});

it("F21: what a guard put off runs when the next version has no such guard", () => {
  const { a, ask, call } = newGate();
  ask("left", ["x"], { key: "k" });
  const table = Gate.messages as { left: unknown };
  const guarded = table.left;
  table.left = true;
  try {
    a.restart({ app: gateApp(2) });
    assert.deepEqual(call("passed"), { ok: true, value: ["left x"] });
  } finally {
    table.left = guarded;
  }
});

it("when a guard comes to hold, what was put off goes before what came later, whoever sent it", () => {
  class Caller extends Service {
    static readonly messages: Messages<Caller> = { callTwiceThenLeft: true };
    callTwiceThenLeft(): void {
      const gate = ref<Gate>(`a/${service}`);
      gate.passed();
      gate.passed();
      gate.left("later");
    }
  }
  const test = new TestWorld();
  const oneByOne = { ...limits, turnsPerStep: 1 };
  const a = test.node("a", gateApp(1), [], oneByOne);
  const b = test.node("b", app({ version: 1 }).service("caller", () => new Caller()), ["a"], oneByOne);
  test.pass(50);
  for (const which of ["first", "second"]) test.world.request(a.node, { service, method: "left", args: [which] });
  test.pass(50);
  assert.equal(a.kernel.state.deferred.size, 2);
  b.ask("caller.callTwiceThenLeft");
  // While messages of b wait for their turns, somebody opens the gate.
  let isAsked = false;
  test.world.afterStep = ({ kernel }) => {
    if (isAsked || kernel !== a.kernel || kernel.channels.get("b")?.inbox.length !== 2) return;
    isAsked = true;
    test.world.request(a.node, { service, method: "open", args: [true, true] });
  };
  test.pass(500);
  assert.ok(isAsked);
  assert.deepEqual(a.service<Gate>(service).went, ["left first", "left second", "left later"]);
});
