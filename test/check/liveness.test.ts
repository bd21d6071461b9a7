/** Properties of ways: what comes true at last, what never does, in which circle, and from which step on it could not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, eventually, eventuallyAlways, leadsTo } from "#maceken/check/check.js";
import { holder, member, ring, type Member } from "./rings.ts";

test("a token that goes round comes to everybody, again and again", async () => {
  const result = await check(ring([
    eventually("c has it", holder("c")),
    leadsTo("whoever b passes it to gives it back", holder("b"), holder("a")),
  ], { x: [member("a").start()] }));
  assert.equal(result.violation, undefined, JSON.stringify(result.violation));
});

test("what does not stay so is found going in circles, with a fair circle", async () => {
  const { violation } = await check(ring([eventuallyAlways("a has it for good", holder("a"))], { x: [member("a").start()] }));
  assert.equal(violation!.property, "a has it for good");
  assert.match(violation!.what, /for ever/);
  const { circleFrom, trace } = violation!;
  assert.ok(circleFrom! < trace.length - 1);
  // The circle passes the token by everybody.
  assert.deepEqual([...new Set(trace.slice(circleFrom! + 1).map(({ node }) => node))].sort(), ["a", "b", "c"]);
});

test("a token that is lost does not come to c: nothing can happen any more, and the step that decided it is named", async () => {
  const { violation } = await check(ring([eventually("c has it", holder("c"))], { x: [member("a").start()], y: [member("b").lose()] }));
  assert.match(violation!.what, /nothing can happen any more/);
  assert.equal(violation!.circleFrom, undefined);
  const critical = violation!.trace[violation!.criticalAt!]!;
  assert.match(`${critical.node} ${critical.what}`, /b member\.(lose|take)/);
});

test("a source that could always go on is not passed over for ever: whoever is asked to stop does at last", async () => {
  const result = await check(ring([
    eventually("everybody is asked", (world) => world.services<Member>("member").some(({ stopped }) => stopped)),
    eventuallyAlways("it has come to rest", (world) => world.isQuiet),
  ], { x: [member("a").start()], y: [member("b").stop()] }));
  assert.equal(result.violation, undefined, JSON.stringify(result.violation));
});

test("what is bounded is no end: nothing is said of what was not explored", async () => {
  const result = await check(ring([eventually("c has it", holder("c"))], { x: [member("a").start()] }), { maxDepth: 2 });
  assert.equal(result.end, "depth");
  assert.equal(result.violation, undefined);
});
