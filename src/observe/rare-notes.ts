/**
 * Notes that might come in floods: the first at once, then at most one in a while, with how many were left out, so that nobody can
 * fill the log by knocking. The last of a flood is told too, at the end of its pause. While it goes on the pauses double, up to a bound.
 * Carries no invariant.
 */
import type { Note } from "../kernel/kernel-effect.ts";

export interface RareNotesOptions {
  /** Default 10 s. */
  readonly pauseMs?: number;
  /** Default: as the first. */
  readonly longestPauseMs?: number;
  /** Does something after so many ms; default: a timer that keeps no process alive. */
  readonly later?: (action: () => void, afterMs: number) => unknown;
}

export function rareNotes(onNote: (note: Note) => void, options: RareNotesOptions = {}): (note: Note) => void {
  const { pauseMs = 10_000, longestPauseMs = pauseMs, later = (action, afterMs) => setTimeout(action, afterMs).unref() } = options;
  let isPause = false;
  let lengthMs = pauseMs;
  let leftOut = 0;
  let last: Note | undefined;
  const pause = (): void => {
    isPause = true;
    later(end, lengthMs);
  };
  const end = (): void => {
    isPause = false;
    const note = last;
    if (note === undefined) {
      lengthMs = pauseMs;
      return;
    }
    onNote(leftOut === 1 ? note : { ...note, message: `${note.message} (and ${leftOut - 1} more such ${leftOut === 2 ? "note" : "notes"} in ${Math.round(lengthMs / 100) / 10} s)` });
    last = undefined;
    leftOut = 0;
    lengthMs = Math.min(lengthMs * 2, longestPauseMs);
    pause();
  };
  return (note) => {
    if (isPause) {
      leftOut++;
      last = note;
      return;
    }
    onNote(note);
    pause();
  };
}
