/** `npm run fuzz -- --frames 10000000 --seed 7`: everything that reads bytes from outside, fed with bytes that are bent. */
import { availableParallelism } from "node:os";
import { campaignOptions, ProgressLine, randomSeed } from "../lib/campaign-command.ts";
import { runFuzz } from "./campaign-run.ts";
import { plantedFaults, targets } from "./targets.ts";

const list = Object.entries(targets).map(([name, { what, share }]) => `  ${name.padEnd(10)} ${(share / 10).toFixed(1).padStart(4)} %  ${what}`).join("\n");
const { frames, seed, workers, only } = campaignOptions(
  "npm run fuzz --",
  `Bent frames, files and requests into everything that reads from outside. Each is refused and changes nothing, or is taken as valid:\nno crash, no hang, no memory that grows.\n\n${list}`,
  {
    frames: { default: 1_000_000, help: "frames, requests and files in all" },
    seed: { default: randomSeed(), help: "of the generator; worker i has seed + i" },
    workers: { default: availableParallelism(), help: "processes" },
    only: { default: "", help: "names of targets with commas between them" },
  },
);
const names = only === "" ? Object.keys(targets) : only.split(",");
const unknown = names.find((name) => targets[name] === undefined && plantedFaults[name] === undefined);
if (unknown !== undefined) {
  console.error(`there is no target ${unknown}; there are ${Object.keys(targets).join(", ")}`);
  process.exit(2);
}
const startedAt = performance.now();
console.log(`fuzz: ${frames} frames, seed ${seed}, ${workers} workers`);
const line = new ProgressLine();
const { violations, tallies, memory, fed } = await runFuzz({ frames, seed, workers, targets: names, progress: (text) => line.show(text) });
line.end();
for (const [name, { accepted, refused }] of Object.entries(tallies)) console.log(`${name.padEnd(10)} ${accepted} taken as valid, ${refused} refused`);
for (const { warm, end } of memory) console.log(`memory     ${warm.used} MiB used and ${warm.resident} resident after the warm-up, ${end.used} and ${end.resident} at the end`);
for (const violation of violations) console.log(`  ! ${violation}`);
const seconds = (performance.now() - startedAt) / 1000;
console.log(`fuzz: ${violations.length === 0 ? "PASS" : "FAIL"} ${fed} frames in ${seconds.toFixed(0)} s (${Math.round(fed / seconds)}/s), seed ${seed}, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
