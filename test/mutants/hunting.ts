/** Hunts one mutant, in each way, in a process of its own. */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { copyWith } from "./copy.ts";
import type { Hunted } from "./hunted.ts";
import type { Mutant } from "./mutants.ts";

export const detectors = ["checker", "storms", "whole nodes"] as const;
export type Detector = (typeof detectors)[number];

export type Hunt = Readonly<Record<Detector, Hunted>>;

/** How long a way may look. */
export interface Budget {
  /** Of a processor, which other work on the machine does not change. */
  readonly ms: number;
  /** Crashes and runs together: this repeats, where time does not. */
  readonly points: number;
}

/** A process that says nothing for so long is caught in what the mutant does. */
const silentMs = 30_000;

/** One way after the other. `undefined` hunts what is not there: the code as it is. */
export async function hunt(mutant: Mutant | undefined, budget: Budget, seed: number): Promise<Hunt> {
  const directory = copyWith(mutant);
  try {
    const found: Partial<Record<Detector, Hunted>> = {};
    for (const detector of detectors) found[detector] = await huntIn(directory, detector, budget, seed);
    return found as Hunt;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whichever of checker and storms finds it first; undefined when neither does. */
export async function findFirst(mutant: Mutant, budget: Budget, seed: number): Promise<(Hunted & { readonly by: Detector }) | undefined> {
  const directory = copyWith(mutant);
  const stop = new AbortController();
  const hunts = (["checker", "storms"] as const).map(async (detector) => ({ ...(await huntIn(directory, detector, budget, seed, stop.signal)), by: detector }));
  try {
    return await Promise.any(hunts.map(async (hunting) => {
      const hunted = await hunting;
      if (!hunted.found) throw new Error(`${hunted.by} did not find it`);
      return hunted;
    })).catch(() => undefined);
  } finally {
    stop.abort();
    await Promise.all(hunts);
    rmSync(directory, { recursive: true, force: true });
  }
}

function huntIn(directory: string, detector: Detector, { ms, points }: Budget, seed: number, signal?: AbortSignal): Promise<Hunted> {
  const args = ["--max-semi-space-size=32", "--import", join(directory, "dist/node/register.js"), join(directory, "test/mutants/hunt.ts"), detector, String(ms), String(points), String(seed)];
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
    const kill = (): void => void child.kill("SIGKILL");
    let [out, err] = ["", ""];
    let watch = setTimeout(kill, silentMs);
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      clearTimeout(watch);
      watch = setTimeout(kill, silentMs);
    });
    child.stderr.on("data", (data: Buffer) => void (err += data.toString()));
    signal?.addEventListener("abort", kill);
    child.on("close", (code) => {
      clearTimeout(watch);
      const last = out.trim().split("\n").at(-1) ?? "";
      if (code === 0 && last.startsWith("{")) return resolve(JSON.parse(last) as Hunted);
      // It hangs, or does not even start.
      const what = code === null ? "it does not come to an end" : `it ends with code ${code}: ${err.slice(0, 400)}`;
      resolve({ found: signal?.aborted !== true, what, points: 0, runs: 0, ms: Math.round(performance.now() - startedAt) });
    });
  });
}
