/**
 * By which way each state of one core's part was found, where ways come from the parts of other cores too: from each of them they come in
 * the order of their numbers there, so they are kept apart as found-ways.ts keeps them, with a byte for each that says from where.
 */
import { assert } from "../base/assert.ts";
import { FoundWays, type Ways } from "./found-ways.ts";

const pieceLength = 1 << 12;
/** So many bytes are counted through at most to find one. */
const mark = 1 << 10;

export class PartWays implements Ways {
  count = 0;
  /** The part from which the next way leads here. */
  source = 0;
  readonly #from: readonly FoundWays[];
  readonly #sources: Uint8Array[] = [];
  /** By every `mark`th way and part, how many came from there before. */
  readonly #marks: number[] = [];

  constructor(parts: number) {
    this.#from = Array.from({ length: parts }, () => new FoundWays());
  }

  get byteLength(): number {
    return this.#from.reduce((sum, { byteLength }) => sum + byteLength, this.#sources.length * pieceLength);
  }

  note(parent: number, action: number): number {
    const number = this.count++;
    if (number % mark === 0) for (const { count } of this.#from) this.#marks.push(count);
    if (number % pieceLength === 0) this.#sources.push(new Uint8Array(pieceLength));
    this.#sources.at(-1)![number % pieceLength] = this.source;
    this.#from[this.source]!.note(parent, action);
    return number;
  }

  /** The part where its parent is, the number that it has there, and its action. */
  wayTo(number: number): { readonly source: number; readonly parent: number; readonly action: number } {
    assert(number < this.count, "the state is of this part");
    const source = this.#sourceOf(number);
    const first = Math.floor(number / mark) * mark;
    let at = this.#marks[(first / mark) * this.#from.length + source]!;
    for (let before = first; before < number; before++) if (this.#sourceOf(before) === source) at++;
    const ways = this.#from[source]!;
    return { source, parent: ways.parentOf(at), action: ways.actionOf(at) };
  }

  #sourceOf(number: number): number {
    return this.#sources[Math.floor(number / pieceLength)]![number % pieceLength]!;
  }
}
