/**
 * Notes about connections: each says which address is at the other end, and those of strangers come rarely, each kind by itself, so that
 * a port scanner hides nothing. Decides nothing about a connection.
 */
import { errorCodes } from "../base/error-codes.ts";
import type { Note } from "../kernel/kernel-effect.ts";
import { rareNotes } from "../observe/rare-notes.ts";

const longestPauseMs = 10 * 60_000;

interface Fields {
  readonly peer?: string;
  readonly connection?: number;
}

export class ConnectionNotes {
  readonly #onNote: (note: Note) => void;
  readonly #addressOf: (connection: number) => string | undefined;
  /** By code, of which there are few. */
  readonly #rare = new Map<string, (note: Note) => void>();

  constructor(onNote: (note: Note) => void, addressOf: (connection: number) => string | undefined) {
    this.#onNote = onNote;
    this.#addressOf = addressOf;
  }

  /** Any note of the kernel's. */
  note(note: Note): void {
    const { connection, ...fields } = (note.fields ?? {}) as Fields;
    if (connection === undefined) return this.#onNote(note);
    const told = { ...note, fields: { ...fields, address: this.#addressOf(connection) } };
    if (fields.peer === undefined) this.stranger(told);
    else this.#onNote(told);
  }

  stranger(note: Note): void {
    // A stranger may say any code.
    const kind = Object.hasOwn(errorCodes, note.code ?? "") ? note.code! : "";
    let rare = this.#rare.get(kind);
    if (rare === undefined) this.#rare.set(kind, (rare = rareNotes(this.#onNote, { longestPauseMs })));
    rare(note);
  }
}
