/**
 * Goal: K1 to K10 hold wherever a process dies, whatever its disk then keeps, also when it dies again on the way back. Method: a part of `npm run
 * crashpoints` that takes half a minute: all single crashes of the small scenarios on the plain disk, samples of everything else, and storms. What
 * must have been met on the way is counted, so that a campaign which no longer gets there fails.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { campaign, noCounts } from "./campaign-run.ts";

const points = 20_000;

test("crash points: every boundary, every outcome, crashes in recoveries, storms", () => {
  const seed = Number(process.env["MACEKEN_SEED"] ?? 0) || (Date.now() % 1_000_000) + 1;
  console.log(`# crash points: MACEKEN_SEED=${seed}`);
  const counts = noCounts();
  const parts = new Map<string, number>();
  let before = 0;
  campaign(points, { logged: 12, pairs: 60, triples: 200, departures: 40 }, {
    counts, seed,
    goOn(part) {
      parts.set(part, (parts.get(part) ?? 0) + counts.crashes - before);
      before = counts.crashes;
      return true;
    },
  });
  const list = (map: ReadonlyMap<string, number>): string => [...map].map(([what, count]) => `${what} ${count}`).join(", ");
  console.log(`# ${counts.crashes} crashes: ${list(parts)}`);
  console.log(`# before ${list(counts.byKind)}`);
  console.log(`# on the way ${list(counts.seen)}`);
  for (const part of ["one crash", "one crash, turn log", "new lives", "two crashes", "two crashes, turn log", "three crashes", "another order", "storms"]) {
    assert.ok((parts.get(part) ?? 0) > 5, `${part}: ${parts.get(part) ?? 0}`);
  }
  for (const what of ["append", "transmit", "answer", "outside", "writeBlock", "readBlock", "disk write", "disk sync", "disk sync-directory", "disk rename"]) {
    assert.ok((counts.byKind.get(what) ?? 0) > 0, `no crash before ${what}`);
  }
  for (const what of ["duplicates", "messages sent again", "failed tries", "parked", "deaths within a turn", "snapshots", "writeBlock", "readBlock", "pause", "failed syncs", "flipped bits"]) {
    assert.ok((counts.seen.get(what) ?? 0) > 0, `${what} were not met`);
  }
});
