/**
 * Goal: a search that several cores share finds what one core finds, as near, and ends as it does: by bounds, by whoever stops it, with an
 * error that says what happened when a core is gone. Method: the examples' worlds, shared from their first state on.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { WorldDefinition } from "#maceken/check/check.js";
import type { Cores, HelperThread } from "#maceken/check/cores.js";
import { explore as exploreShared } from "#maceken/check/explore.js";
import { traceOf } from "#maceken/check/trace.js";
import { modelOf, walkActions } from "#maceken/check/trace-walk.js";
import { coresFor } from "#maceken/cli/check-cores.js";
import { checkedWorlds } from "../examples/checked-worlds.ts";
import { explore } from "../examples/explore.ts";
import { repository } from "../lib/consumer-project.ts";

const path = (file: string): string => join(repository, "examples", file);
const load = async (file: string): Promise<WorldDefinition> => ((await import(file)) as { readonly default: WorldDefinition }).default;
const shared = (count: number) => (file: string): Cores => ({ ...coresFor(file, count), from: 0 });

describe("what one core finds, two find", () => {
  // `npm run check:examples` shares all of them.
  const worlds = checkedWorlds.filter(({ takes, what, expected }) => takes === "quick" && typeof what === "string" && ("violated" in expected || expected.states < 10_000));
  let onTwo = 0;
  for (const world of worlds) {
    test(world.name, async () => {
      const { wrong, cores } = await explore(world, shared(2));
      assert.equal(wrong, undefined);
      if (cores === 2) onTwo++;
    });
  }
  test("most of them on two cores", () => assert.ok(onTwo >= 6, `${onTwo} of ${worlds.length}`));
});

test("three cores find as many states, and each of them some", async (t) => {
  const file = path("raft/world.ts");
  const world = await load(file);
  const [one, three] = [await exploreShared(world, {}), await exploreShared(world, {}, shared(3)(file))];
  assert.deepEqual([three.states, three.depth, three.end, three.violation, three.cores], [one.states, one.depth, "complete", undefined, 3]);
  t.diagnostic(`${one.transitions} transitions, on three cores ${three.transitions}`);
});

test("a violation that a thread has found is walked again from the beginning", async () => {
  const file = path("chord/published-world.ts");
  const world = await load(file);
  for (let time = 0; time < 2; time++) {
    const { violation } = await exploreShared(world, {}, shared(3)(file));
    const model = modelOf(world, {});
    const again = traceOf(model, walkActions(model, violation!.trace.map(({ action }) => action)));
    assert.deepEqual(again.map(({ node, what }) => `${node} ${what}`), violation!.trace.map(({ node, what }) => `${node} ${what}`));
    assert.equal(violation!.trace.length, 18);
  }
});

test("bounds and whoever stops it end it", async () => {
  const file = path("raft/world.ts");
  const world = await load(file);
  const states = await exploreShared(world, { maxStates: 9_000 }, shared(2)(file));
  assert.equal(states.end, "states");
  assert.ok(states.states >= 9_000 && states.states < 24_000, `${states.states}`);
  const depth = await exploreShared(world, { maxDepth: 9 }, shared(2)(file));
  const alone = await exploreShared(world, { maxDepth: 9 });
  assert.deepEqual([depth.end, depth.depth, depth.states], ["depth", 9, alone.states]);
  const stop = new AbortController();
  const large = path("raft/two-terms.ts");
  let told = 0;
  const stopped = await exploreShared(await load(large), { signal: stop.signal, onProgress: ({ states: found, cores }) => {
    if (cores === 2 && found > 1_000 && told++ === 1) stop.abort();
  } }, shared(2)(large));
  assert.deepEqual([stopped.end, stopped.violation], ["stopped", undefined]);
  assert.ok(stopped.states > 1_000);
});

describe("a core that fails", () => {
  const world = () => load(path("two-phase-commit/world.ts"));
  const thread = (code: string, from = 0): Cores => ({ count: 2, from, start: () => new Worker(code, { eval: true }) as unknown as HelperThread });

  test("that ends", async () => {
    await assert.rejects(exploreShared(await world(), {}, thread("process.exit(3)")), { code: "MK_CORE_FAILED", message: "a core of the search ended with code 3" });
  });
  test("that cannot even start", async () => {
    await assert.rejects(exploreShared(await world(), {}, thread("throw new Error('no world here')")), { code: "MK_CORE_FAILED", message: /no world here/ });
  });
  test("whose property throws: the error is the property's", async () => {
    const file = join(repository, "test/check/worlds/throws-in-thread.ts");
    await assert.rejects(exploreShared(await load(file), {}, shared(2)(file)), (error: Error) => error.name === "RangeError" && error.message === "a thread has looked");
  });
  test("whose world is another: what it cannot load is told", async () => {
    await assert.rejects(exploreShared(await world(), {}, shared(2)(path("nowhere.ts"))), { code: "MK_FILE_NOT_FOUND" });
  });
});
