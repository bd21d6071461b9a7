/** States that wait to be expanded, first in, first out, with their numbers and fingerprints: packed, in pieces, so that growing copies nothing. */
import { assert } from "../base/assert.ts";
import { mostPacked, pack, unpack } from "./packed-state.ts";

const pieceLength = 1 << 16;
/** Of a state: its number, the two halves of its fingerprint. */
const headLength = 3;

export class Frontier {
  length = 0;
  /** Fingerprint of the state that was taken out last. */
  low = 0;
  high = 0;
  readonly #width: number;
  /** The most that a state takes. */
  readonly #most: number;
  /** Some are left unfilled at their end. */
  readonly #pieces: Int32Array[] = [];
  readonly #spare: Int32Array[] = [];
  readonly #filled: number[] = [];
  /** Where the oldest begins, in the first piece. */
  #first = 0;
  /** Where the newest ends, in the last. */
  #end = 0;

  /** `width`: integers of a state. */
  constructor(width: number) {
    this.#width = width;
    this.#most = headLength + mostPacked(width);
  }

  get byteLength(): number {
    return (this.#pieces.length + this.#spare.length) * this.#pieceLength * Int32Array.BYTES_PER_ELEMENT;
  }

  get #pieceLength(): number {
    return Math.max(pieceLength, this.#most);
  }

  /** Keeps a copy of the state at `from` of `rows`. */
  push(rows: Int32Array, from: number, number: number, low: number, high: number): void {
    if (this.#pieces.length === 0 || this.#end + this.#most > this.#pieceLength) {
      if (this.#pieces.length > 0) this.#filled.push(this.#end);
      this.#pieces.push(this.#spare.pop() ?? new Int32Array(this.#pieceLength));
      this.#end = 0;
    }
    const piece = this.#pieces.at(-1)!;
    const at = this.#end;
    piece[at] = number;
    piece[at + 1] = low;
    piece[at + 2] = high;
    this.#end = pack(rows, from, this.#width, piece, at + headLength);
    this.length++;
  }

  /** Copies the oldest into `state`, and its fingerprint into `low` and `high`; answers its number. */
  shift(state: Int32Array): number {
    assert(this.length > 0, "there is an oldest");
    if (this.#first === this.#filled[0]) {
      this.#spare.push(this.#pieces.shift()!);
      this.#filled.shift();
      this.#first = 0;
    }
    const piece = this.#pieces[0]!;
    const at = this.#first;
    this.low = piece[at + 1]!;
    this.high = piece[at + 2]!;
    this.#first = unpack(piece, at + headLength, state);
    this.length--;
    if (this.length === 0 && this.#pieces.length === 1) this.#first = this.#end = 0;
    return piece[at]!;
  }
}
