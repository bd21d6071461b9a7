/** The simulator of whole nodes (`npm run simulate`) as one of the ways to look for a mutant: its own worlds, seed after seed. */
import { simulate } from "#maceken/sim/sim.js";
import type { Counts } from "../kernel-checking/run.ts";
import { shops } from "../sim/worlds.ts";

/** What it found; empty when nothing. A seed is a run, a death of a process a crash. */
export async function simulateWholeNodes(seed: number, goOn: () => boolean, counts: Counts): Promise<string> {
  const stop = new AbortController();
  if (!goOn()) return "";
  const { violation } = await simulate(shops(), {
    seed, seeds: Number.MAX_SAFE_INTEGER - seed, faultyMs: 2_000, settleMs: 60_000, shrink: false, signal: stop.signal,
    onProgress({ crashes }) {
      counts.crashes = crashes;
      if (!goOn()) stop.abort();
    },
  });
  return violation === undefined ? "" : `seed ${violation.seed}: ${violation.property}: ${violation.what}`;
}
