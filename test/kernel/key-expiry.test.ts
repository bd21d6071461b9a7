/**
 * Goal: what is kept for keys and sessions is bounded by time and number, and nothing that is used goes early (K10). Method: simulated
 * nodes whose limits are small and whose days pass quickly.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, Service, type Deferred, type Messages } from "#maceken/index.js";
import { codeOf, TestWorld } from "../lib/lone-node.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true, owe: true };
  n = 0;
  readonly owed: Deferred<number>[] = [];
  add(): number {
    return ++this.n;
  }
  owe(): Deferred<number> {
    const deferred = this.turn.deferReply<number>();
    this.owed.push(deferred);
    return deferred;
  }
}

const hour = 3_600_000;
const counterApp = () => app({ version: 1 }).service("counter", () => new Counter());

test("keys are kept for their time and then go; at the bound new ones are refused and live ones stay", () => {
  const test = new TestWorld();
  const a = test.node("a", counterApp(), [], { maxIdempotencyKeys: 3, idempotencyKeepMs: 24 * hour });
  test.pass(50);
  assert.equal(a.call("counter.add", [], { key: "1" }).value, 1);
  // Not answered: it is not forgotten however old it is.
  a.ask("counter.owe", [], { key: "owed" });
  test.pass(12 * hour);
  assert.equal(a.call("counter.add", [], { key: "2" }).value, 2);
  assert.equal(codeOf(a.call("counter.add", [], { key: "3" })), "MK_KEYS_FULL");
  assert.equal(a.call("counter.add", [], { key: "1" }).value, 1, "live");
  test.pass(13 * hour);
  assert.deepEqual([...a.kernel.state.keys.keys()], ["k owed", "k 2"]);
  assert.equal(a.call("counter.add", [], { key: "3" }).value, 3);
  test.pass(30 * hour);
  assert.deepEqual([...a.kernel.state.keys.keys()], ["k owed"]);
});

test("a session that is not used goes, one that is used stays, whichever is older; and one that was forgotten goes on", () => {
  const test = new TestWorld();
  const a = test.node("a", counterApp(), [], { idempotencyKeepMs: 24 * hour });
  test.pass(50);
  let number = 0;
  const busy = (): unknown => a.call("counter.add", [], { session: { id: "busy", number: ++number, acknowledged: number - 1 } }).value;
  // Ahead of every other one from the start.
  busy();
  const quiet = (i: number, acknowledged: number): string => codeOf(a.call("counter.add", [], { session: { id: `quiet ${i}`, number: acknowledged + 1, acknowledged } }));
  for (let i = 0; i < 20; i++) assert.equal(quiet(i, 0), "ok");
  for (let day = 0; day < 3; day++) {
    for (let i = 0; i < 12; i++) {
      test.pass(2 * hour);
      busy();
    }
  }
  assert.deepEqual([...a.kernel.state.sessions.keys()], ["busy"]);
  assert.equal(a.kernel.state.keys.size <= 24, true);
  // Silent for days, and at a number that a new session would never begin with.
  assert.equal(quiet(3, 2_000_000), "ok");
  assert.equal(quiet(3, 1_000_000), "MK_KEY_REUSED");
  assert.equal(quiet(3, 2_200_000), "MK_KEY_REUSED", "too far ahead");
  a.restart();
  assert.equal(quiet(3, 2_000_001), "ok");
  assert.equal(a.call("counter.add", [], { session: { id: "busy", number, acknowledged: number - 1 } }).value, 20 + number, "the same answer again");
});
