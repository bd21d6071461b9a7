/**
 * While the log has no room to grow, requests are held back (driver.ts): here the log is asked now and then to look for room again, and
 * the operator is told when it begins and when it is over.
 */
import type { Note } from "../kernel/kernel-effect.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { Scheduled, Scheduler } from "./ports.ts";

/** Each look may write a segment's worth of zeros on a disk that is full. */
const lookAgainMs = 1_000;

export class SpaceWatch {
  readonly #scheduler: Scheduler;
  readonly #onNote: (note: Note) => void;
  #timer: Scheduled | undefined;
  /** Null until it is open; it may lack room from its first moment. */
  log: TurnLog | null = null;

  constructor(scheduler: Scheduler, onNote: (note: Note) => void) {
    this.#scheduler = scheduler;
    this.#onNote = onNote;
  }

  /** The log's room changed. */
  reserved(reserved: boolean): void {
    this.stop();
    if (reserved) {
      this.#onNote({ level: "info", message: "there is space for the log again; requests are taken" });
      return;
    }
    this.#lookLater();
    this.#onNote({ level: "warn", code: "MK_HELD_BACK", message: `there is no space for the log to grow (${this.log?.reserveErrorCode ?? "at the start"}); requests are held back until there is` });
  }

  #lookLater(): void {
    this.#timer = this.#scheduler.after(lookAgainMs, () => {
      // Room may be there at once, and the timer below is then stopped.
      this.#lookLater();
      this.log?.tryReserve();
    });
  }

  stop(): void {
    this.#scheduler.cancel(this.#timer);
  }
}
