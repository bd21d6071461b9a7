/**
 * By which way each state of a breadth-first search was found: from which state, by which of its actions. That is enough to walk the way
 * again (TLC keeps traces so). Who finds comes in the order of its number, so of the numbers only the gaps are kept, in unary, at
 * most two bits a state, as in level-order trees (Jacobson 1989); with a byte for the action that is 1.3 bytes.
 */
import { assert } from "../base/assert.ts";

const pieceLength = 1 << 12;
/** So many ways are counted through at most to find one. */
const mark = 1 << 10;
/** Actions from this on are kept apart. */
const manyActions = 0xff;

/** Where a search notes them. */
export interface Ways {
  readonly byteLength: number;
  /** The number of a way from `parent`, -1 for the beginning. */
  note(parent: number, action: number): number;
}

export class FoundWays implements Ways {
  count = 0;
  /** Of each way, the gap to the parent before as so many zeros, and a one. */
  readonly #bits: Uint32Array[] = [];
  #bitCount = 0;
  readonly #actions: Uint8Array[] = [];
  readonly #largeActions = new Map<number, number>();
  /** By every `mark`th way, the bit of its one. */
  readonly #marks: number[] = [];
  #lastParent = -1;

  get byteLength(): number {
    return this.#bits.length * pieceLength * Uint32Array.BYTES_PER_ELEMENT + this.#actions.length * pieceLength;
  }

  /** The number of a way from `parent`, -1 for the beginning, which is no smaller than the one before. */
  note(parent: number, action: number): number {
    assert(parent >= this.#lastParent, "states are expanded in the order of their numbers");
    const number = this.count++;
    this.#bitCount += parent - this.#lastParent;
    this.#lastParent = parent;
    const bit = this.#bitCount++;
    const word = bit >>> 5;
    // A gap may be longer than a piece.
    while (this.#bits.length * pieceLength <= word) this.#bits.push(new Uint32Array(pieceLength));
    this.#bits[Math.floor(word / pieceLength)]![word % pieceLength]! |= 1 << (bit & 31);
    if (number % mark === 0) this.#marks.push(bit);
    const at = number % pieceLength;
    if (at === 0) this.#actions.push(new Uint8Array(pieceLength));
    this.#actions[Math.floor(number / pieceLength)]![at] = Math.min(action, manyActions);
    if (action >= manyActions) this.#largeActions.set(number, action);
    return number;
  }

  parentOf(number: number): number {
    let bit = this.#marks[Math.floor(number / mark)]!;
    for (let left = number % mark; left > 0; left--) do bit++; while (!this.#isOne(bit));
    // Before it there are the ones of the earlier ways, and a zero for each parent from -1 up to its own.
    return bit - number - 1;
  }

  #isOne(bit: number): boolean {
    const word = bit >>> 5;
    return (this.#bits[Math.floor(word / pieceLength)]![word % pieceLength]! & (1 << (bit & 31))) !== 0;
  }

  actionOf(number: number): number {
    const action = this.#actions[Math.floor(number / pieceLength)]![number % pieceLength]!;
    return action < manyActions ? action : this.#largeActions.get(number)!;
  }
}
