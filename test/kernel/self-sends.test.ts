/** Messages of a node to itself that nobody waits for: one turn each, none for their answer; an error is noted all the same. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, Rejection, Service, type Messages, type Reply } from "#maceken/index.js";
import { TestWorld } from "../lib/lone-node.ts";

class Lone extends Service {
  static readonly messages: Messages<Lone> = { start: true, refuse: true, keep: true, use: true, drop: true };
  steps = 0;
  kept: Reply<number> | null = null;
  seen: unknown[] = [];
  start(steps: number) {
    if (steps > 0) this.turn.send(this.start, steps - 1);
    this.steps++;
  }
  refuse() {
    this.turn.send(this.refused);
  }
  private refused() {
    throw new Rejection("not now");
  }
  keep() {
    this.kept = this.turn.send(this.answer);
  }
  private answer() {
    return 7;
  }
  use() {
    this.turn.when(this.kept!, this.told);
    this.kept = null;
  }
  drop() {
    this.turn.send(this.answer);
  }
  private told(outcome: unknown) {
    this.seen.push((outcome as { value: unknown }).value);
  }
}
const loneApp = app({ version: 1 }).service("lone", () => new Lone());

it("a message to oneself costs one turn, and one to a stored reply two", () => {
  const a = new TestWorld().node("a", loneApp);
  a.test.pass(50);
  const turnsOf = (method: string, ...args: unknown[]): number => {
    const { executed } = a.kernel;
    a.value(`lone.${method}`, ...args);
    return a.kernel.executed - executed;
  };
  assert.equal(turnsOf("start", 10), 11);
  assert.equal(a.service<Lone>("lone").steps, 11);
  assert.equal(turnsOf("keep"), 3);
  a.restart();
  a.value("lone.use");
  assert.deepEqual(a.service<Lone>("lone").seen, [7]);
  assert.equal(a.kernel.state.local.size, 0);
});

it("the error of one that nobody waits for is noted", () => {
  const a = new TestWorld().node("a", loneApp);
  a.test.pass(50);
  a.value("lone.refuse");
  assert.ok(a.node.notes.some((note) => /failed and nobody waits.*not now/.test(note.message)), JSON.stringify(a.node.notes));
});
