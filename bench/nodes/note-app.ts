/** An app with little state, for `maceken run`, as a user would write it. */
import { app, Service, type Messages } from "maceken";

class Note {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

class Notes extends Service {
  static readonly messages: Messages<Notes> = { fill: true, size: true };
  readonly notes = new Map<string, Note>();

  fill(count: number): void {
    for (let i = 0; i < count; i++) this.notes.set(`note ${i}`, new Note(`text ${i}`));
  }

  size(): number {
    return this.notes.size;
  }
}

export default app({ version: 1 }).service("notes", () => new Notes());
