/** `npm run crashpoints -- --points 1000000 --seed 7`: crashes of whole kernels in a simulated world, each followed to its end. */
import { campaignOptions, ProgressLine, randomSeed } from "../lib/campaign-command.ts";
import { all, campaign, Found, noCounts, storm } from "./campaign-run.ts";

const { points, seed, storm: only } = campaignOptions(
  "npm run crashpoints --",
  "Real kernels in a simulated world, with the real turn log in a part of it, die between any two of their effects and operations of their\ndisks, for what the disk may then keep. After each crash the world goes on to its end, and K1 to K10 must hold there and on the way.",
  {
    points: { default: 1_000_000, help: "how many crashes" },
    seed: { default: randomSeed() % 1_000_000, help: "of what is drawn by lot" },
    storm: { default: 0, help: "only the storm of this number, as a violation names it" },
  },
);
const counts = noCounts();
const startedAt = performance.now();
const seconds = (): number => (performance.now() - startedAt) / 1000;
const line = new ProgressLine();
let violation: Error | undefined;
let runs = 0;
try {
  if (only > 0) storm(only, counts);
  else {
    console.log(`crash points: ${points}, seed ${seed}`);
    campaign(points, all, {
      counts, seed,
      goOn(part) {
        runs++;
        line.show(`${counts.crashes} of ${points}, ${part}, ${Math.floor(counts.crashes / seconds())} a second`);
        return true;
      },
    });
  }
} catch (error) {
  violation = error as Error;
}
line.end();
const list = (map: ReadonlyMap<string, number>): string => [...map].sort(([, a], [, b]) => b - a).map(([what, count]) => `${what} ${count}`).join(", ");
console.log(`crashed before  ${list(counts.byKind)}`);
console.log(`on the way      ${list(counts.seen)}`);
if (violation !== undefined) console.log(violation instanceof Found ? `  ! ${violation.message}` : violation.stack);
const cpu = process.cpuUsage();
console.log(`crash points: ${violation === undefined ? "PASS" : "FAIL"} ${counts.crashes} crashes in ${runs} runs with ${counts.boundaries} boundaries, ${seconds().toFixed(0)} s (${((cpu.user + cpu.system) / 1e6).toFixed(0)} s of a processor), ${Math.floor(counts.crashes / seconds())} a second, seed ${seed}`);
process.exitCode = violation === undefined ? 0 : 1;
