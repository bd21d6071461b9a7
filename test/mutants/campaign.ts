/** `npm run mutants`: every seeded fault must be found, by the exhaustive crashes of small scenarios, by storms, or by both. Prints the table. */
import { campaignOptions, randomSeed } from "../lib/campaign-command.ts";
import { hunt } from "./hunting.ts";
import { mutants } from "./mutants.ts";
import { row, tableHead } from "./table.ts";

const { seconds, only, seed } = campaignOptions("npm run mutants --", "Edits a copy of the built code, one fault at a time, and looks for each with crash points.", {
  seconds: { default: 60, help: "how long each way of looking may take" },
  only: { default: "", help: "mutants whose names contain this, or one of these, between commas" },
  seed: { default: randomSeed() % 1_000_000, help: "of the storms" },
});
const wanted = mutants.filter(({ name }) => only.split(",").some((part) => name.includes(part)));
console.log(`mutants: ${wanted.length}, seed ${seed}\n\n${tableHead}`);
const survivors: string[] = [];
let [checker, simulator] = [0, 0];
for (const mutant of wanted) {
  const hunted = await hunt(mutant, seconds * 1000, seed);
  console.log(row(mutant, hunted));
  if (hunted.checker.found) checker++;
  if (hunted.simulator.found) simulator++;
  if (!hunted.checker.found && !hunted.simulator.found) survivors.push(mutant.name);
  if (only !== "") for (const [detector, { found, what }] of Object.entries(hunted)) if (found) console.log(`  ${detector}: ${what.split("\n")[0]}`);
}
console.log(`\nmutants: ${survivors.length === 0 ? "PASS" : "FAIL"} ${wanted.length - survivors.length} of ${wanted.length} found, ${checker} by the checker, ${simulator} by the simulator, seed ${seed}${survivors.length === 0 ? "" : `; survived: ${survivors.join(", ")}`}`);
process.exitCode = survivors.length === 0 ? 0 : 1;
