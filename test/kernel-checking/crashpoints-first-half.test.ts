/**
 * Goal: K1 to K10 hold wherever a process dies, whatever its disk then keeps, also when it dies again on the way back. Method: a part of `npm run
 * crashpoints`, 100,000 crashes in two files: all single crashes of the small scenarios on the plain disk, samples of everything else, and storms. What
 * must have been met on the way is counted, so that a campaign which no longer gets there fails.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { again } from "./campaign-run.ts";
import { sampleHalf } from "./campaign-sample.ts";
import { noCounts } from "./run.ts";
import { trialName, trialNamed } from "./trial.ts";

test("crash points: every boundary, every outcome, crashes in recoveries, storms", () => sampleHalf(0));

test("a run has a name, by which it is run again in the same way", () => {
  const name = "snapshots, turn log, choice 3.1, crash 40.1, crash 52.0";
  assert.equal(trialName(trialNamed(name)), name);
  assert.throws(() => trialNamed("no such scenario"), /no scenario/);
  for (const each of [name, "storm 7"]) {
    const tell = (): string => {
      const lines: string[] = [];
      again(each, noCounts(), (line) => void lines.push(line));
      return lines.join("\n");
    };
    const told = tell();
    assert.match(told, /DIES/);
    assert.equal(tell(), told);
  }
});
