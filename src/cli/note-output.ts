/**
 * Notes to stderr, in colour on a terminal. The stream is made when the first note comes: most starts have none.
 */
import { styleText } from "node:util";
import type { Note } from "../kernel/kernel-effect.ts";
import { notePrinter } from "../observe/notes.ts";

const colours = { info: "cyan", warn: "yellow", error: "red" } as const;

export function notesToStderr(json: boolean): (note: Note) => void {
  let printer: ((note: Note) => void) | undefined;
  return (note) => (printer ??= makePrinter(json))(note);
}

function makePrinter(json: boolean): (note: Note) => void {
  const { stderr } = process;
  // A closed stderr costs notes, not the node (fault 40).
  stderr.on("error", () => {});
  const coloured = !json && stderr.isTTY && stderr.hasColors();
  return notePrinter(stderr, { json, ...(coloured ? { paint: (level, text) => styleText(colours[level], text) } : {}) });
}
