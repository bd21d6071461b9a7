/**
 * What the clocks of one machine say: a monotonic one that runs a little fast or slow and stands still while the machine sleeps, and a wall
 * clock that is wrong and may be set. The driver sees them through the code that reads a real machine's (driver/machine-clock.ts).
 */
import type { MachineTime } from "../driver/machine-clock.ts";
import type { Timeline } from "./timeline.ts";

const epochMs = 1_700_000_000_000;

export class SimulatedClock implements MachineTime {
  readonly #timeline: Timeline;
  /** Ms of this machine in a true one. */
  readonly rate: number;
  /** The wall clock's error. */
  #offsetMs: number;
  #sleptMs = 0;

  constructor(timeline: Timeline, { rate, offsetMs }: { readonly rate: number; readonly offsetMs: number }) {
    this.#timeline = timeline;
    this.rate = rate;
    this.#offsetMs = offsetMs;
  }

  monotonicMs(): number {
    return (this.#timeline.nowMs - this.#sleptMs) * this.rate + 1_000;
  }

  wallMs(): number {
    return Math.floor(epochMs + this.#offsetMs + this.#timeline.nowMs * this.rate);
  }

  uptimeMs(): number {
    return this.#timeline.nowMs * this.rate + 1_000;
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  /** The machine has slept: the monotonic clock stood still meanwhile. */
  slept(ms: number): void {
    this.#sleptMs += ms;
  }
}
