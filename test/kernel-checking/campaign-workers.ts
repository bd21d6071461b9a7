/** The processes of a campaign, seen from outside: their figures added up, and the first thing that one of them finds, which ends the others. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PartCount } from "./campaign-run.ts";
import type { Report, Tally, Work } from "./campaign-worker.ts";

export interface Violated {
  /** The name under which it can be run again. */
  readonly trying: string | undefined;
  readonly what: string;
}

export interface Result {
  readonly crashes: number;
  readonly boundaries: number;
  /** Of all processes together. */
  readonly processorMs: number;
  readonly byKind: ReadonlyMap<string, number>;
  readonly seen: ReadonlyMap<string, number>;
  readonly parts: ReadonlyMap<string, PartCount>;
  readonly violated: Violated | undefined;
}

const program = fileURLToPath(new URL("campaign-worker.ts", import.meta.url));
/** A process that says nothing for so long is caught in what it does. */
const hangMs = 120_000;

export async function runWorkers({ points, seed, workers }: { points: number; seed: number; workers: number }, progress: (crashes: number, part: string) => void): Promise<Result> {
  const crashes = Array.from({ length: workers }, () => 0);
  const tallies: Tally[] = [];
  const children: ChildProcess[] = [];
  let violated: Violated | undefined;
  const found = (what: Violated): void => {
    violated ??= what;
    for (const child of children) child.kill("SIGKILL");
  };
  await Promise.all(crashes.map((_, index) => {
    const work: Work = { points: Math.ceil(points / workers), seed, share: { index, of: workers } };
    const child = fork(program, [JSON.stringify(work)], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    children.push(child);
    let isOver = false;
    let stderr = "";
    let at = "before anything";
    let watch: NodeJS.Timeout | undefined;
    const rearm = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => found({ trying: undefined, what: `no word for ${hangMs / 1000} s, in ${at}` }), hangMs);
    };
    rearm();
    child.stderr!.on("data", (text: Buffer) => (stderr = (stderr + text.toString()).slice(-4000)));
    child.on("message", (message) => {
      rearm();
      const report = message as Report;
      if (report.kind === "going") {
        crashes[index] = report.crashes;
        at = report.part;
        progress(crashes.reduce((sum, each) => sum + each), at);
        return;
      }
      isOver = true;
      tallies.push(report.tally);
      if (report.kind === "found") found(report);
    });
    return new Promise<void>((resolve) => child.once("close", (code, signal) => {
      clearTimeout(watch);
      if (!isOver && violated === undefined) found({ trying: undefined, what: `the process ended with ${signal ?? code}, in ${at}\n${stderr}` });
      resolve();
    }));
  }));
  return { ...addedUp(tallies), violated };
}

function addedUp(tallies: readonly Tally[]): Omit<Result, "violated"> {
  const [byKind, seen, parts] = [new Map<string, number>(), new Map<string, number>(), new Map<string, PartCount>()];
  const sum = { crashes: 0, boundaries: 0, processorMs: 0 };
  const add = (to: Map<string, number>, from: Tally["seen"]): void => {
    for (const [what, count] of from) to.set(what, (to.get(what) ?? 0) + count);
  };
  for (const tally of tallies) {
    sum.crashes += tally.crashes;
    sum.boundaries += tally.boundaries;
    sum.processorMs += tally.processorMs;
    add(byKind, tally.byKind);
    add(seen, tally.seen);
    for (const [part, { crashes, runs, isWhole }] of tally.parts) {
      const known = parts.get(part) ?? { crashes: 0, runs: 0, isWhole: true };
      parts.set(part, { crashes: known.crashes + crashes, runs: known.runs + runs, isWhole: known.isWhole && isWhole });
    }
  }
  return { ...sum, byKind, seen, parts };
}
