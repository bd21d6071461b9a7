/**
 * Goal: random walks judge properties of ways, in worlds without end too, name the turn that decided it, and do not take slow for dead.
 * Method: rings of which the exact answer is known, and counters that go on for ever.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, Service, type Messages } from "#maceken/index.js";
import { call, check, eventually, eventuallyAlways, leadsTo, world, type CheckOptions, type Property, type WorldDefinition, type WorldView } from "#maceken/check/check.js";
import { holder, member, ring } from "./rings.ts";

const walk = (steps: number, maxSteps: number, seed = 7): CheckOptions => ({ walk: { steps, seed, maxSteps } });

/** Counts for ever. It can be finished as long as it has counted to `until`, and by itself at `finishesAt`. */
class Counter extends Service {
  static readonly messages: Messages<Counter> = { start: true, finish: true };
  count = 0;
  isFinished = false;
  readonly until: number;
  readonly finishesAt: number;
  constructor(until: number, finishesAt: number) {
    super();
    this.until = until;
    this.finishesAt = finishesAt;
  }
  start(): void {
    this.turn.send(this.next);
  }
  private next(): void {
    this.count++;
    if (this.count === this.finishesAt) this.isFinished = true;
    this.turn.send(this.next);
  }
  finish(): void {
    if (this.count <= this.until) this.isFinished = true;
  }
}

const counter = (view: WorldView): Counter => view.service<Counter>("only/counter")!;
const isFinished = eventually("it is finished", (view) => counter(view).isFinished);

function counting(until: number, finishesAt = Infinity, property: Property = isFinished): WorldDefinition {
  const only = call<Counter>("only/counter");
  return world({
    nodes: { only: app({ version: 1 }).service("counter", () => new Counter(until, finishesAt)) },
    clients: { x: [only.start()], y: [only.finish()] },
    properties: [property],
  });
}

test("a walk that ends without it: as the search of every state says, with the turn that decided it", async () => {
  const lost = ring([eventually("c has it", holder("c"))], { x: [member("a").start()], y: [member("b").lose()] });
  const exact = (await check(lost)).violation!;
  const walked = (await check(lost, walk(20_000, 100))).violation!;
  assert.equal(walked.property, exact.property);
  assert.equal(walked.what, exact.what);
  const critical = walked.trace[walked.criticalAt!]!;
  assert.match(`${critical.node} ${critical.what}`, /b member\.(lose|take)/);
});

test("what comes true on every way is not found wrong", async () => {
  const round = ring([
    eventually("c has it", holder("c")),
    leadsTo("whoever b passes it to gives it back", holder("b"), holder("a")),
  ], { x: [member("a").start()] });
  const { end, violation } = await check(round, walk(20_000, 50));
  assert.deepEqual([end, violation], ["walked", undefined]);
});

test("a walk that could go on for ever is dead: it ends with the turn after which no walk comes to it", async () => {
  const { end, violation } = await check(counting(3), walk(50_000, 200));
  assert.equal(end, "violated");
  assert.match(violation!.what, /^it does not come true: none of 32 random walks of 200 turns/);
  assert.equal(violation!.criticalAt, violation!.trace.length - 1);
  const told = violation!.trace.map(({ what }) => what);
  assert.equal(told.filter((what) => what.startsWith("counter.next")).length, 4, "the fourth count decides it");
  assert.ok(!told.some((what) => what.startsWith("counter.finish")));
});

test("what only takes long is not dead", async () => {
  const { end, violation } = await check(counting(0, 150), walk(50_000, 100));
  assert.deepEqual([end, violation], ["walked", undefined]);
});

test("what is undone and never comes back is dead, and what comes back is not", async () => {
  const found = await check(counting(0, Infinity, eventuallyAlways("it stands still", (view) => counter(view).count === 0)), walk(10_000, 100));
  assert.match(found.violation!.what, /^it does not hold for good: none of 32/);
  const circles = await check(ring([eventuallyAlways("a has it for good", holder("a"))], { x: [member("a").start()] }), walk(10_000, 100));
  assert.deepEqual([circles.end, circles.violation], ["walked", undefined], "whether it may change for ever is for the search of every state");
});

test("the same seed finds the same", async () => {
  const [one, other] = [await check(counting(3), walk(50_000, 200, 11)), await check(counting(3), walk(50_000, 200, 11))];
  assert.deepEqual(one.violation, other.violation);
});
