/** `npm run crashpoints -- --points 1000000 --seed 7`: crashes of whole kernels in a simulated world, each followed to its end. */
import { availableParallelism } from "node:os";
import { campaignOptions, ProgressLine, randomSeed } from "../lib/campaign-command.ts";
import { again, Found } from "./campaign-run.ts";
import { runWorkers } from "./campaign-workers.ts";
import { noCounts } from "./run.ts";

const { points, seed, workers, replay } = campaignOptions(
  "npm run crashpoints --",
  "Real kernels in a simulated world, with the real turn log in a part of it, die between any two of their effects and operations of their\ndisks, for what the disk may then keep. After each crash the world goes on to its end, and K1 to K10 must hold there and on the way.",
  {
    points: { default: 1_000_000, help: "how many crashes" },
    seed: { default: randomSeed() % 1_000_000, help: "of what is drawn by lot" },
    workers: { default: availableParallelism(), help: "processes" },
    replay: { default: "", help: "only the run of this name, as a violation says it, event by event" },
  },
);
const startedAt = performance.now();
const seconds = (): number => (performance.now() - startedAt) / 1000;
if (replay !== "") replayOne(replay);
else await explore();

function replayOne(name: string): void {
  try {
    again(name, noCounts(), (line) => console.log(line));
    console.log(`crashpoints: PASS ${name}`);
  } catch (error) {
    console.log(error instanceof Found ? `  ! ${error.message}\ncrashpoints: FAIL ${name}` : (error as Error).message);
    process.exitCode = error instanceof Found ? 1 : 2;
  }
}

async function explore(): Promise<void> {
  console.log(`crash points: ${points}, seed ${seed}, ${workers} workers`);
  const line = new ProgressLine();
  const { crashes, boundaries, processorMs, byKind, seen, parts, violated } = await runWorkers({ points, seed, workers }, (done, part) => {
    const perSecond = done / seconds();
    line.show(`${done} of ${points} crash points, ${part}, ${Math.floor(perSecond)} a second, ${Math.floor(seconds())} s`);
  });
  line.end();
  const list = (map: ReadonlyMap<string, number>): string => [...map].sort(([, a], [, b]) => b - a).map(([what, count]) => `${what} ${count}`).join(", ");
  for (const [part, { crashes: count, runs, isWhole }] of parts) console.log(`${part.padEnd(24)} ${String(count).padStart(8)} crashes in ${String(runs).padStart(7)} runs${isWhole ? ", all that there are" : ""}`);
  console.log(`crashed before ${list(byKind)}`);
  console.log(`on the way ${list(seen)}`);
  if (violated !== undefined) console.log(`  ! ${violated.what}${violated.trying === undefined ? "" : `\n    again: npm run crashpoints -- --replay '${violated.trying}'`}`);
  const runs = [...parts.values()].reduce((sum, part) => sum + part.runs, 0);
  console.log(`crashpoints: ${violated === undefined ? "PASS" : "FAIL"} ${crashes} crashes in ${runs} runs with ${boundaries} boundaries, ${(seconds() / 60).toFixed(1)} minutes on ${workers} processes (${(processorMs / 60_000).toFixed(1)} minutes of a processor), ${Math.floor(crashes / seconds())} a second, seed ${seed}, ${violated === undefined ? "none" : "one"} violating`);
  process.exitCode = violated === undefined ? 0 : 1;
}
