/** Properties that look at services alone, or at answers too, are asked once for all states that are alike in them: what they answer is the same as if they were asked each time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { always, check, type Predicate, type WorldView } from "#maceken/check/check.js";
import { AppModel } from "#maceken/check/app-model.js";
import { AppView } from "#maceken/check/app-view.js";
import { BreadthFirst } from "#maceken/check/breadth-first.js";
import { PredicateMemory } from "#maceken/check/predicate-memory.js";
import type { Coordinator, Participant } from "../../examples/two-phase-commit/two-phase-commit.ts";
import { commitWorld } from "../../examples/two-phase-commit/world.ts";

const prepared = (world: WorldView): number => world.services<Participant>("participant").filter(({ state }) => state === "prepared").length;
const decision = (world: WorldView): string => world.service<Coordinator>("manager/coordinator")!.decision;

/** Whether each looks at services alone is another thing in each; the last ones look at more in some states only. */
const predicates: readonly Predicate[] = [
  (world) => prepared(world) < 2,
  (world) => decision(world) === "undecided" || "decided",
  (world) => world.messages.length < 3,
  (world) => world.answers("somebody").length === 0,
  (world) => prepared(world) !== 2 || world.answers("somebody").length === 0,
  (world) => !world.isQuiet,
  (world) => prepared(world) !== 1 || world.messages.some(({ method }) => method === "prepare"),
  (world) => decision(world) !== "aborted" || world.messages.every(({ kind }) => kind === "request"),
];

test("what is remembered is what would have been answered, and it is asked less often", () => {
  const model = new AppModel(commitWorld(4));
  let asked = 0;
  const counted = predicates.map((predicate): Predicate => (world) => {
    asked++;
    return predicate(world);
  });
  const [initial] = model.initial();
  const memory = new PredicateMemory(new AppView(model, initial!), counted);
  const fresh = new AppView(model, initial!);
  const answers = predicates.map(() => new Set<boolean>());
  const search = new BreadthFirst(model, {
    isExpanded: () => true,
    violation(state) {
      memory.turnTo(state);
      fresh.turnTo(state);
      predicates.forEach((predicate, index) => {
        const holds = predicate(fresh) === true;
        assert.equal(memory.holds(counted[index]!), holds, `predicate ${index}`);
        answers[index]!.add(holds);
      });
      return undefined;
    },
  });
  let end: string | undefined;
  while (end === undefined) end = search.run(1000);
  assert.equal(end, "complete");
  assert.deepEqual(answers.map(({ size }) => size), predicates.map(() => 2), "each holds in some states, and in others not");
  assert.ok(asked < search.visited.count * predicates.length * 0.8, `${asked} times for ${search.visited.count} states`);
});

test("a property that changes a message's arguments is told so", async () => {
  const changing = always("changing", (world) => {
    for (const { args } of world.messages) (args as unknown[] | undefined)?.push("more");
    return true;
  });
  await assert.rejects(check(Object.assign(commitWorld(2), { properties: [changing] })), TypeError);
});
