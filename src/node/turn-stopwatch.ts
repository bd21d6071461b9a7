/**
 * How long turns take: warns of slow ones by name (MK_TURN_SLOW) and keeps the watchdog informed. One reading of the clock a turn: a
 * turn begins when the one before ended, or the step did. Ends nothing itself: that is watchdog.ts, from its own thread. Carries no
 * invariant.
 */
import type { Note } from "../kernel/kernel-effect.ts";
import { rareNotes } from "../observe/rare-notes.ts";
import type { TurnWatch } from "../turn/turn-watch.ts";
import type { Watchdog } from "./watchdog.ts";

const pauseMs = 1_000;
/** Handlers whose last warning is remembered; beyond, all may warn again. */
const maxRemembered = 1_000;

export interface StopwatchOptions {
  /** 0 warns of none. */
  readonly slowTurnMs: number;
  /** Undefined when no turn is too long. */
  readonly watchdog: Watchdog | undefined;
  onNote(note: Note): void;
}

export class TurnStopwatch implements TurnWatch {
  /** Turns that took longer than slowTurnMs. */
  slowTurns = 0;
  readonly #options: StopwatchOptions;
  readonly #slowTurnMs: number;
  readonly #watchdog: Watchdog | undefined;
  readonly #notes = new Map<string, (note: Note) => void>();
  #running = false;
  #sinceMs = 0;
  #service = "";
  #method = "";

  constructor(options: StopwatchOptions) {
    this.#options = options;
    this.#slowTurnMs = options.slowTurnMs === 0 ? Infinity : options.slowTurnMs;
    this.#watchdog = options.watchdog;
  }

  /** A step of the kernel begins, and with it its first turn. */
  stepBegins(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  begins(service: string, method: string): void {
    this.#running = true;
    this.#service = service;
    this.#method = method;
    // Turns of recovery come before the first step.
    if (this.#sinceMs === 0) this.#sinceMs = performance.now();
    this.#watchdog?.begins(service, method);
  }

  ends(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#watchdog?.ends();
    const nowMs = performance.now();
    const tookMs = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    if (tookMs > this.#slowTurnMs) this.#wasSlow(tookMs);
  }

  #wasSlow(tookMs: number): void {
    this.slowTurns++;
    const handler = `${this.#service}.${this.#method}`;
    let note = this.#notes.get(handler);
    if (note === undefined) {
      if (this.#notes.size >= maxRemembered) this.#notes.clear();
      note = rareNotes((rare) => this.#options.onNote(rare), { pauseMs });
      this.#notes.set(handler, note);
    }
    // A turn is still on the stack, and whoever is told may do as they like.
    const ms = Math.round(tookMs);
    setImmediate(note, { level: "warn", code: "MK_TURN_SLOW", message: `${handler} ran ${ms} ms; nothing else ran meanwhile`, fields: { handler, ms } });
  }
}
