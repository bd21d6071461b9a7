/** `npm run mutants`: every seeded fault must be found, by the exhaustive crashes of small scenarios, by storms, or by both. Prints the table. */
import { availableParallelism } from "node:os";
import { campaignOptions, randomSeed } from "../lib/campaign-command.ts";
import { detectors, hunt } from "./hunting.ts";
import { mutants } from "./mutants.ts";
import { row, tableHead } from "./table.ts";

const { seconds, only, seed, workers } = campaignOptions("npm run mutants --", "Edits a copy of the built code, one fault at a time, and looks for each with crash points and with whole simulated nodes.", {
  seconds: { default: 60, help: "of a processor that each way of looking may take" },
  only: { default: "", help: "mutants whose names contain this, or one of these, between commas" },
  seed: { default: randomSeed() % 1_000_000, help: "of what is drawn by lot" },
  workers: { default: availableParallelism(), help: "mutants at the same time" },
});
const wanted = mutants.filter(({ name }) => only.split(",").some((part) => name.includes(part)));
const startedAt = performance.now();
console.log(`mutants: ${wanted.length}, seed ${seed}\n\n${tableHead}`);
const survivors: string[] = [];
const found = new Map<string, number>();
let both = 0;
let next = 0;
const lane = async (): Promise<void> => {
  for (let mutant = wanted[next++]; mutant !== undefined; mutant = wanted[next++]) {
    const hunted = await hunt(mutant, { ms: seconds * 1000, points: Infinity }, seed);
    console.log(row(mutant, hunted));
    for (const detector of detectors) if (hunted[detector].found) found.set(detector, (found.get(detector) ?? 0) + 1);
    if (hunted.checker.found && hunted.storms.found) both++;
    else if (!hunted.checker.found && !hunted.storms.found) survivors.push(mutant.name);
    if (only !== "") for (const [detector, { found: isFound, what }] of Object.entries(hunted)) if (isFound) console.log(`  ${detector}: ${what.split("\n")[0]}`);
  }
};
await Promise.all(Array.from({ length: workers }, lane));
const by = detectors.map((detector) => `${found.get(detector) ?? 0} by ${detector}`).join(", ");
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(`\nmutants: ${survivors.length === 0 ? "PASS" : "FAIL"} ${wanted.length - survivors.length} of ${wanted.length} found, ${by}, ${both} by checker and storms, ${minutes} minutes, seed ${seed}${survivors.length === 0 ? "" : `; survived: ${survivors.join(", ")}`}`);
process.exitCode = survivors.length === 0 ? 0 : 1;
