/**
 * Goal: what an operator's tool asks wrongly is told to it; no request over the control socket ends the node. Method: requests of every
 * JSON type in every part, to the handler of a simulated node.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { controlHandler } from "#maceken/node/control-commands.js";
import { TestWorld } from "../lib/lone-node.ts";

class Teller extends Service {
  static readonly messages: Messages<Teller> = { tell: true };
  tell(count: number) {
    for (let i = 0; i < count; i++) ref<Counter>("b/counter").add();
  }
}

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true };
  n = 0;
  add(): number {
    return ++this.n;
  }
}

test("a part of the wrong type is refused, whatever it is", async () => {
  const world = new TestWorld();
  const node = world.node("a", app({ version: 1 }).service("counter", () => new Counter()));
  world.pass(50);
  const handle = controlHandler({ kernel: node.kernel, operate: () => assert.fail("nothing is operated on"), snapshot: async () => {}, status: () => ({}) });
  const odd: unknown[] = [null, true, -1, 0.5, [], {}, { toString: 1 }, 1e308];
  const refused = async (request: unknown): Promise<void> => {
    await assert.rejects(handle(request), (error) => error instanceof MaceKenError, JSON.stringify(request));
  };
  for (const value of odd) {
    await refused(value);
    await refused({ command: value });
    await refused({ command: "inspect", path: value });
    for (const command of ["dead retry", "dead drop"]) {
      // An empty list asks for nothing.
      if (JSON.stringify(value) !== "[]") await refused({ command, ids: value });
      await refused({ command, ids: [value] });
      await refused({ command, peer: value });
      if (value !== true) await refused({ command, all: value });
      await refused({ command, all: true, upTo: value });
    }
    await refused({ command: "peers forget", peer: value });
    if (value !== true) await refused({ command: "inspect", path: "counter", depth: value });
  }
  await refused({ command: "inspect" });
  await refused({ command: "dead drop" });
  await refused({ command: "dead drop", all: true, peer: "b" });
  await refused({ command: "peers forget" });
  assert.ok(await handle({ command: "inspect", path: "counter", depth: 1, items: 3 }));
  assert.deepEqual(await handle({ command: "dead ls" }), { letters: [], more: false });
  await refused({ command: "dead ls", ids: [7] });
});

test("more letters than one request does are done by several, without those that come meanwhile", async () => {
  const world = new TestWorld();
  const a = world.node("a", app({ version: 1 }).service("teller", () => new Teller()), ["b"]);
  world.pass(50);
  const lose = (count: number): void => {
    a.value("teller.tell", count);
    world.world.operate(a.node, { kind: "forgetPeer", peer: "b" });
    world.pass(200);
  };
  lose(10_050);
  assert.equal(a.kernel.state.dead.size, 10_050);
  let lateLetters = 3;
  const handle = controlHandler({
    kernel: a.kernel,
    operate: async (operation) => {
      world.world.operate(a.node, operation);
      await null;
      world.pass(1);
      if (lateLetters > 0) lose(lateLetters);
      lateLetters = 0;
      return { ok: true, value: null };
    },
    snapshot: async () => {},
    status: () => ({}),
  });
  const told: number[] = [];
  for (let more = true; more; ) {
    const page = (await handle({ command: "dead ls", peer: "b", after: told.at(-1) ?? 0 })) as { letters: { id: number }[]; more: boolean };
    assert.ok(page.letters.length <= 1_000);
    told.push(...page.letters.map(({ id }) => id));
    more = page.more;
  }
  assert.deepEqual(told, [...a.kernel.state.dead.keys()].sort((one, other) => one - other));
  assert.deepEqual(await handle({ command: "dead ls", peer: "c" }), { letters: [], more: false });
  const first = (await handle({ command: "dead drop", peer: "b" })) as { done: number; more: boolean; upTo: number };
  assert.deepEqual([first.done, first.more], [10_000, true]);
  assert.deepEqual(await handle({ command: "dead drop", peer: "b", upTo: first.upTo }), { done: 50, cannotRun: 0, more: false, upTo: first.upTo });
  assert.equal(a.kernel.state.dead.size, 3);
  assert.deepEqual(await handle({ command: "dead retry", all: true }), { done: 0, cannotRun: 3, more: false, upTo: a.kernel.lastId });
});
