/**
 * `npm start`: four apps of four owners trade with each other in processes of their own while the processes are killed at
 * random; afterwards their books are audited. See README.md beside this file.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "./trial/cluster.ts";
import { Figures } from "./trial/figures.ts";
import { Ledger } from "./trial/ledger.ts";
import { readOptions, usage, UsageError, type TrialOptions } from "./trial/options.ts";
import { Progress } from "./trial/progress.ts";
import { lastLine, reportFindings, reportLogs, reportStory } from "./trial/report.ts";
import { runTrial } from "./trial/trial.ts";

/** Beyond the bounds of all the trial's own waits: only an error in the trial itself lets this pass. */
const graceMs = 120_000;

async function main(options: TrialOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "marketplace-"));
  const cluster = await Cluster.prepare(folder, options.withoutKen);
  // Whatever ends this process, by itself or from outside, the nodes end with it.
  process.once("exit", () => cluster.stop());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      cluster.stop();
      if (!options.keep) rmSync(folder, { recursive: true, force: true });
      giveUp(`interrupted by ${signal}`, 130);
    });
  }
  setTimeout(() => giveUp(`the trial did not end in time; see ${folder}`, 1), options.seconds * 1_000 + graceMs).unref();

  const how = options.withoutKen ? "without Ken: nothing is durable, and nothing waits to be" : "every turn durable";
  console.log(`marketplace: four apps, four processes, ${options.killsPerSecond} kills/s for ${options.seconds} s, seed ${options.seed}, ${how}\n`);
  const ledger = new Ledger();
  const figures = new Figures(cluster.nodes);
  const progress = new Progress(cluster, figures, ledger);
  figures.start();
  progress.start();
  const { findings, books } = await runTrial(options, { cluster, ledger, figures, progress });
  progress.stop();
  figures.stop();
  cluster.stop();

  const violations = findings.reduce((sum, finding) => sum + finding.violations.length, 0);
  const passed = violations === 0;
  console.log(`\n${reportStory(cluster, ledger)}\n\n${reportFindings(findings)}\n`);
  if (options.withoutKen) console.log(`The same apps, kills and customers with Ken: npm start -- --seconds ${options.seconds} --kills-per-second ${options.killsPerSecond} --seed ${options.seed}\n`);
  else if (!passed) console.log(`${reportLogs(cluster)}\n`);
  if (passed && !options.keep) rmSync(folder, { recursive: true, force: true });
  else console.log(`data directories, labels and logs: ${folder}`);
  console.log(
    lastLine(passed, {
      kills: progress.kills,
      turns: figures.total("turns"),
      messages: figures.total("messages"),
      retransmissions: figures.total("retransmissions"),
      restarts: progress.restarts,
      lots: books?.auction.lots.length ?? 0,
      sold: books?.auction.lots.filter((lot) => lot.leader !== null).length ?? 0,
      requests: ledger.entries.length,
      ...(passed ? {} : { violations }),
      seconds: progress.seconds.toFixed(1),
    }),
  );
  return passed ? 0 : 1;
}

function giveUp(reason: string, exitCode: number): never {
  console.log(`\nmarketplace: FAIL ${reason}`);
  process.exit(exitCode);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exit(await main(options));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
  console.error(error);
  giveUp("the trial itself is broken", 1);
}
