/**
 * Virtual time: what is to happen, and that it happens in order. True time, in ms since the world began; what a node's clocks say of it is
 * simulated-clock.ts. Also what everybody in a world needs: its choices, its hash, and who writes down what happens.
 */
import type { ChoiceSource } from "./choices.ts";
import { EventQueue, type EventOwner, type WorldEvent } from "./event-queue.ts";
import { TraceHash } from "./trace-hash.ts";

export interface TraceLine {
  /** Since the world began. */
  readonly atMs: number;
  /** Empty for what happens to no node in particular. */
  readonly node: string;
  readonly what: string;
}

export class Timeline {
  nowMs = 0;
  events = 0;
  readonly choices: ChoiceSource;
  readonly hash = new TraceHash();
  /** Undefined when nobody reads it: then no line is made. */
  readonly trace: ((line: TraceLine) => void) | undefined;
  readonly #queue = new EventQueue();

  constructor(choices: ChoiceSource, trace?: (line: TraceLine) => void) {
    this.choices = choices;
    this.trace = trace;
  }

  note(node: string, what: string): void {
    this.trace?.({ atMs: this.nowMs, node, what });
  }

  after(delayMs: number, process: EventOwner | undefined, action: () => void): WorldEvent {
    return this.#queue.add(this.nowMs + Math.max(0, delayMs), process, action);
  }

  get nextAtMs(): number {
    return this.#queue.nextAtMs;
  }

  /** Performs the next event that is due by then; false when there is none, and it is then. */
  step(untilMs: number): boolean {
    const queue = this.#queue;
    for (;;) {
      if (queue.nextAtMs > untilMs) {
        this.nowMs = untilMs;
        return false;
      }
      const event = queue.take();
      if (event === undefined) return false;
      const { process } = event;
      if (event.cancelled || process?.isDead === true) continue;
      if (process !== undefined && process.busyUntilMs > event.atMs) {
        queue.postpone(event, process.busyUntilMs);
        continue;
      }
      this.nowMs = event.atMs;
      this.events++;
      this.hash.number(event.atMs);
      event.action();
      return true;
    }
  }
}
