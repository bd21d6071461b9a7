/**
 * A sample of the crash campaign (campaign.ts runs it at length): real processes, real SIGKILL, and an audit against what clients
 * were told. And the test of the test: the same campaign without durability must be found out.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCampaign } from "./campaign-run.ts";

const seed = Number(process.env["MACEKEN_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("F01, F37: SIGKILL at random instants: what was acknowledged is there exactly once", { timeout: 300_000 }, async (context) => {
  context.diagnostic(`seed ${seed} (MACEKEN_TEST_SEED repeats the kills)`);
  const result = await runCampaign({ kills: 50, seed, clients: 4 });
  const { byPhase, together } = result.kills;
  context.diagnostic(`${result.requests} requests, ${result.turns} turns, ${result.snapshots} snapshots; kills: ${JSON.stringify(byPhase)}, together ${together}`);
  if (result.violations.length > 0) context.diagnostic(`the nodes' directories are left in ${result.directory}`);
  assert.deepEqual(result.violations.slice(0, 10), []);
  assert.ok(result.requests > 12, "there was work to lose");
});

test("without durability the audit reports the damage", { timeout: 120_000 }, async () => {
  // On a machine so busy that nothing was acknowledged before a kill there is no damage to find: then with other kills again.
  for (let round = 0; round < 3; round++) {
    const { violations } = await runCampaign({ kills: 4 + 2 * round, seed: seed + round, clients: 4, durable: false, settleMs: 2_000 });
    if (violations.some((violation) => /was told to be number|was told 200/.test(violation))) return;
  }
  assert.fail("acknowledged requests were lost three times and it did not show");
});
