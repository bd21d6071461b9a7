/** `npm run bits -- --trials 100000`: every bit of a small data directory, and some of a large one, turned over one at a time. */
import { campaignOptions, grouped, ProgressLine, randomSeed } from "../lib/campaign-command.ts";
import { generator } from "../lib/generator.ts";
import { largeDirectory, smallDirectory } from "./directories.ts";
import { BitFlipper, type FlipCounts } from "./flips.ts";
import { recoverNode } from "./memory-node.ts";
import { flipOtherFiles } from "./other-files.ts";

const { trials, seed, "one-in": oneIn } = campaignOptions(
  "npm run bits --",
  "A data directory with one bit turned over is refused, naming file and place, or recovers the very same state: manifest, log and snapshot\n(with work of every kind pending), key and certificate, the notes of process and socket. Every bit of a small one, some of a large one.",
  {
    trials: { default: 100_000, help: "bits of the large directory" },
    seed: { default: randomSeed(), help: "of the bits drawn by lot" },
    "one-in": { default: 1, help: "of the small directory, one bit in so many" },
  },
);
const startedAt = performance.now();
const random = generator(seed);
const line = new ProgressLine();
const violations: string[] = [];
console.log(`bits: seed ${seed}`);

const other = await flipOtherFiles(oneIn, 30, random);
console.log(`key, notes        ${other.counts.tried} bits, ${other.counts.refused} refused, ${other.counts.starts} starts`);
violations.push(...other.violations);

for (const ending of ["marked", "unmarked"] as const) {
  const less = smallDirectory("one less");
  const small = new BitFlipper(smallDirectory(ending), ending === "marked" ? undefined : recoverNode(less.disk, less.sizes).digest);
  small.tryAll(oneIn, random, (done, of) => line.show(`small directory, ${ending}: bit ${done} of ${of}`));
  line.end();
  told(`small, ${ending}`, small.counts);
  violations.push(...small.violations);
}
const large = new BitFlipper(largeDirectory());
large.tryMany(trials, random, (done) => line.show(`large directory: ${done} of ${trials} bits`));
line.end();
told("large", large.counts);
violations.push(...large.violations);

for (const text of grouped(violations)) console.log(text);
console.log(`bits: ${violations.length === 0 ? "PASS" : "FAIL"} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s, seed ${seed}, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;

function told(what: string, { tried, refused, same, torn }: FlipCounts): void {
  console.log(`${what.padEnd(17)} ${tried} bits, ${refused} refused, ${same} without effect${torn > 0 ? `, ${torn} in the last group, which looks torn` : ""}`);
}
