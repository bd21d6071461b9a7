/**
 * Goal: what an operator's tool asks wrongly is told to it; no request over the control socket ends the node. Method: requests of every
 * JSON type in every part, to the handler of a simulated node.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { app, Service, type Messages } from "#maceken/index.js";
import { controlHandler } from "#maceken/node/control-commands.js";
import { TestWorld } from "../lib/lone-node.ts";

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
    await refused({ command: "dead retry", id: value });
    await refused({ command: "dead drop", id: value });
    await refused({ command: "peers forget", peer: value });
    if (value !== true) await refused({ command: "inspect", path: "counter", depth: value });
  }
  await refused({ command: "inspect" });
  assert.ok(await handle({ command: "inspect", path: "counter", depth: 1, items: 3 }));
  assert.deepEqual(await handle({ command: "dead ls" }), []);
});
