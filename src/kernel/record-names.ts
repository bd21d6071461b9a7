/**
 * What ran, by name, as records have it for people: the name once, then its number. A snapshot does not hold the numbers, so the records
 * behind one begin anew, as those of each life do.
 */
import type { Reader } from "../codec/reader.ts";
import type { Writer } from "../codec/writer.ts";

/** Programs have fewer methods; names of the system's turns, which may be any number, must not fill memory. */
const mostNames = 4096;

export class RecordNames {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  /** Records that are written from now on are read without those before. */
  beginAnew(): void {
    this.#numbers.clear();
    this.#names.length = 0;
  }

  write(writer: Writer, name: string): void {
    const known = this.#numbers.get(name);
    if (known !== undefined) {
      writer.uint(known + 1);
      return;
    }
    if (this.#numbers.size === mostNames) this.beginAnew();
    // 0: the next number is this name's. The first one begins anew.
    writer.uint(0);
    writer.uint(this.#numbers.size);
    writer.string(name);
    this.#numbers.set(name, this.#numbers.size);
  }

  read(reader: Reader): string {
    const known = reader.uint();
    if (known > 0) return this.#names[known - 1] ?? reader.fail("the name of what ran is not known");
    const number = reader.uint();
    const name = reader.string();
    if (number === 0) this.#names.length = 0;
    if (number !== this.#names.length) reader.fail("names of what ran are not in order");
    this.#names.push(name);
    return name;
  }
}
