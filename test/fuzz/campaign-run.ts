/** Workers that fuzz, seen from outside: one that crashes, hangs or grows has found something, and says with which seed and where. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Tally } from "./target.ts";
import type { FuzzReport, FuzzWork, Memory } from "./worker.ts";

export interface FuzzOptions extends FuzzWork {
  readonly workers: number;
  /** How long a target may take for its share of one round. */
  readonly hangMs?: number;
  progress?(text: string): void;
}

export interface FuzzResult {
  readonly violations: readonly string[];
  readonly tallies: Readonly<Record<string, Tally>>;
  readonly memory: readonly { readonly warm: Memory; readonly end: Memory }[];
  readonly fed: number;
}

const program = fileURLToPath(new URL("worker.ts", import.meta.url));

export async function runFuzz({ seed, frames, targets, workers, hangMs = 120_000, progress }: FuzzOptions): Promise<FuzzResult> {
  const fed = Array.from({ length: workers }, () => 0);
  const violations: string[] = [];
  const tallies: Record<string, Tally> = {};
  const memory: { warm: Memory; end: Memory }[] = [];
  const startedAt = performance.now();
  await Promise.all(fed.map((_, worker) => {
    // Each worker has a seed of its own, so that a finding is repeated by one worker alone.
    const work: FuzzWork = { seed: seed + worker, frames: Math.ceil(frames / workers), targets };
    const child = fork(program, [JSON.stringify(work)], { execArgv: ["--expose-gc", "--import", "#maceken/node/register.js"], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let at = "before the first target";
    let stderr = "";
    let last: Readonly<Record<string, Tally>> = {};
    let isOver = false;
    child.stderr!.on("data", (text: Buffer) => (stderr = (stderr + text.toString()).slice(-4000)));
    const found = (what: string): void => {
      isOver = true;
      violations.push(`${what}\n    again: npm run fuzz -- --seed ${work.seed} --workers 1 --frames ${work.frames} --only ${targets.join(",")}`);
    };
    let watch: NodeJS.Timeout | undefined;
    const rearm = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        found(`no word for ${hangMs} ms: ${at}`);
        child.kill("SIGKILL");
      }, hangMs);
    };
    rearm();
    child.on("message", (message) => {
      rearm();
      const report = message as FuzzReport;
      switch (report.kind) {
        case "begins":
          at = `${report.target}, after ${report.fed} frames`;
          break;
        case "round": {
          fed[worker] = report.fed;
          last = report.tallies;
          const done = sum(fed);
          const perSecond = done / ((performance.now() - startedAt) / 1000);
          progress?.(`${done} of ${frames} frames, ${Math.round(perSecond)}/s, ${report.memory.used} MiB used, ${Math.ceil((frames - done) / perSecond)} s left`);
          break;
        }
        case "failed":
          found(`${report.target}, after ${report.fed} frames: ${report.error}`);
          break;
        case "done":
          isOver = true;
          memory.push({ warm: report.warm, end: report.memory });
      }
    });
    return new Promise<void>((resolve) => child.once("close", (code, signal) => {
      clearTimeout(watch);
      if (!isOver) found(`the process ended with ${signal ?? code}: ${at}\n${stderr}`);
      for (const [name, { accepted, refused }] of Object.entries(last)) {
        const tally = (tallies[name] ??= { accepted: 0, refused: 0 });
        tally.accepted += accepted;
        tally.refused += refused;
      }
      resolve();
    }));
  }));
  return { violations, tallies, memory, fed: sum(fed) };
}

function sum(list: readonly number[]): number {
  return list.reduce((all, each) => all + each, 0);
}
