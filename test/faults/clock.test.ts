/**
 * Goal: timers count elapsed time and fire exactly once, whatever the clocks and the disk do (faults 14, 22, 23). Method: a simulated
 * node whose two clocks the test sets; for slow syncs a real node whose disk is made slow.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { app, Service, startNode, type Messages, type Timer } from "#maceken/index.js";
import type { NodeDisk as NodeDiskType } from "#maceken/log/disk-node.js";
import { nodeInternals } from "#maceken/node/node.js";
import { codeOf, TestWorld, type TestNode } from "../lib/lone-node.ts";

const root = mkdtempSync(join(tmpdir(), "maceken-clock-"));
after(() => rmSync(root, { recursive: true, force: true }));

class Clock extends Service {
  static readonly messages: Messages<Clock> = { many: true, once: true, each: true, rivals: true, zero: true, selfish: true };
  count = 0;
  readonly fired: string[] = [];
  times: number[] = [];
  rival: Timer | null = null;
  own: Timer | null = null;

  /** Due from `delayMs` on, spread over so many ms. */
  many(count: number, delayMs: number, spreadMs: number): void {
    for (let i = 0; i < count; i++) this.turn.schedule(this.tick, delayMs + (i % spreadMs));
  }
  private tick(): void {
    this.count++;
  }
  once(delayMs: number): number {
    return this.turn.schedule(this.ring, delayMs, "once").dueAt;
  }
  each(periodMs: number): void {
    this.turn.every(this.ring, periodMs, "each");
  }
  private ring(what: string): void {
    this.fired.push(what);
    this.times.push(this.turn.now());
  }
  /** Two due at the same instant: the first to fire cancels the other. */
  rivals(): void {
    this.turn.schedule(this.first, 10);
    this.rival = this.turn.schedule(this.ring, 10, "rival");
  }
  private first(): void {
    this.rival!.cancel();
    this.fired.push("first");
  }
  selfish(): void {
    this.own = this.turn.every(this.last, 10);
    this.turn.schedule(this.ring, 5, "set and cancelled at once").cancel();
  }
  private last(): void {
    this.own!.cancel();
    this.fired.push("last");
  }
  zero(delayMs: number): void {
    if (delayMs === 0) this.turn.schedule(this.ring, 0, "at once");
    else this.turn.every(this.ring, 0, "never");
  }
}

const clockApp = app({ version: 1 }).service("clock", () => new Clock());
const clockOf = (node: TestNode): Clock => node.service<Clock>("clock");

test("F22: a million timers: those that are due fire once each, over a crash in their midst, the others stay", () => {
  const test = new TestWorld();
  const a = test.node("a", clockApp);
  for (let i = 0; i < 10; i++) a.call("clock.many", [95_000, 1e9, 1e6]);
  a.call("clock.many", [50_000, 1_000, 500]);
  assert.equal(a.kernel.state.timers.size, 1_000_000);
  const before = test.world.nowMs;
  test.pass(1_200);
  const { count } = clockOf(a);
  assert.ok(count > 1_000 && count < 50_000, `${count} have fired`);
  test.world.crash(a.node, "first");
  test.world.start(a.node);
  test.pass(5_000);
  assert.ok(test.world.nowMs - before < 10_000);
  assert.equal(clockOf(a).count, 50_000);
  assert.equal(a.kernel.state.timers.size, 950_000);
});

test("F22: a delay of 0 fires once, a period of 0 is refused; what a firing turn cancels does not fire", () => {
  const test = new TestWorld();
  const a = test.node("a", clockApp);
  a.call("clock.zero", [0]);
  assert.equal(codeOf(a.call("clock.zero", [1])), "MK_TIMER_PERIOD");
  a.call("clock.rivals");
  test.pass(100);
  a.call("clock.selfish");
  test.pass(100);
  a.restart({ downMs: 1_000 });
  test.pass(1_000);
  assert.deepEqual(clockOf(a).fired, ["at once", "first", "last"]);
  assert.equal(a.kernel.state.timers.size, 0);
});

/** A node born in a world and then fed by hand: its monotonic clock and the wall clock go as the test says. */
class Hands {
  readonly node: TestNode;
  monotonicMs = 1_000;
  wallMs: number;

  constructor(set: (node: TestNode) => void) {
    const test = new TestWorld();
    this.node = test.node("a", clockApp);
    set(this.node);
    this.wallMs = test.world.nowMs;
    this.monotonicMs = test.world.nowMs - this.node.node.startedAt;
  }

