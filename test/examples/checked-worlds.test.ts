/**
 * The examples' worlds are explored and are what checked-worlds.ts says: those that are quick, the others by `npm run check:examples`. A model
 * written by hand counts the same states; and a count that differs, a counterexample that is not found and a mistake in an app are noticed.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { app } from "#maceken/index.js";
import { always, check, WorldDefinition, type Property } from "#maceken/check/check.js";
import { explorePacked, mostParticipants } from "../../bench/nodes/packed-two-phase-commit.ts";
import { Bank } from "../../examples/marketplace/bank/bank.ts";
import { parcelsOf } from "../../examples/marketplace/properties.ts";
import { smallWorld } from "../../examples/marketplace/small-world.ts";
import { repository } from "../lib/consumer-project.ts";
import { checkedWorlds } from "./checked-worlds.ts";
import { difference, explore } from "./explore.ts";

const examples = join(repository, "examples");
const folders = ["two-phase-commit", "marketplace", "raft", "chord"];

describe("worlds that are quick", () => {
  for (const world of checkedWorlds.filter(({ takes }) => takes === "quick")) {
    test(world.name, async (t) => {
      const { wrong, found, states, seconds } = await explore(world);
      assert.equal(wrong, undefined);
      t.diagnostic(`${states} states in ${seconds.toFixed(1)} s: ${found}`);
    });
  }
});

test("two-phase commit written by hand has as many states, and is as deep, as its services have", () => {
  let compared = 0;
  for (const { name, expected } of checkedWorlds) {
    const participants = Number(/^two-phase-commit, (\d) participants$/.exec(name)?.[1]);
    if (!(participants <= mostParticipants) || !("states" in expected)) continue;
    const { states, depth } = explorePacked(participants);
    assert.deepEqual({ states, depth }, expected, name);
    compared++;
  }
  assert.equal(compared, 5);
});

describe("the table", () => {
  test("names each world once, and every file that declares one", () => {
    const names = checkedWorlds.map(({ name }) => name);
    assert.deepEqual(names.filter((name, at) => names.indexOf(name) !== at), []);
    const files = folders.flatMap((folder) => readdirSync(join(examples, folder), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts")).map((file) => `${folder}/${file}`));
    const declaring = files.filter((file) => /^export default \w*[wW]orld\(/m.test(readFileSync(join(examples, file), "utf8")));
    // Simulated only: its traders act by chance and for ever.
    const checked = new Set(checkedWorlds.flatMap(({ what }) => (typeof what === "string" ? [what] : [])));
    assert.deepEqual(declaring.filter((file) => !checked.has(file)), ["marketplace/world.ts"]);
    for (const file of checked) assert.ok(existsSync(join(examples, file)), file);
  });

  for (const folder of folders) {
    test(`the README of ${folder} says the same`, () => {
      const text = readFileSync(join(examples, folder, "README.md"), "utf8");
      for (const { name, expected } of checkedWorlds.filter((world) => world.name.startsWith(`${folder},`))) {
        const figure = "violated" in expected ? `${expected.turns} turns` : expected.states.toLocaleString("en");
        assert.ok(text.includes(figure), `${name}: ${figure} is not in it`);
      }
    });
  }
});

test("what is not as expected is told", async () => {
  const world = checkedWorlds.find(({ what }) => what === "two-phase-commit/world.ts")!;
  const hasty = checkedWorlds.find(({ what }) => what === "two-phase-commit/hasty-world.ts")!;
  const wrong = async (each: typeof world) => (await explore(each)).wrong ?? "nothing";
  assert.match(await wrong({ ...world, expected: { states: 518, depth: 10 } }), /^517 states, and 518 were expected/);
  assert.match(await wrong({ ...world, expected: { states: 517, depth: 9 } }), /^depth 10/);
  assert.match(await wrong({ ...world, expected: hasty.expected }), /is not found to be violated/);
  assert.match(await wrong({ ...world, options: { maxStates: 100 } }), /^it ended before every state was looked at: states/);
  assert.match(await wrong({ ...hasty, expected: world.expected }), /is violated, in 5 turns/);
  assert.match(await wrong({ ...hasty, expected: { ...hasty.expected, turns: 6 } as typeof hasty.expected }), /^it is violated in 5 turns, and 6/);
  assert.match(difference({ states: 1, depth: 1, end: "violated", violation: { property: "p", turns: 5 } }, { violated: "q", turns: 5 })!, /^"p" is violated, and "q"/);
});

describe("the small marketplace", () => {
  class KeepsHolds extends Bank {
    override release() {}
  }
  class PaysInterest extends Bank {
    override capture(hold: number, to: string, reference: string) {
      super.capture(hold, to, reference);
      super.deposit(to, 1);
    }
  }
  const bankOf = (Kind: new () => Bank) => app({ version: 1 }).service("bank", () => new Kind());
  const withProperty = (property: Property) => Object.assign(Object.create(WorldDefinition.prototype) as WorldDefinition, smallWorld(), { properties: [property] });

  test("finds a bank that keeps what it should release, and one that makes money", async () => {
    assert.equal((await check(smallWorld(bankOf(KeepsHolds)))).violation!.property, "no money stays on hold");
    assert.equal((await check(smallWorld(bankOf(PaysInterest)))).violation!.property, "money is conserved");
  });

  test("reaches what its properties are about: two parcels, a bid that is outbid, a hold without funds", async () => {
    const never = async (name: string, holds: Property["holds"]) => assert.equal((await check(withProperty(always(name, holds)))).violation?.property, name);
    await never("no two parcels", (view) => parcelsOf(view).length < 2);
    for (const result of ["outbid", "closed", "rejected"]) {
      await never(`no bid is ${result}`, (view) => !["ada", "bruno"].some((client) => view.answers(client).some((answer) => answer.ok && (answer.value as { result?: string }).result === result)));
    }
  });
});
