/** What a recovered node knows of acknowledgements without its peers (K6): what was answered does not wait again. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { TestWorld } from "../lib/lone-node.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { tell: true, ask: true, hear: true };
  answered = 0;
  heard = 0;
  tell(other: string, count: number) {
    for (let i = 0; i < count; i++) ref<Talker>(`${other}/talker`).hear();
  }
  ask(other: string) {
    this.turn.when(ref<Talker>(`${other}/talker`).hear(), this.onAnswer);
  }
  private onAnswer() {
    this.answered++;
  }
  hear() {
    this.heard++;
  }
}
const talkerApp = app({ version: 1 }).service("talker", () => new Talker());

function pair() {
  const test = new TestWorld();
  const a = test.node("a", talkerApp, ["b"], {});
  const b = test.node("b", talkerApp, ["a"], {});
  test.pass(50);
  return { test, a, b };
}

/** The node's process dies and another begins, without its peer. */
function restartAlone({ test, a, b }: ReturnType<typeof pair>) {
  b.node.staysDown = true;
  test.world.crash(b.node, "all");
  test.world.crash(a.node, "none");
  test.pass(50);
  return a.kernel.channels.get("b")!;
}

it("a call that was answered does not wait for its peer after kill -9", () => {
  const world = pair();
  world.a.call("talker.ask", ["b"]);
  world.test.pass(1000);
  const channel = restartAlone(world);
  assert.deepEqual([channel.sent, channel.acknowledged, channel.outbox.length], [1, 1, 0]);
});

it("what was acknowledged before a stop in order does not wait after it", () => {
  const world = pair();
  world.a.call("talker.tell", ["b", 20]);
  world.test.pass(1000);
  world.test.world.end(world.a.node);
  world.test.pass(50);
  const channel = restartAlone(world);
  assert.deepEqual([channel.sent, channel.acknowledged], [20, 20]);
});

it("what no record has told of yet waits again, and is consumed once all the same", () => {
  const world = pair();
  const { test, a, b } = world;
  a.call("talker.tell", ["b", 20]);
  test.pass(1000);
  assert.equal(a.kernel.channels.get("b")!.acknowledged, 20);
  assert.equal(restartAlone(world).acknowledged, 0);
  b.node.staysDown = false;
  test.pass(5000);
  assert.equal(a.kernel.channels.get("b")!.acknowledged, 20);
  assert.equal((b.kernel.state.services.get("talker") as Talker).heard, 20);
});

it("a record tells of acknowledgements once, and a snapshot as far as it shows them", () => {
  const world = pair();
  const { test, a } = world;
  a.call("talker.tell", ["b", 20]);
  test.pass(1000);
  a.call("talker.tell", ["b", 1]);
  test.pass(1000);
  test.world.takeSnapshot(a.node);
  a.call("talker.tell", ["b", 1]);
  test.pass(1000);
  a.call("talker.tell", ["b", 1]);
  test.pass(0);
  const channel = restartAlone(world);
  assert.deepEqual([channel.sent, channel.acknowledged], [23, 22]);
});
