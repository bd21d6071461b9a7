/** Hunts one mutant, in each way, in a process of its own. */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { copyWith } from "./copy.ts";
import type { Hunted } from "./hunted.ts";
import type { Mutant } from "./mutants.ts";

export const detectors = ["checker", "simulator"] as const;
export type Detector = (typeof detectors)[number];

export type Hunt = Readonly<Record<Detector, Hunted>>;

/** A process that says nothing for so long after its time is caught in what the mutant does. */
const graceMs = 20_000;

/** So long each way looks when the other has found it. */
const enoughMs = 20_000;

/** Each way looks for some time, and for all of the time when neither has found it by then. `undefined` hunts what is not there: the code as it is. */
export async function hunt(mutant: Mutant | undefined, budgetMs: number, seed: number): Promise<Hunt> {
  const directory = copyWith(mutant);
  try {
    const both = async (ms: number): Promise<Hunt> => {
      const [checker, simulator] = await Promise.all(detectors.map((detector) => huntIn(directory, detector, ms, seed)));
      return { checker: checker!, simulator: simulator! };
    };
    const first = await both(Math.min(budgetMs, enoughMs));
    return first.checker.found || first.simulator.found || budgetMs <= enoughMs ? first : await both(budgetMs);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whichever way finds it first; undefined when none does. */
export async function findFirst(mutant: Mutant, budgetMs: number, seed: number): Promise<(Hunted & { readonly by: Detector }) | undefined> {
  const directory = copyWith(mutant);
  const stop = new AbortController();
  try {
    const hunts = detectors.map(async (detector) => {
      const hunted = await huntIn(directory, detector, budgetMs, seed, stop.signal);
      if (!hunted.found) throw new Error(`${detector} did not find it`);
      return { ...hunted, by: detector };
    });
    return await Promise.any(hunts).catch(() => undefined);
  } finally {
    stop.abort();
    rmSync(directory, { recursive: true, force: true });
  }
}

function huntIn(directory: string, detector: Detector, budgetMs: number, seed: number, signal?: AbortSignal): Promise<Hunted> {
  const args = ["--max-semi-space-size=32", "--import", join(directory, "dist/node/register.js"), join(directory, "test/mutants/hunt.ts"), detector, String(budgetMs), String(seed)];
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (data: Buffer) => void (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => void (err += data.toString()));
    signal?.addEventListener("abort", () => child.kill("SIGKILL"));
    const hangs = setTimeout(() => child.kill("SIGKILL"), budgetMs + graceMs);
    child.on("close", (code) => {
      clearTimeout(hangs);
      const last = out.trim().split("\n").at(-1) ?? "";
      if (code === 0 && last.startsWith("{")) return resolve(JSON.parse(last) as Hunted);
      // It hangs, or does not even start.
      const what = code === null ? "it does not come to an end" : `it ends with code ${code}: ${err.slice(0, 400)}`;
      resolve({ found: true, what, points: 0, ms: Math.round(performance.now() - startedAt) });
    });
  });
}
