/**
 * Looks for what is wrong in the code that it was started with, in one way: `hunt.ts DETECTOR BUDGET_MS BUDGET_POINTS SEED`, with ms of a processor. Says a line now and
 * then, and last of all one line of JSON.
 */
import {
  crashesInOtherOrders, everyFault, everyLife, everyOrder, everySingle, everySingleLogged, Found, pairs, pairsLogged, pairsOfLives, storms, triples, triplesLogged, type Going,
} from "../kernel-checking/campaign-run.ts";
import { noCounts } from "../kernel-checking/run.ts";
import type { Hunted } from "./hunted.ts";
import { simulateWholeNodes } from "./whole-nodes.ts";

Error.stackTraceLimit = 4;
const [detector, budgetMs, budgetPoints, seed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4]), Number(process.argv[5])];
const sayEveryMs = 1_000;
const counts = noCounts();
let [runs, saidAt] = [0, 0];

/** Of a processor: what else the machine does is not counted. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
const startedAt = usedMs();

function goOn(): boolean {
  const now = performance.now();
  if (now > saidAt + sayEveryMs) {
    saidAt = now;
    console.log(runs);
  }
  return usedMs() - startedAt < budgetMs && counts.crashes + runs++ < budgetPoints;
}

const going: Going = { counts, parts: new Map(), seed, share: { index: 0, of: 1 }, goOn };

/** A little of everything first, then from what is quick to what is thorough. */
function check(): void {
  everyFault(going);
  for (const oneIn of [8, 1]) {
    everySingle(going, oneIn);
    everyOrder(going, oneIn);
    everyLife(going, oneIn);
    everySingleLogged(going, oneIn * 20);
    pairs(going, oneIn * 8);
    pairsOfLives(going, oneIn * 8);
  }
  everySingleLogged(going, 4);
  crashesInOtherOrders(going, 10);
  pairs(going, 3);
  pairsLogged(going, 10);
  triples(going, 10);
  triplesLogged(going, 12);
  everySingleLogged(going);
}

let what = "";
try {
  if (detector === "checker") check();
  else if (detector === "storms") storms(going);
  else what = await simulateWholeNodes(seed, goOn, counts);
} catch (error) {
  what = error instanceof Found ? error.message : String((error as Error).stack);
}
const hunted: Hunted = { found: what !== "", what: what.slice(0, 600), points: counts.crashes, runs, ms: Math.round(usedMs() - startedAt) };
console.log(JSON.stringify(hunted));
