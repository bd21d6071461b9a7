/** Many trials, a few at a time, since each waits more than it works. */
import { inWords } from "./plans.ts";
import { runTrial, type Plan } from "./trial.ts";

export interface FaultsResult {
  readonly violations: readonly string[];
  readonly trials: number;
  /** The operation did not come to pass this time. */
  readonly missed: number;
  /** Lives that ended by themselves, with the disk's exit code. */
  readonly stopped: number;
}

export async function runPlans(plans: readonly Plan[], atOnce: number, progress: (done: number, text: string) => void = () => {}): Promise<FaultsResult> {
  const waiting = [...plans];
  const violations: string[] = [];
  let trials = 0;
  let missed = 0;
  let stopped = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      const result = await runTrial(plan);
      trials++;
      if (!result.struck) missed++;
      stopped += result.exits.filter((code) => code !== 0).length;
      for (const violation of result.violations) violations.push(`${inWords(plan)}: ${violation}`);
      progress(trials, `${inWords(plan)}: ${result.violations.length === 0 ? "fine" : "NOT FINE"}`);
    }
  }));
  return { violations, trials, missed, stopped };
}
