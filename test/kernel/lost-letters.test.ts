/** Messages that a peer will not take, for ever or for now (F12, F26): none becomes two dead letters, and the dials for it do not multiply. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import type { DeadLetter } from "#maceken/turn/node-state.js";
import { TestWorld } from "../lib/lone-node.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { tell: true, hear: true };
  heard: number[] = [];
  told = 0;
  tell(other: string, count: number, length: number) {
    for (let i = 0; i < count; i++) ref<Talker>(`${other}/talker`).hear(++this.told, "x".repeat(length));
  }
  hear(number: number, _text: string) {
    this.heard.push(number);
  }
}
const talkerApp = app({ version: 1 }).service("talker", () => new Talker());

it("F26: a message that has become too long for its peer does not make dials multiply", () => {
  const test = new TestWorld();
  const a = test.node("a", talkerApp, ["b"], {});
  const b = test.node("b", talkerApp, [], {});
  test.pass(50);
  b.node.staysDown = true;
  test.world.crash(b.node, "all");
  a.call("talker.tell", ["b", 1, 20_000]);
  (b.node.options as { limits: unknown }).limits = { maxMessageBytes: 1_000 };
  b.node.staysDown = false;
  let dials = 0;

  test.world.crashBefore = (node, effect) => {
    if (node.name === "a" && effect.kind === "dial") dials++;
    return undefined;
  };
  const counts: number[] = [];
  for (let i = 0; i < 8; i++) {
    dials = 0;
    test.world.run(10_000, 10_000_000);
    counts.push(dials);
  }
  assert.ok(counts.at(-1)! < 15, `dials in each 10 s: ${counts}`);
});

it("F12: a crash between two turns of dead letters makes no message one twice", () => {
  const test = new TestWorld();
  const a = test.node("a", talkerApp, ["b"], { turnsPerStep: 1 });
  const b = test.node("b", talkerApp, [], {});
  test.pass(50);
  a.call("talker.tell", ["b", 1500, 5]);
  test.pass(1000);
  assert.equal(a.kernel.channels.get("b")!.acknowledged, 1500);
  b.node.staysDown = true;
  test.world.crash(b.node, "all");
  a.call("talker.tell", ["b", 2500, 5]);
  // b's directory is gone.
  b.node.durable.length = 0;
  b.node.snapshot = undefined;
  b.node.staysDown = false;
  let crashed = false;
  test.world.crashBefore = (node) => {
    if (node.name !== "a" || crashed || node.kernel!.state.dead.size !== 1000 || node.unsynced.length === 0) return undefined;
    crashed = true;
    return "all";
  };
  test.pass(10_000);
  assert.ok(crashed);
  const letters = [...a.kernel.state.dead.values()] as DeadLetter[];
  const distinct = new Set(letters.map(({ input }) => Buffer.from((input as unknown as { payload: Uint8Array }).payload).toString("hex")));
  assert.equal(letters.length, distinct.size, "a letter for each message, and one only");
});
