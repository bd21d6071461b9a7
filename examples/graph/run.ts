/** One computation on a fleet of processes, with or without kills. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { client } from "maceken";
import { Dice } from "../lib/dice.ts";
import { Fleet } from "../lib/fleet.ts";
import type { NodeProcess } from "../lib/node-process.ts";
import type { Coordinator, Status } from "./coordinator.ts";
import type { Payload } from "./part.ts";
import type { Job, Worker } from "./worker.ts";

export interface Run {
  readonly results: readonly Payload[];
  readonly rounds: number;
  /** From the request to the last round. */
  readonly seconds: number;
  readonly kills: number;
  /** What must not happen, in words. */
  readonly complaints: readonly string[];
}

export interface RunOptions {
  readonly workers: number;
  readonly withoutKen?: boolean;
  /** Kill every process once, spread over so many rounds. */
  readonly kills?: { readonly seed: number; readonly rounds: number };
  onStatus?(status: Status, kills: number): void;
}

const startMs = 30_000;
const mostMs = 600_000;

export async function runJob(job: Job, { workers, withoutKen = false, kills, onStatus }: RunOptions): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "maceken-graph-"));
  const here = (file: string): URL => new URL(file, import.meta.url);
  const names = Array.from({ length: workers }, (_, i) => `worker-${i}`);
  const fleet = await Fleet.prepare({
    folder,
    apps: { coordinator: here("coordinator-app.ts"), ...Object.fromEntries(names.map((name) => [name, here("worker-app.ts")])) },
    environment: { WORKERS: String(workers) },
    flags: withoutKen ? ["--without-ken"] : [],
  });
  const stop = (): void => fleet.stop();
  process.once("exit", stop);
  try {
    if (!(await fleet.start(startMs))) throw new Error(`the nodes did not start; see ${folder}`);
    const coordinator = client<Coordinator>(`${fleet.node("coordinator").http}/coordinator`);
    const killer = kills === undefined ? undefined : new Killer(fleet.nodes, kills);
    const begun = performance.now();
    await coordinator.start(job);
    let status: Status;
    do {
      await sleep(10);
      status = await coordinator.status();
      killer?.look(status);
      onStatus?.(status, killed(fleet));
      if (performance.now() - begun > mostMs) throw new Error(`not finished in ${mostMs / 1000} s; see ${folder}`);
    } while (status.phase !== "finished" && status.phase !== "failed");
    if (status.phase === "failed") throw new Error(status.failure);
    const seconds = (performance.now() - begun) / 1000;
    const results: Payload[] = [];
    for (const name of names) results.push(await client<Worker>(`${fleet.node(name).http}/worker`).result());
    const complaints = fleet.nodes.flatMap(({ name, kills: times, ownExits }) => [
      ...(kills !== undefined && times === 0 ? [`${name} was not killed`] : []), ...ownExits.map((how) => `${name} ended by itself: ${how}`),
    ]);
    fleet.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    return { results, rounds: status.round, seconds, kills: killed(fleet), complaints };
  } finally {
    stop();
    process.removeListener("exit", stop);
  }
}

const killed = ({ nodes }: Fleet): number => nodes.reduce((sum, { kills }) => sum + kills, 0);

/** SIGKILL to each process in an order drawn by lot, the k-th of n when k of n parts of the rounds are over. */
class Killer {
  readonly #victims: readonly NodeProcess[];
  readonly #rounds: number;
  #killed = 0;

  constructor(nodes: readonly NodeProcess[], { seed, rounds }: { readonly seed: number; readonly rounds: number }) {
    const dice = new Dice(seed);
    this.#victims = nodes.map((node) => ({ node, at: dice.next() })).sort((a, b) => a.at - b.at).map(({ node }) => node);
    this.#rounds = rounds;
  }

  look({ phase, round }: Status): void {
    if (phase === "running" && round >= (this.#killed * this.#rounds) / this.#victims.length) this.#victims[this.#killed++]?.kill();
  }
}
