/**
 * When which peer is dialled: again at a constant interval while it cannot be reached, more slowly after a refusal, and not while both
 * sides rest, having nothing to say. All dials together have a bound, however many peers are away. Opens nothing: the driver does.
 */
import type { KernelEffect, Note } from "./kernel-effect.ts";

export interface Failing {
  readonly count: number;
  /** Node time of the first of them, ms. */
  readonly sinceMs: number;
  readonly reason: string;
}

/** Again at once, and then at this constant interval: a peer that is back must not wait for a back-off that grew. */
const redialDelayMs = 25;
/** Of the interval, for each peer that cannot be reached: with many of them, 500 dials a second in all. */
const delayPerPeerMs = 2;
/** After a greeting that was refused: trying sooner would only fill the log. */
const refusedDelayMs = 1000;
/** Dials of a peer that failed in a row before it is said. */
const notedFailures = 40;

export class Dialling {
  readonly #dials: ReadonlySet<string>;
  readonly #emit: (effect: KernelEffect) => void;
  readonly #note: (note: Note) => void;
  readonly #failures = new Map<string, Failing>();
  readonly #resting: Set<string>;

  /** `restsFirst`: as if it had met all of them before, and none had anything to say. */
  constructor(dials: ReadonlySet<string>, restsFirst: boolean, emit: (effect: KernelEffect) => void, note: (note: Note) => void) {
    this.#dials = dials;
    this.#resting = new Set(restsFirst ? dials : []);
    this.#emit = emit;
    this.#note = note;
  }

  canDial(peer: string): boolean {
    return this.#dials.has(peer);
  }

  /** The connection is gone, or none came about. `hasBusiness`: something waits for the peer. */
  again(peer: string, isRefused: boolean, hasBusiness: boolean): void {
    if (!this.#dials.has(peer)) return;
    if (this.#resting.has(peer)) {
      if (!hasBusiness) return;
      this.#resting.delete(peer);
    }
    const delayMs = Math.max(isRefused ? refusedDelayMs : redialDelayMs, this.#failures.size * delayPerPeerMs);
    this.#emit({ kind: "dial", peer, delayMs });
  }

  failed(peer: string, reason: string, nowMs: number): void {
    const { count, sinceMs } = this.#failures.get(peer) ?? { count: 0, sinceMs: nowMs };
    this.#failures.set(peer, { count: count + 1, sinceMs, reason });
    if (count + 1 === notedFailures) this.#note({ level: "warn", message: `${peer} cannot be reached: ${reason}` });
  }

  /** Dials that failed since the last session with the peer. */
  failing(peer: string): Failing | undefined {
    return this.#failures.get(peer);
  }

  isResting(peer: string): boolean {
    return this.#resting.has(peer);
  }

  /** A session stands. */
  met(peer: string): void {
    this.#failures.delete(peer);
    this.#resting.delete(peer);
  }

  /** Neither side has anything to say, and either can dial the other. */
  rest(peer: string): void {
    this.#resting.add(peer);
  }

  /** Something waits for the peer, and there is no connection to it. */
  wake(peer: string): void {
    if (this.#resting.delete(peer)) this.#emit({ kind: "dial", peer, delayMs: 0 });
  }
}
