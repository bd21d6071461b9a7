/** The coordinator: begins each round when all workers have ended the one before, and knows when there is nothing left to do. */
import { ref, Service, type Messages, type Ref } from "maceken";
import type { Job, Worker } from "./worker.ts";

export interface Status {
  readonly phase: "idle" | "preparing" | "running" | "finished" | "failed";
  readonly round: number;
  readonly failure: string;
}

export class Coordinator extends Service {
  static readonly messages: Messages<Coordinator> = {
    start: true, status: true, prepared: { from: "peers" }, done: { from: "peers" }, failed: { from: "peers" },
  };
  readonly workers: readonly Ref<Worker>[];
  job: Job | undefined;
  phase: Status["phase"] = "idle";
  round = 0;
  failure = "";
  ready = 0;
  reports: (number | undefined)[] = [];

  constructor(workers: readonly Ref<Worker>[]) {
    super();
    this.workers = workers;
  }

  start(job: Job) {
    Object.assign(this, { job, phase: "preparing", round: 0, failure: "", ready: 0, reports: [] });
    this.workers.forEach((worker, index) => worker.prepare(job, index, this.workers, ref<Coordinator>(this)));
  }

  prepared() {
    if (++this.ready < this.workers.length) return;
    this.phase = "running";
    this.#begin(0);
  }

  done(index: number, report: number) {
    this.reports[index] = report;
    // In their order: sums of fractions depend on it.
    let shared = 0;
    for (let each = 0; each < this.workers.length; each++) {
      const reported = this.reports[each];
      if (reported === undefined) return;
      shared += reported;
    }
    this.reports = [];
    const { what, rounds, pauseMs } = this.job!;
    this.round++;
    if (what === "page rank" ? this.round > rounds : shared === 0) this.phase = "finished";
    else if (pauseMs === 0) this.#begin(shared);
    else this.turn.schedule(this.next, pauseMs, shared);
  }

  private next(shared: number) {
    this.#begin(shared);
  }

  #begin(shared: number) {
    for (const worker of this.workers) worker.begin(this.round, shared);
  }

  failed(failure: string) {
    this.phase = "failed";
    this.failure = failure;
  }

  status(): Status {
    return { phase: this.phase, round: this.round, failure: this.failure };
  }
}
