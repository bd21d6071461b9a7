/**
 * Starting a program through the compiler with a warm cache, against the same program through a loader that only strips types.
 * The two take turns, so that a busy machine is busy for both.
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "../lib/case.ts";
import { figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";

const plainLoader = new URL("../programs/plain-loader.mjs", import.meta.url).href;
const register = new URL("../../dist/bundle/register.js", import.meta.url).href;
const programs = ["dependencies", "typescript"] as const;
const mustRatio = 1.2;
const startWithinMs = 60_000;

export const startCase: Case = {
  name: "start",
  title: "start of a program, compiled before",
  async run({ directory, runs, progress }) {
    const figures = [];
    for (const program of programs) {
      const file = fileURLToPath(new URL(`../programs/${program}.ts`, import.meta.url));
      const cache = join(directory, `cache-${program}`);
      mkdirSync(cache);
      const plain: number[] = [];
      const compiled: number[] = [];
      // The first one of each fills the compiler's cache and the system's.
      for (let run = 0; run <= runs * 2; run++) {
        progress(`${program}, run ${run} of ${runs * 2}`);
        const times = [await startMs(plainLoader, file, cache), await startMs(register, file, cache)] as const;
        if (run === 0) continue;
        plain.push(times[0]);
        compiled.push(times[1]);
      }
      figures.push(
        figure(compiled, {
          name: `start.${program}`, unit: "ms", better: "lower", sync: "none",
          floor: { what: "types stripped only", value: summarise(plain).median }, must: { of: "ratio", bound: mustRatio },
        }),
      );
    }
    return figures;
  },
};

/** From spawn to exit. */
function startMs(loader: string, file: string, cache: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, ["--import", loader, file], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, MACEKEN_CACHE: cache }, timeout: startWithinMs });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`${file} ended with ${code}`))));
  });
}
