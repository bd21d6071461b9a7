/**
 * The audit of a node in production: a slice of the heap now and then, at most 2 % of the time, for writes that the barrier could not
 * see. What was found is noted by the kernel.
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { Scheduled, Scheduler } from "./ports.ts";

/** A slice, the objects between two looks at the clock, the pause, and how many times longer than the slice it is at least. */
const sliceMs = 1;
const sliceObjects = 50;
const leastPauseMs = 100;
const share = 50;

export class RollingAudit {
  readonly #kernel: Kernel;
  readonly #scheduler: Scheduler;
  readonly #guard: (action: () => void) => void;
  readonly #found: () => void;
  #next: Scheduled | undefined;

  /** `found` is called after a slice that found something. */
  constructor(kernel: Kernel, scheduler: Scheduler, guard: (action: () => void) => void, found: () => void) {
    this.#kernel = kernel;
    this.#scheduler = scheduler;
    this.#guard = guard;
    this.#found = found;
    this.#later(leastPauseMs, -1);
  }

  stop(): void {
    this.#scheduler.cancel(this.#next);
  }

  /** It goes on after a while, unless nothing has run since its last walk began. */
  #later(pauseMs: number, walkedAt: number): void {
    this.#next = this.#scheduler.after(pauseMs, () => this.#guard(() => this.#some(walkedAt)));
  }

  #some(walkedAt: number): void {
    const { executed, counters: { untrackedWrites } } = this.#kernel;
    if (walkedAt === executed) return this.#later(leastPauseMs, walkedAt);
    const begun = this.#scheduler.nowMs();
    let more = true;
    while (more && this.#scheduler.nowMs() - begun < sliceMs) more = this.#kernel.audit(sliceObjects);
    const took = this.#scheduler.nowMs() - begun;
    if (this.#kernel.counters.untrackedWrites > untrackedWrites) this.#found();
    this.#later(Math.max(leastPauseMs, took * share), more ? -1 : executed);
  }
}
