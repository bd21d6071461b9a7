/**
 * The states that a search has seen: 64 bits of each in an open-addressed table, and beside it, in the order of discovery, from which
 * state it was reached and by which of that state's actions. That is enough to walk the way again (Stern and Dill 1995 for
 * fingerprints in place of states; TLC keeps traces so). About 17 bytes a state.
 */
import { assert } from "../base/assert.ts";

const fullestShare = 0.85;
const growth = 1.5;
const firstCapacity = 1 << 12;
const pieceLength = 1 << 16;

export class VisitedStates {
  count = 0;
  #capacity = firstCapacity;
  /** Pairs (low, high); (0, 0) is an empty slot. */
  #slots = new Int32Array(firstCapacity * 2);
  /** By slot, the number of its state; undefined when nobody asks for it. */
  #numbers: Int32Array | undefined;
  /** By slot, a word for whoever searches; undefined when nobody asks for it. */
  #words: Int32Array | undefined;
  /** The slot that was found last, until the table grows. */
  #slot = 0;
  /** More than `count` when ways were noted that lead to states known before. */
  #numbersGiven = 0;
  readonly #parents: Int32Array[] = [];
  readonly #actions: Uint16Array[] = [];

  /** `keeps`: also the number of each state, or a word for each. 5 to 7 bytes more. */
  constructor(keeps?: "numbers" | "words") {
    if (keeps === "numbers") this.#numbers = new Int32Array(firstCapacity);
    if (keeps === "words") this.#words = new Int32Array(firstCapacity);
  }

  /** Of one state, all tables together. */
  get bytesPerState(): number {
    const bytes = this.#slots.byteLength + (this.#numbers?.byteLength ?? 0) + (this.#words?.byteLength ?? 0) + this.#parents.length * pieceLength * (Int32Array.BYTES_PER_ELEMENT + Uint16Array.BYTES_PER_ELEMENT);
    return bytes / Math.max(1, this.count);
  }

  /** The number of a state that was not there before, which came from `parent` by its action of that number; -1 when it was there. */
  add(low: number, high: number, parent: number, action: number, word = 0): number {
    if (!this.#insert(low, high, this.#numbersGiven, word)) return -1;
    this.count++;
    const number = this.noteWay(parent, action);
    if (this.count > this.#capacity * fullestShare) this.#grow();
    return number;
  }

  /** A number for a state as it was reached on this way, though it was known before. */
  noteWay(parent: number, action: number): number {
    const number = this.#numbersGiven++;
    const piece = number >>> 16;
    const at = number & (pieceLength - 1);
    if (at === 0) {
      this.#parents.push(new Int32Array(pieceLength));
      this.#actions.push(new Uint16Array(pieceLength));
    }
    this.#parents[piece]![at] = parent;
    assert(action < 0x10000, "a state has fewer than 65,536 successors");
    this.#actions[piece]![at] = action;
    return number;
  }

  /** The number of a state that is there. */
  numberOf(low: number, high: number): number {
    assert(this.#numbers !== undefined, "numbers are kept");
    return this.#numbers[this.#find(low, high) / 2]!;
  }

  /** Finds the word of a state that is there. */
  wordOf(low: number, high: number): number {
    this.#slot = this.#find(low, high) / 2;
    return this.word;
  }

  /** Of the state that `add` found to be there, or `wordOf`. */
  get word(): number {
    return this.#words![this.#slot]!;
  }

  set word(word: number) {
    this.#words![this.#slot] = word;
  }

  has(low: number, high: number): boolean {
    const at = this.#find(low, high);
    return this.#slots[at] !== 0 || this.#slots[at + 1] !== 0;
  }

  parentOf(number: number): number {
    return this.#parents[number >>> 16]![number & (pieceLength - 1)]!;
  }

  actionOf(number: number): number {
    return this.#actions[number >>> 16]![number & (pieceLength - 1)]!;
  }

  #insert(low: number, high: number, number: number, word: number): boolean {
    // The fingerprint that means an empty slot gives its place to its neighbour.
    if (low === 0 && high === 0) high = 1;
    const at = this.#find(low, high);
    const slots = this.#slots;
    this.#slot = at / 2;
    if (slots[at] !== 0 || slots[at + 1] !== 0) return false;
    slots[at] = low;
    slots[at + 1] = high;
    if (this.#numbers !== undefined) this.#numbers[at / 2] = number;
    if (this.#words !== undefined) this.#words[at / 2] = word;
    return true;
  }

  /** The place of the fingerprint, or the one where it would be. */
  #find(low: number, high: number): number {
    if (low === 0 && high === 0) high = 1;
    const slots = this.#slots;
    const end = this.#capacity * 2;
    // The upper half says where to begin: no power of two is needed, so the table can grow by less than twofold.
    let at = Math.floor(((high >>> 0) / 0x100000000) * this.#capacity) * 2;
    while ((slots[at] !== 0 || slots[at + 1] !== 0) && (slots[at] !== low || slots[at + 1] !== high)) {
      at += 2;
      if (at === end) at = 0;
    }
    return at;
  }

  #grow(): void {
    const before = this.#slots;
    const numbers = this.#numbers;
    const words = this.#words;
    this.#capacity = Math.ceil(this.#capacity * growth);
    this.#slots = new Int32Array(this.#capacity * 2);
    if (numbers !== undefined) this.#numbers = new Int32Array(this.#capacity);
    if (words !== undefined) this.#words = new Int32Array(this.#capacity);
    for (let at = 0; at < before.length; at += 2) if (before[at] !== 0 || before[at + 1] !== 0) this.#insert(before[at]!, before[at + 1]!, numbers?.[at / 2] ?? 0, words?.[at / 2] ?? 0);
  }
}
