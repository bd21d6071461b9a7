/**
 * Goal: a program under the barrier does what it does without one, undo leaves no trace, and recovery brings back what was
 * committed. Method: random programs, compiled on the heap and as they are on plain objects; always the same sample of
 * `npm run heap:torture`, which draws its own seed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCampaign } from "./torture/campaign.ts";
import { findMutant, mutants } from "./torture/mutants.ts";

const seed = 20_261_124;

test("1500 random programs on the heap and on plain objects", async (context) => {
  context.diagnostic(`seed ${seed}`);
  const { done, failures, broken } = await runCampaign({ seed, first: 0, programs: 1_500, workers: 2, features: "" });
  assert.deepEqual(failures.map(({ program, kind, text }) => `seed ${seed}, program ${program}: ${kind}\n${text ?? ""}`), []);
  assert.deepEqual(broken, []);
  assert.equal(done, 1_500);
});

for (const mutant of mutants.filter((_, i) => i % 4 === 0)) {
  test(`they find a planted fault: ${mutant.name}`, async () => {
    assert.ok((await findMutant(mutant, 4_000, 2)) !== undefined);
  });
}
