/**
 * Goal: what a guard put off runs once, in its order, whoever asks for it again, and whatever the next version says of the guard.
 * Method: simulated nodes, unclean stops, another version of the app.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, Service, type Messages } from "#maceken/index.js";
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
const gateApp = (version: number) => app({ version }).service(service, () => new Gate());

function newGate(): { a: TestNode; ask(method: string, args?: unknown[], extra?: { key?: string }): number; call(method: string, ...args: unknown[]): unknown } {
  const test = new TestWorld();
  const a = test.node("a", gateApp(1));
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
