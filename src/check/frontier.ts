/** States that wait to be expanded, first in, first out, with their numbers: rows of integers in pieces, so that growing copies nothing. */
import { assert } from "../base/assert.ts";

const rowsPerPiece = 4096;

export class Frontier {
  readonly #width: number;
  readonly #pieces: Int32Array[] = [];
  readonly #spare: Int32Array[] = [];
  #first = 0;
  #end = 0;

  /** `width`: integers of a state. */
  constructor(width: number) {
    this.#width = width + 1;
  }

  get length(): number {
    return this.#end - this.#first;
  }

  /** Keeps a copy of the state at `from` of `rows`, and answers it as a view that is valid until it is taken out. */
  push(rows: Int32Array, from: number, number: number): Int32Array {
    const row = this.#end % rowsPerPiece;
    if (row === 0 && this.#end / rowsPerPiece === this.#pieces.length) this.#pieces.push(this.#spare.pop() ?? new Int32Array(this.#width * rowsPerPiece));
    const piece = this.#pieces[Math.floor(this.#end / rowsPerPiece)]!;
    const at = row * this.#width;
    piece[at] = number;
    for (let i = 1; i < this.#width; i++) piece[at + i] = rows[from + i - 1]!;
    this.#end++;
    return piece.subarray(at + 1, at + this.#width);
  }

  /** Takes the newest out again. */
  pop(): void {
    assert(this.length > 0, "there is a newest");
    this.#end--;
  }

  /** Copies the oldest into `state`; answers its number. */
  shift(state: Int32Array): number {
    assert(this.length > 0, "there is an oldest");
    const piece = this.#pieces[Math.floor(this.#first / rowsPerPiece)]!;
    const at = (this.#first % rowsPerPiece) * this.#width;
    for (let i = 1; i < this.#width; i++) state[i - 1] = piece[at + i]!;
    this.#first++;
    if (this.#first === this.#end) this.#first = this.#end = 0;
    else if (this.#first === rowsPerPiece) {
      this.#spare.push(this.#pieces.shift()!);
      this.#first -= rowsPerPiece;
      this.#end -= rowsPerPiece;
    }
    return piece[at]!;
  }
}
