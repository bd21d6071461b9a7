/**
 * Goal: faults in the kernel, its protocol, its turns and its log do not go unnoticed. Method: eight of the seeded faults, others each day, are put
 * into copies of the built code and must be found by crash points. What is drawn by lot has one seed, with which all of them are found (`npm run mutants`
 * draws another). The code as it is must not be found wrong in the same way, with another seed each day: whatever that finds is wrong.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mutated } from "./copy.ts";
import { detectors, findFirst, hunt } from "./hunting.ts";
import { mutants } from "./mutants.ts";

const atOnce = 8;
const seed = 1;
const day = Number(process.env["MACEKEN_DAY"] ?? Math.floor(Date.now() / 86_400_000));
const first = (day * atOnce) % mutants.length;
const chosen = Array.from({ length: atOnce }, (_, at) => mutants[(first + at) % mutants.length]!);
console.log(`# mutants of the day: MACEKEN_DAY=${day}, ${chosen.map(({ name }) => name).join(", ")}`);

test("every mutant is an edit of the code as it is now", () => {
  assert.ok(mutants.length >= 40);
  assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length);
  for (const mutant of mutants) assert.notEqual(mutated(mutant), "");
});

test("the code without a fault is not found wrong", async () => {
  console.log(`# again: MACEKEN_DAY=${day}, which is the seed`);
  const hunted = await hunt(undefined, { ms: Infinity, points: 1_000 }, day);
  for (const detector of detectors) {
    const { found, what, runs, points } = hunted[detector];
    assert.ok(!found, `${detector}: ${what}`);
    assert.ok(points + runs >= 1_000, `${detector} has made ${runs} runs`);
  }
});

for (const mutant of chosen) {
  test(`found: ${mutant.name}, ${mutant.why} (${mutant.invariant})`, async () => {
    const found = await findFirst(mutant, { ms: Infinity, points: 60_000 }, seed);
    assert.ok(found !== undefined, "it survives");
    console.log(`# ${mutant.name}: ${found.by}, ${found.runs} runs, ${found.points} crashes, ${(found.ms / 1000).toFixed(1)} s: ${found.what.slice(0, 160).replaceAll("\n", " ")}`);
  });
}
