/** One process of `npm run crashpoints`: does its share, and says over IPC how far it is and what it found. Told everything by one JSON argument. */
import { all, campaign, Found, type Going, type PartCount } from "./campaign-run.ts";
import { noCounts } from "./run.ts";

export interface Work {
  /** Of this process. */
  readonly points: number;
  readonly seed: number;
  readonly share: Going["share"];
}

export interface Tally {
  readonly crashes: number;
  readonly boundaries: number;
  /** Of a processor, which other work on the machine does not change. */
  readonly processorMs: number;
  readonly byKind: readonly (readonly [string, number])[];
  readonly seen: readonly (readonly [string, number])[];
  readonly parts: readonly (readonly [string, PartCount])[];
}

export type Report =
  | { readonly kind: "going"; readonly part: string; readonly crashes: number }
  /** `trying` is the name under which it can be run again; undefined when the campaign itself has failed. */
  | { readonly kind: "found"; readonly trying: string | undefined; readonly what: string; readonly tally: Tally }
  | { readonly kind: "done"; readonly tally: Tally };

// Deaths and failing handlers are errors by the thousand.
Error.stackTraceLimit = 4;
const reportEveryMs = 500;
const { points, seed, share } = JSON.parse(process.argv[2]!) as Work;
const say = (report: Report): Promise<void> => new Promise((sent) => process.send!(report, () => sent()));
const { ppid } = process;

const counts = noCounts();
const parts = new Map<string, PartCount>();
let saidAt = 0;
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
const tally = (): Tally => ({ processorMs: processorMs(), crashes: counts.crashes, boundaries: counts.boundaries, byKind: [...counts.byKind], seen: [...counts.seen], parts: [...parts] });
try {
  campaign(points, all, {
    counts, parts, seed, share,
    goOn(part) {
      const now = performance.now();
      if (now > saidAt + reportEveryMs) {
        saidAt = now;
        // All of it is one synchronous call: nothing else would notice that nobody waits for the answer any more.
        if (process.ppid !== ppid) process.exit(1);
        void say({ kind: "going", part, crashes: counts.crashes });
      }
      return true;
    },
  });
  await say({ kind: "done", tally: tally() });
} catch (error) {
  const { trying } = error instanceof Found ? error : { trying: undefined };
  await say({ kind: "found", trying, what: error instanceof Found ? error.message : String((error as Error).stack), tally: tally() });
}
process.disconnect();