  pass(monotonicMs: number, wallMs = monotonicMs): void {
    this.monotonicMs += monotonicMs;
    this.wallMs += wallMs;
    const { kernel } = this.node;
    const time = { monotonicMs: this.monotonicMs, wallMs: this.wallMs };
    for (let again = true; again; ) {
      again = kernel.step({ kind: "tick" }, time).some(({ kind }) => kind === "again");
      kernel.step({ kind: "durable", turn: kernel.executed }, time);
    }
  }
}

const yearMs = 365 * 24 * 3_600_000;

test("F23: the wall clock jumps a year either way: timers do not notice, now() does not jump", () => {
  for (const jump of [yearMs, -yearMs]) {
    const hands = new Hands((node) => void (node.value("clock.once", 1_200), node.call("clock.each", [400])));
    const clock = clockOf(hands.node);
    const start = hands.node.kernel.clock.now;
    hands.pass(10, jump);
    assert.deepEqual(clock.fired, [], `a jump of ${jump} fires nothing`);
    for (let i = 0; i < 9; i++) hands.pass(100, i === 4 ? -jump : 100);
    assert.deepEqual(clock.fired, ["each", "each"]);
    hands.pass(300);
    assert.deepEqual(clock.fired, ["each", "each", "once", "each"]);
    assert.ok(clock.times.every((at) => at >= start && at < start + 2_000), "now() kept to the time that went by");
  }
});

test("F23: eight hours of suspend, whether the monotonic clock stood still or not: one tick on resume, no storm, and the phase is kept", () => {
  const hours = 8 * 3_600_000;
  for (const monotonicMs of [0, hours]) {
    const hands = new Hands((node) => void node.call("clock.each", [1_000]));
    const clock = clockOf(hands.node);
    hands.pass(1_000);
    assert.equal(clock.fired.length, 1);
    hands.pass(monotonicMs, hours);
    assert.ok(clock.fired.length <= 2, `${clock.fired.length - 1} ticks at once`);
    hands.pass(3_000 - (clock.fired.length - 1) * 1_000);
    const ticks = clock.fired.length;
    for (let i = 0; i < 5; i++) hands.pass(1_000);
    assert.equal(clock.fired.length, ticks + 5);
    const [first, last] = [clock.times[0]!, clock.times.at(-1)!];
    assert.ok((last - first) % 1_000 < 100 || (last - first) % 1_000 > 900, `phase ${(last - first) % 1_000}`);
  }
});

test("F14: syncs that take 2 s: timers run on time, what they answer waits for the disk, one group is in flight and the rest fill one other", async () => {
  const { NodeDisk } = await import("#maceken/log/disk-node.js");
  const node = await startNode({ app: clockApp, name: "a", data: join(root, "slow") });
  const { log, kernel } = nodeInternals(node);
  const { sync, syncNow } = NodeDisk.prototype;
  let slow = 0;
  const callSync: NodeDiskType["sync"] = function (this: NodeDiskType, file, callback) {
    slow++;
    sync.call(this, file, (error) => void setTimeout(() => callback(error), 2_000));
  };
  try {
    NodeDisk.prototype.sync = callSync;
    // The policy must not choose the blocking way, which would stop the world as a slow disk does not.
    NodeDisk.prototype.syncNow = () => assert.fail("a blocking sync on a slow disk");
    const clock = kernel.state.services.get("clock") as Clock;
    const began = performance.now();
    const { groups } = log!.counters;
    const asked = Array.from({ length: 200 }, () => nodeInternals(node).submit({ service: "clock", method: "once", args: [100], via: "client" }));
    await new Promise((next) => setTimeout(next, 600));
    assert.equal(clock.fired.length, 200, "all timers have fired although nothing of it is durable");
    assert.ok(kernel.durable < kernel.executed);
    assert.ok(log!.counters.groups - groups <= 1, "one group");
    assert.ok(log!.pendingBytes < 400 * 1024, `${log!.pendingBytes} bytes wait`);
    const outcomes = await Promise.all(asked);
    assert.ok(performance.now() - began >= 1_900, "answers waited for the sync");
    assert.ok(outcomes.every(({ ok }) => ok));
    assert.ok(slow >= 1);
    const due = outcomes.map(({ value }) => value as number);
    assert.ok(clock.times.every((at, i) => at >= due[i]! && at < due[i]! + 400), "never early, hardly late");
  } finally {
    NodeDisk.prototype.sync = sync;
    NodeDisk.prototype.syncNow = syncNow;
  }
  await node.stop();
});
