/**
 * The node's own time: milliseconds since 1970, monotonic for the node's whole life. While it runs only the monotonic
 * clock moves it; across a stop the wall clock's difference does, never below zero. Timers count in this time.
 */
export interface TimeOfStep {
  /** Milliseconds of a clock that never goes back and means nothing else. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970 as the machine believes. */
  readonly wallMs: number;
}

export class KernelClock {
  #base = 0;
  #startedAt = 0;
  now = 0;
  /** The wall clock's lead over `now` at the last step: recorded, so that a restart knows how long the node was down. */
  skew = 0;

  begin(time: TimeOfStep, recorded?: { readonly now: number; readonly skew: number }): void {
    this.#startedAt = time.monotonicMs;
    if (recorded === undefined) this.#base = Math.floor(time.wallMs);
    else {
      const stoppedMs = Math.floor(time.wallMs) - (recorded.now + recorded.skew);
      this.#base = recorded.now + Math.max(0, stoppedMs);
    }
    this.now = this.#base;
    this.advance(time);
  }

  advance(time: TimeOfStep): void {
    const now = this.#base + Math.floor(time.monotonicMs - this.#startedAt);
    if (now > this.now) this.now = now;
    this.skew = Math.floor(time.wallMs) - this.now;
  }
}
