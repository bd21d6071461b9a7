/** The threads among which `check` shares a large search: each loads the world's file again (check-core.ts). */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Cores } from "../check/cores.ts";

/** Each keeps its own tables of turns. */
export const mostCores = 64;

/** Undefined: all that there are. Threads have the loader, and whatever else Node was started with. */
export function coresFor(file: string, count = Math.min(mostCores, availableParallelism())): Cores {
  return { count, start: (start) => new Worker(new URL("./check-core.js", import.meta.url), { workerData: { file, start } }) };
}
