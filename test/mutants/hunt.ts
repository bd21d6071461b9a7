/** Looks for what is wrong in the code that it was started with, in one way, for so long at most: `hunt.ts DETECTOR BUDGET_MS SEED`. Answers one line of JSON. */
import { departures, everyLife, everySingle, everySingleLogged, Found, noCounts, pairs, storms, triples, type Going } from "../kernel-checking/campaign-run.ts";
import type { Hunted } from "./hunted.ts";

Error.stackTraceLimit = 4;
const [detector, budgetMs, seed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const counts = noCounts();
const startedAt = performance.now();
const elapsedMs = (): number => performance.now() - startedAt;
const going: Going = { counts, seed, goOn: () => elapsedMs() < budgetMs };

/** From what is quick to what is thorough. */
function check(): void {
  everySingle(going);
  everySingleLogged(going, 20);
  everyLife(going);
  departures(going, 10);
  everySingleLogged(going, 1);
  pairs(going, 4);
  triples(going, 10);
}

let what = "";
try {
  if (detector === "simulator") storms(going);
  else check();
} catch (error) {
  what = error instanceof Found ? error.message : String((error as Error).stack);
}
const hunted: Hunted = { found: what !== "", what: what.slice(0, 600), points: counts.crashes, ms: Math.round(elapsedMs()) };
console.log(JSON.stringify(hunted));
