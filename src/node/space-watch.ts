/**
 * While the log has no room to grow, requests are held back (driver.ts): here the log is asked now and then to look for room again, and
 * the operator is told when it begins and when it is over.
 */
import type { Note } from "../kernel/kernel-effect.ts";
import type { TurnLog } from "../log/turn-log.ts";

/** Each look may write a segment's worth of zeros on a disk that is full. */
const lookAgainMs = 1_000;

export class SpaceWatch {
  readonly #onNote: (note: Note) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Null until it is open; it may lack room from its first moment. */
  log: TurnLog | null = null;

  constructor(onNote: (note: Note) => void) {
    this.#onNote = onNote;
  }

  /** The log's room changed. */
  reserved(reserved: boolean): void {
    this.stop();
    if (reserved) {
      this.#onNote({ level: "info", message: "there is space for the log again; requests are taken" });
      return;
    }
    this.#timer = setInterval(() => this.log?.tryReserve(), lookAgainMs).unref();
    this.#onNote({ level: "warn", code: "MK_HELD_BACK", message: `there is no space for the log to grow (${this.log?.reserveErrorCode ?? "at the start"}); requests are held back until there is` });
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
