/**
 * Goal: K1 to K10 hold wherever a process dies, whatever its disk then keeps, also when it dies again on the way back. Method: a part of `npm run
 * crashpoints`: all single crashes of the small scenarios on the plain disk, samples of everything else, and storms. What must have been met on
 * the way is counted, so that a campaign which no longer gets there fails.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { again, campaign, type PartCount } from "./campaign-run.ts";
import { noCounts } from "./run.ts";
import { trialName, trialNamed } from "./trial.ts";

const points = 20_000;

test("crash points: every boundary, every outcome, crashes in recoveries, storms", () => {
  const seed = Number(process.env["MACEKEN_SEED"] ?? 0) || (Date.now() % 1_000_000) + 1;
  console.log(`# crash points: MACEKEN_SEED=${seed}`);
  const counts = noCounts();
  const parts = new Map<string, PartCount>();
  campaign(points, { logged: 12, pairs: 60, pairsLogged: 400, triples: 150, orders: 20 }, { counts, parts, seed, share: { index: 0, of: 1 }, goOn: () => true });
  const list = (map: ReadonlyMap<string, number>): string => [...map].map(([what, count]) => `${what} ${count}`).join(", ");
  console.log(`# ${counts.crashes} crashes: ${[...parts].map(([part, { crashes, runs }]) => `${part} ${crashes} in ${runs} runs`).join(", ")}`);
  console.log(`# before ${list(counts.byKind)}`);
  console.log(`# on the way ${list(counts.seen)}`);
  for (const part of ["a fault, no crash", "one crash", "new lives"]) assert.ok(parts.get(part)?.isWhole, `${part} was cut off`);
  for (const part of ["one crash, turn log", "two crashes", "new lives, two crashes", "two crashes, turn log", "three crashes", "three crashes, turn log", "one crash in another order", "storms"]) {
    // How many a sample meets is chance: a drawn first crash brings all that is drawn after it.
    assert.ok((parts.get(part)?.crashes ?? 0) > 0, `no crash of: ${part}`);
  }
  for (const what of ["append", "transmit", "answer", "outside", "writeBlock", "readBlock", "disk write", "disk sync", "disk sync-directory", "disk rename"]) {
    assert.ok((counts.byKind.get(what) ?? 0) > 0, `no crash before ${what}`);
  }
  for (const what of ["duplicates", "messages sent again", "failed tries", "parked", "deaths within a turn", "snapshots", "writeBlock", "readBlock", "pause", "failed syncs", "flipped bits"]) {
    assert.ok((counts.seen.get(what) ?? 0) > 0, `${what} were not met`);
  }
});

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
