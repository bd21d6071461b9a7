/**
 * A sample of the fuzzing campaign (`npm run fuzz` runs it at length): everything that reads bytes from outside refuses what is bent, or
 * takes it as valid. And the test of the test: a planted crash, a hang and a leak are found.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runFuzz } from "./campaign-run.ts";
import { targets } from "./targets.ts";

const seed = Number(process.env["MACEKEN_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("F25, F30: bent frames, payloads, requests and files: each is refused and changes nothing, or is taken as valid", { timeout: 300_000 }, async (context) => {
  const frames = 150_000 * Number(process.env["MACEKEN_EFFORT"] ?? 1);
  context.diagnostic(`seed ${seed} (MACEKEN_TEST_SEED repeats it)`);
  const { violations, tallies, fed } = await runFuzz({ seed, frames, workers: 1, targets: Object.keys(targets) });
  context.diagnostic(JSON.stringify(tallies));
  assert.deepEqual(violations, []);
  assert.equal(fed, frames);
  for (const [name, { accepted, refused }] of Object.entries(tallies)) {
    assert.ok(accepted > 0, `${name} takes something`);
    assert.ok(refused > accepted / 1000, `${name} refuses something`);
  }
});

test("a crash, a hang and a leak are found", { timeout: 120_000 }, async () => {
  const planted = async (name: string, frames: number): Promise<string> => {
    const { violations } = await runFuzz({ seed, frames, workers: 1, targets: [name], hangMs: name === "hang" ? 3_000 : 60_000 });
    assert.equal(violations.length, 1, name);
    return violations[0]!;
  };
  const [crash, hang, leak] = await Promise.all([planted("crash", 10), planted("hang", 10), planted("leak", 1_000_000)]);
  assert.match(crash, /^crash, after 0 frames: TypeError: planted/);
  assert.match(hang, /^no word for 3000 ms: hang, after 0 frames/);
  assert.match(leak, /^memory, after \d+ frames: Error: memory \(used\) grew/);
});
