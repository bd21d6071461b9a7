/**
 * Numbers that several cores agree on: whatever one of them meets first is written into a log that all read, and is known by its place in
 * there. So a state, which is made of such numbers, is the same on each. Each keeps its own tables; what is in them is the others' too
 * once it has read the log.
 */
import { assert } from "../base/assert.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import type { SharedLog } from "./shared-log.ts";

/** The number of something that its table does not know: `find` looks there again, `write` says what it is. */
export type Name = (find: () => number | undefined, write: (writer: Writer) => void) => number;

/** Of a table: `enter` gives the next number to what one of the cores has written. Tables are made in the same order on each core. */
export type Naming = (enter: (reader: Reader) => void) => Name;

export class SharedNames {
  readonly #log: SharedLog;
  readonly #tables: ((reader: Reader) => void)[] = [];
  readonly #writer = new Writer();
  #readTo = 0;

  constructor(log: SharedLog) {
    this.#log = log;
  }

  readonly naming: Naming = (enter) => {
    const table = this.#tables.push(enter) - 1;
    return (find, write) => this.#log.locked(() => {
      this.catchUp();
      const known = find();
      if (known !== undefined) return known;
      this.#writer.reset();
      this.#writer.uint(table);
      write(this.#writer);
      this.#log.append(this.#writer.view());
      this.catchUp();
      const number = find();
      assert(number !== undefined, "what was written has a number");
      return number;
    });
  };

  /** Reads what others have written. */
  catchUp(): void {
    const end = this.#log.endBytes;
    while (this.#readTo < end) {
      const { entry, nextAt } = this.#log.read(this.#readTo);
      this.#readTo = nextAt;
      const reader = new Reader(entry);
      this.#tables[reader.uint()]!(reader);
    }
  }
}
