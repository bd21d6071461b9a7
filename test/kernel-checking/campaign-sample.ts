/** Half of the sample of `npm run crashpoints` that is among the tests: there are two files of them, so that two processors work. */
import assert from "node:assert/strict";
import { campaign, type PartCount } from "./campaign-run.ts";
import { noCounts } from "./run.ts";

/** Of a half. */
const points = 50_000;

export function sampleHalf(index: 0 | 1): void {
  const seed = Number(process.env["MACEKEN_SEED"] ?? 0) || (Date.now() % 1_000_000) + 1;
  console.log(`# crash points: MACEKEN_SEED=${seed}`);
  const counts = noCounts();
  const parts = new Map<string, PartCount>();
  campaign(points, { logged: 12, pairs: 30, pairsLogged: 200, triples: 50, orders: 20 }, { counts, parts, seed, share: { index, of: 2 }, goOn: () => true });
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
}
