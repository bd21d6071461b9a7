/**
 * What waits to become a turn, in lanes: one for each peer's channel, one each for timers, messages to itself, deferred
 * messages, outside requests and system turns. Lanes that have something take turns one by one, so a flood in one does not
 * starve the others; but what was deferred goes first, so that nothing of the same method overtakes it. A lane whose head failed is paused until its retry; only that lane waits.
 */
import { Queue } from "../base/queue.ts";
import type { TurnInput } from "../turn/turn-input.ts";

export interface Lane {
  readonly name: string;
  /** Cheap, and may be false although `peek` then finds nothing that can run. */
  isEmpty(): boolean;
  /** The input at the head, kept there until `take`; undefined when there is none that can run now. */
  peek(): TurnInput | undefined;
  take(): void;
  /** A failed input of this lane is tried again before it is parked. */
  readonly retries: boolean;
  /** Before all others: at most one lane does. */
  readonly goesFirst: boolean;
  /** How often the head has failed. */
  attempts: number;
  /** Node time until which the lane waits; 0 when it does not. */
  pausedUntil: number;
  /** Stands in the ready queue. */
  queued: boolean;
}

export function makeLane(name: string, retries: boolean, head: Pick<Lane, "isEmpty" | "peek" | "take">, goesFirst = false): Lane {
  return { name, ...head, retries, goesFirst, attempts: 0, pausedUntil: 0, queued: false };
}

export class Lanes {
  readonly #ready = new Queue<Lane>();
  #first: Lane | undefined;
  readonly #paused = new Set<Lane>();

  /** The lane may have something now. */
  wake(lane: Lane): void {
    if (lane.queued || lane.pausedUntil !== 0) return;
    lane.queued = true;
    if (lane.goesFirst) this.#first = lane;
    else this.#ready.push(lane);
  }

  /** The next lane with an input, moved to the back of the queue by `done`. */
  next(): { readonly lane: Lane; readonly input: TurnInput } | undefined {
    for (let lane = this.#nextLane(); lane !== undefined; lane = this.#nextLane()) {
      lane.queued = false;
      const input = lane.peek();
      if (input !== undefined) return { lane, input };
    }
    return undefined;
  }

  #nextLane(): Lane | undefined {
    const first = this.#first;
    if (first === undefined) return this.#ready.shift();
    this.#first = undefined;
    return first;
  }

  /** After the head has failed once more. */
  pause(lane: Lane, until: number): void {
    lane.attempts++;
    lane.pausedUntil = until;
    this.#paused.add(lane);
  }

  /** Wakes the lanes whose pause is over. */
  resume(now: number): void {
    for (const lane of this.#paused) {
      if (lane.pausedUntil > now) continue;
      lane.pausedUntil = 0;
      this.#paused.delete(lane);
      this.wake(lane);
    }
  }

  /** When the next pause is over; Infinity when no lane is paused. */
  get nextResumeAt(): number {
    let next = Infinity;
    for (const lane of this.#paused) next = Math.min(next, lane.pausedUntil);
    return next;
  }

  get hasReady(): boolean {
    return this.#first !== undefined || this.#ready.length > 0;
  }
}
