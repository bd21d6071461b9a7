/**
 * Notes that might come in floods: at most one in a while, ten seconds unless told, with how many were left out, so that nobody can
 * fill the log by knocking. Carries no invariant.
 */
import type { Note } from "../kernel/kernel-effect.ts";

export function rareNotes(onNote: (note: Note) => void, nowMs: () => number, pauseMs = 10_000): (note: Note) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return (note) => {
    const now = nowMs();
    if (now - saidAt < pauseMs) {
      leftOut++;
      return;
    }
    saidAt = now;
    onNote(leftOut === 0 ? note : { ...note, message: `${note.message} (and ${leftOut} more since the last such note)` });
    leftOut = 0;
  };
}
