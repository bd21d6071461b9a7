/**
 * Runs programs FROM, FROM + STEP, … below TO of a seed, and tells its parent how far it is and what failed:
 * `worker.ts SEED FROM TO STEP FEATURES`, one JSON object a line. Failures of one kind are shrunk once.
 */
import { readFeatures } from "./features.ts";
import { generate } from "./generate.ts";
import { reproduction } from "./reproduction.ts";
import { runProgram } from "./run-program.ts";

export type Report = { readonly done: number } | { readonly failed: number; readonly kind: string; readonly text?: string };

const [seed = 0, from = 0, to = 0, step = 1] = process.argv.slice(2, 6).map(Number);
const features = readFeatures(process.argv[6]);
const known = new Set<string>();
const say = (report: Report) => process.stdout.write(`${JSON.stringify(report)}\n`);

let done = 0;
let saidAt = performance.now();
for (let number = from; number < to; number += step) {
  const program = { ...generate(programSeed(seed, number), features), name: `seed ${seed}, program ${number}` };
  const failure = runProgram(program);
  done++;
  if (failure !== undefined) {
    const isNew = !known.has(failure.kind);
    known.add(failure.kind);
    say({ failed: number, kind: failure.kind, ...(isNew ? { text: reproduction(program) } : {}) });
  }
  if (performance.now() - saidAt < 500) continue;
  say({ done });
  saidAt = performance.now();
}
say({ done });

function programSeed(campaign: number, number: number): number {
  return (Math.imul(campaign, 1_000_003) + number) >>> 0;
}
