/** `npm run simulate -- --seeds 10000`: many seeds of the simulator's own worlds. A seed that fails is made smaller and told event by event. */
import { campaignOptions, ProgressLine } from "../lib/campaign-command.ts";
import { simulate, type SimulationFigures } from "#maceken/sim/sim.js";
import { shops } from "./worlds.ts";

const { seeds, seed, "faulty-ms": faultyMs } = campaignOptions(
  "npm run simulate --",
  "Small worlds of real kernels, drivers, logs and frames, with faults of every kind on virtual time: Ken's promises are held against every turn,\nand the turns that survive are run again without failures and must come to the same. `maceken simulate FILE` does it with a world of one's own.",
  {
    seeds: { default: 2_000, help: "of each world" },
    seed: { default: 1, help: "the first one" },
    "faulty-ms": { default: 0, help: "how long faults happen, in simulated time; 0: by the seed" },
  },
);

const worlds = { "three nodes": shops(), "five nodes": shops(["north", "south", "east", "west"], 4) };
const line = new ProgressLine();
let failed = false;
for (const [name, world] of Object.entries(worlds)) {
  const told = (figures: SimulationFigures): string => `${name}: ${figures.runs} of ${seeds} seeds, ${figures.turns} turns, ${figures.crashes} crashes, ${figures.powerLosses} of power`;
  const { violation, figures } = await simulate(world, { seed, seeds, ...(faultyMs === 0 ? {} : { faultyMs }), onProgress: (now) => line.show(told(now)) });
  line.end();
  console.log(`${told(figures)}, ${Math.round((figures.turns / figures.realMs) * 1000)} turns/s, ${Math.round(figures.simulatedMs / figures.realMs)} simulated seconds a second`);
  console.log(`  ${Object.entries(figures.faults).map(([kind, count]) => `${kind} ${count}`).join(", ")}`);
  if (violation === undefined) continue;
  failed = true;
  for (const { atMs, node, what } of violation.trace) console.log(`${atMs.toFixed(3).padStart(14)}  ${node.padEnd(6)}  ${what}`);
  console.log(`seed ${violation.seed}: ${violation.property}: ${violation.what}\n  needs ${violation.faults.join("; ") || "no fault"}\n  again: npm run simulate -- --seed ${violation.seed} --seeds 1`);
}
console.log(failed ? "simulate: FAIL" : "simulate: PASS");
process.exitCode = failed ? 1 : 0;
