/**
 * `npm run heap:torture -- --programs 100000 --seed 7`: random programs on every core. Options: --programs N, --seed N, --first N (number of
 * the first program), --workers N, --features +name,-name (features.ts), --mutants (planted faults instead: each must be found),
 * --libraries (the libraries of test/third-party/ alone; otherwise they follow the programs), --trials N (of each library, instead of its large number).
 * Exit code 0 when heap, undo and recovery did what plain objects did, 1 otherwise.
 */
import { availableParallelism } from "node:os";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { proofs, typescriptFolders } from "../../third-party/proofs.ts";
import { emitBothWays } from "../../third-party/typescript.ts";
import { runCampaign } from "./campaign.ts";
import { readFeatures } from "./features.ts";
import { findMutant, mutants } from "./mutants.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "20000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    first: { type: "string", default: "0" },
    workers: { type: "string", default: String(availableParallelism()) },
    features: { type: "string", default: "" },
    mutants: { type: "boolean", default: false },
    libraries: { type: "boolean", default: false },
    trials: { type: "string", default: "" },
  },
});
readFeatures(values.features);
const [programs, seed, first, workers] = (["programs", "seed", "first", "workers"] as const).map((name) => wholeNumber(name)) as [number, number, number, number];
const startedAt = performance.now();
const isLive = process.stdout.isTTY;
let shownAt = 0;
const isFine = values.mutants ? await mutantsAreFound() : values.libraries ? await librariesBehave() : (await programsBehave()) && (await librariesBehave());
process.exitCode = isFine ? 0 : 1;

async function programsBehave(): Promise<boolean> {
  console.log(`heap:torture: ${programs} programs, seed ${seed}, ${workers} workers`);
  const { done, failures, broken } = await runCampaign({
    seed, first, programs, workers, features: values.features,
    progress(count, failed) {
      const rate = count / seconds();
      show(`${count} of ${programs} programs, ${rate.toFixed(0)}/s, ${failed} failures, ${Math.ceil((programs - count) / Math.max(rate, 1))} s left`);
    },
  });
  endShow();
  const kinds = new Map<string, number[]>();
  for (const { kind, program } of failures) kinds.set(kind, [...(kinds.get(kind) ?? []), program]);
  for (const [kind, numbers] of kinds) console.log(`! ${numbers.length} x ${kind}: programs ${numbers.slice(0, 8).join(", ")}\n${failures.find((each) => each.kind === kind && each.text !== undefined)?.text ?? ""}\n`);
  for (const text of broken) console.log(`! ${text}`);
  const passed = failures.length === 0 && broken.length === 0 && done === programs;
  console.log(`heap:torture: ${passed ? "PASS" : "FAIL"} ${done} programs in ${seconds().toFixed(0)} s, seed ${seed}, ${failures.length} failures`);
  return passed;
}

async function librariesBehave(): Promise<boolean> {
  let passed = true;
  for (const { library, large, run } of proofs) {
    const trials = Math.min(large, values.trials === "" ? large : wholeNumber("trials"));
    const { kept, refused, differences } = run({ seed, trials, progress: (done) => show(`${library}: ${done} of ${trials} trials`) });
    endShow();
    for (const text of differences) console.log(`! ${library}: ${text}`);
    console.log(`heap:torture: ${differences.length === 0 ? "PASS" : "FAIL"} ${library}, ${trials} trials, seed ${seed}, ${kept} turns kept, ${refused} refused`);
    passed &&= differences.length === 0;
  }
  const { plain, compiled } = await emitBothWays(typescriptFolders.large);
  const isSame = compiled.isCompiled && isDeepStrictEqual({ ...compiled, isCompiled: false }, plain);
  console.log(`heap:torture: ${isSame ? "PASS" : "FAIL"} the TypeScript compiler over ${plain.sources} sources: ${plain.files} files, ${plain.bytes} characters, ${plain.messages.length} messages, digest ${plain.digest.slice(0, 12)} and ${compiled.digest.slice(0, 12)}`);
  return passed && isSame;
}

async function mutantsAreFound(): Promise<boolean> {
  let missed = 0;
  for (const mutant of mutants) {
    const found = await findMutant(mutant, programs, workers);
    if (found === undefined) missed++;
    console.log(`${found === undefined ? "NOT FOUND" : `found by program ${found.program}`.padEnd(24)} ${mutant.name}${found === undefined ? "" : `: ${found.kind}`}`);
  }
  console.log(`heap:torture: ${missed === 0 ? "PASS" : "FAIL"} ${mutants.length - missed} of ${mutants.length} planted faults found in ${seconds().toFixed(0)} s`);
  return missed === 0;
}

/** A terminal gets one line that changes, a file a line now and then. */
function show(text: string): void {
  if (!isLive && performance.now() - shownAt < 10_000) return;
  shownAt = performance.now();
  process.stdout.write(isLive ? `\r\x1b[K${text}` : `${text}\n`);
}

function endShow(): void {
  if (isLive) process.stdout.write("\r\x1b[K");
}

function seconds(): number {
  return (performance.now() - startedAt) / 1000;
}

function wholeNumber(name: "programs" | "seed" | "first" | "workers" | "trials"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} takes a whole number, not ${values[name]}`);
  process.exit(2);
}
