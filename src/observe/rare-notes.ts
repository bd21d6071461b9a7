/**
 * Notes about what strangers do: at most one in ten seconds, with how many were left out, so that nobody can fill the log by
 * knocking. Carries no invariant.
 */
import type { Note } from "../kernel/kernel-effect.ts";

const pauseMs = 10_000;

export function rareNotes(onNote: (note: Note) => void, nowMs: () => number): (note: Note) => void {
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
