/**
 * The time that a kernel's steps come with. Timers count the time that went by, also while the machine was suspended, where the monotonic
 * clock of Linux and macOS stands still. Only the machine's uptime counts it, and costs a system call or two, so it is asked when the wall clock
 * and the monotonic one have come apart; when uptime says no, somebody has set the wall clock, and timers do not mind.
 */
import type { TimeOfStep } from "../kernel/kernel-clock.ts";

export interface MachineTime {
  monotonicMs(): number;
  wallMs(): number;
  /** Counts while the machine is suspended; may be as coarse as seconds. */
  uptimeMs(): number;
}

/** Clocks that come apart by less are adjusted, not suspended. */
const apartMs = 2_000;

export class MachineClock {
  readonly #time: MachineTime;
  #suspendedMs = 0;
  /** The monotonic clock when it was read last, which does not count suspends. */
  readMs = 0;
  /** The wall clock's lead over the monotonic one, and uptime's, when they were last looked at. */
  #wallLead: number;
  #uptimeLead: number;

  constructor(time: MachineTime) {
    this.#time = time;
    const monotonicMs = time.monotonicMs();
    this.#wallLead = time.wallMs() - monotonicMs;
    this.#uptimeLead = time.uptimeMs() - monotonicMs;
  }

  now(): TimeOfStep {
    const monotonicMs = this.#time.monotonicMs();
    const wallMs = this.#time.wallMs();
    this.readMs = monotonicMs;
    const lead = wallMs - monotonicMs;
    if (Math.abs(lead - this.#wallLead) > apartMs) {
      this.#wallLead = lead;
      this.#countSuspend(monotonicMs);
    }
    return { monotonicMs: monotonicMs + this.#suspendedMs, wallMs };
  }

  #countSuspend(monotonicMs: number): void {
    const uptimeLead = this.#time.uptimeMs() - monotonicMs;
    const suspendedMs = uptimeLead - this.#uptimeLead;
    if (suspendedMs < apartMs / 2) return;
    // The coarser clock may say a little too much: a timer must not be early.
    this.#suspendedMs += suspendedMs - apartMs / 2;
    this.#uptimeLead = uptimeLead;
  }
}
