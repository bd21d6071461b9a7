/**
 * One process of the fuzzing campaign: feeds each target its share, round by round, and says so over IPC. Told everything by one JSON
 * argument. What a target throws ends it. Memory is measured after forced collections: after the warm-up it must not grow.
 */
import { generator } from "../lib/generator.ts";
import type { FuzzTarget, Tally } from "./target.ts";
import { plantedFaults, targets } from "./targets.ts";

export interface FuzzWork {
  readonly seed: number;
  readonly frames: number;
  /** Names of targets; the shares of these are what counts. */
  readonly targets: readonly string[];
}

export type FuzzReport =
  | { readonly kind: "begins"; readonly target: string; readonly fed: number }
  | { readonly kind: "round"; readonly fed: number; readonly tallies: Readonly<Record<string, Tally>>; readonly memory: Memory }
  | { readonly kind: "failed"; readonly target: string; readonly fed: number; readonly error: string }
  | { readonly kind: "done"; readonly warm: Memory; readonly memory: Memory };

/** In MiB. */
export interface Memory {
  readonly used: number;
  readonly resident: number;
}

const warmUpShare = 0.1;
const framesOfRound = 20_000;
/** What may come and go: caches of the engine, of OpenSSL, lazily compiled code. */
const mayGrow: Memory = { used: 24, resident: 192 };

const work = JSON.parse(process.argv[2]!) as FuzzWork;
const say = (report: FuzzReport): void => void process.send!(report);
process.once("disconnect", () => process.exit(0));

const all = { ...targets, ...plantedFaults };
const chosen = work.targets.map((name) => ({ name, ...all[name]! }));
const shares = chosen.reduce((sum, { share }) => sum + share, 0);
const live: { name: string; share: number; target: FuzzTarget; owed: number }[] = [];
for (const [i, { name, share, make }] of chosen.entries()) live.push({ name, share: share / shares, target: await make(generator(work.seed * 31 + i)), owed: 0 });

let fed = 0;
let warm: Memory | undefined;
let memory = measured();
while (fed < work.frames) {
  const round = Math.min(framesOfRound, work.frames - fed);
  for (const each of live) {
    each.owed += round * each.share;
    // A burst over sockets has some size, so a small share comes every few rounds.
    if (each.owed < 64 && fed + round < work.frames) continue;
    const frames = Math.ceil(each.owed);
    each.owed -= frames;
    say({ kind: "begins", target: each.name, fed });
    await attempt(each.name, () => each.target.feed(frames));
  }
  fed += round;
  await attempt("memory", () => {
    memory = measured();
    if (fed < work.frames * warmUpShare) return;
    warm ??= memory;
    for (const kind of ["used", "resident"] as const) {
      if (memory[kind] > warm[kind] + mayGrow[kind]) throw new Error(`memory (${kind}) grew from ${warm[kind]} to ${memory[kind]} MiB`);
    }
  });
  say({ kind: "round", fed, tallies: Object.fromEntries(live.map(({ name, target }) => [name, target.tally])), memory });
}
for (const { target } of live) await target.close?.();
say({ kind: "done", warm: warm!, memory });
process.disconnect();

async function attempt(target: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    await new Promise((sent) => process.send!({ kind: "failed", target, fed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) } satisfies FuzzReport, sent));
    process.exit(1);
  }
}

function measured(): Memory {
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
  return { used: mebibytes(heapUsed + external), resident: mebibytes(rss) };
}
