/** Runs cases one after the other, each in a directory of its own, and collects their figures. A case that fails is a result too. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Case, CaseContext } from "./case.ts";
import type { Figure } from "./figure.ts";
import { describeMachine } from "./machine.ts";
import type { Progress } from "./progress.ts";
import type { Results } from "./report.ts";

export interface SuiteOptions {
  readonly full: boolean;
  /** Where the measured disk is. */
  readonly directory: string;
  readonly progress?: Progress;
  /** Overrides the suite's own lengths, for a smoke test. */
  readonly lengths?: Lengths;
  /** For the processes of interest. */
  readonly nodeArgs?: readonly string[];
}

type Lengths = Pick<CaseContext, "runs" | "warmUpMs" | "measureMs">;

const quick: Lengths = { runs: 3, warmUpMs: 1000, measureMs: 1500 };
const full: Lengths = { runs: 5, warmUpMs: 2000, measureMs: 5000 };

export async function runSuite(cases: readonly Case[], options: SuiteOptions): Promise<Results> {
  mkdirSync(options.directory, { recursive: true });
  const root = mkdtempSync(join(options.directory, "run-"));
  const startedAt = performance.now();
  const machine = describeMachine(root);
  const figures: Figure[] = [];
  const failed: { name: string; error: string }[] = [];
  try {
    for (const [i, each] of cases.entries()) {
      options.progress?.begin(each.title, i + 1, cases.length);
      try {
        figures.push(...(await each.run(contextOf(each, root, options))));
      } catch (error) {
        failed.push({ name: each.name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    }
  } finally {
    options.progress?.end();
    rmSync(root, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return { suite: options.full ? "full" : "quick", at: new Date().toISOString(), machine, seconds, figures, failed };
}

function contextOf({ name }: Case, root: string, { full: isFull, progress, lengths, nodeArgs = [] }: SuiteOptions): CaseContext {
  const directory = join(root, name);
  mkdirSync(directory);
  return { directory, full: isFull, nodeArgs, ...(lengths ?? (isFull ? full : quick)), progress: (what) => progress?.step(what) };
}
