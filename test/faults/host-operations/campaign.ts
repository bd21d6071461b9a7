/** `npm run faults -- --trials 500 --seed 7`: every operation of a node's disk fails, once or for ever, in one way or another. */
import { availableParallelism } from "node:os";
import { campaignOptions, grouped, ProgressLine, randomSeed } from "../../lib/campaign-command.ts";
import { generator } from "../../lib/generator.ts";
import { runPlans } from "./campaign-run.ts";
import { allPlans, drawnPlans, errors } from "./plans.ts";
import { runTrial } from "./trial.ts";

const { trials, seed, only, workers } = campaignOptions(
  "npm run faults --",
  `A real node enters lines, writes a snapshot and starts again, while one operation on its directory fails (${errors.join(", ")}), once or for\never. It goes on, or stops with exit code 5 and a documented message; then, with a disk that is well, everything answered is there.`,
  {
    trials: { default: 200, help: "how many of all operations, occurrences and errors, drawn by lot; 0: all" },
    seed: { default: randomSeed(), help: "of the lot" },
    only: { default: "", help: "operations that contain this, such as \"sync\" or \"rename manifest\"" },
    workers: { default: availableParallelism() + 1, help: "trials at once" },
  },
);
const startedAt = performance.now();
const rehearsal = await runTrial(undefined);
for (const violation of rehearsal.violations) console.log(`  ! without any fault: ${violation}`);
const all = allPlans(rehearsal).filter(({ operation }) => operation.includes(only));
const plans = drawnPlans(all, trials === 0 ? all.length : trials, generator(seed));
console.log(`faults: ${plans.length} of ${all.length} faults, seed ${seed}`);
const line = new ProgressLine();
const result = await runPlans(plans, workers, (done, text) => line.show(`${done} of ${plans.length}, ${text}, ${Math.ceil(((performance.now() - startedAt) / done / 1000) * (plans.length - done))} s left`));
line.end();
const violations = [...rehearsal.violations, ...result.violations];
console.log(`trials     ${result.trials}, of which ${result.missed} never came to the operation; the disk stopped ${result.stopped} lives`);
for (const text of grouped(violations)) console.log(text);
console.log(`faults: ${violations.length === 0 ? "PASS" : "FAIL"} ${result.trials} faults in ${((performance.now() - startedAt) / 1000).toFixed(0)} s, seed ${seed}, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
