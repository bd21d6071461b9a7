/**
 * The states that a search has seen: 64 bits of each (Stern and Dill 1995 for fingerprints in place of states) in open-addressed tables,
 * and beside them by which way each was found. A state takes 10 to 12 bytes, or 15 to 18 where its number or a word is kept with it.
 * There are many tables, by the first bits. They grow by little, and one at a time: what is copied meanwhile is one of many.
 */
import { FoundWays, type Ways } from "./found-ways.ts";

const shardBits = 8;
/** The bits of a fingerprint's upper half that say where in its shard it belongs. */
const placeBits = 32 - shardBits;
const firstCapacity = 16;
const fullestShare = 0.85;
const growth = 1.15;
/** Slots behind those where fingerprints belong, for those that are pushed on. One stays empty. */
const slack = 8;

/** A part of the table: fingerprints in their order, each as near as that allows to where it belongs (Amble and Knuth 1974). */
class Shard {
  count = 0;
  capacity = firstCapacity;
  /** (low, high) of each, and a third integer where one is kept. High is 0 in an empty slot. */
  slots: Int32Array;

  constructor(slotWidth: number) {
    this.slots = new Int32Array((firstCapacity + slack) * slotWidth);
  }
}

export class VisitedStates<W extends Ways = FoundWays> {
  count = 0;
  readonly ways: W;
  readonly #slotWidth: number;
  readonly #keepsNumbers: boolean;
  readonly #shards: readonly Shard[];
  /** Where the state is that was found last, until another comes in. */
  #slots: Int32Array;
  #at = 0;

  /** `keeps`: also the number of each state, or a word for each. */
  constructor(ways: W, keeps?: "numbers" | "words") {
    this.ways = ways;
    this.#keepsNumbers = keeps === "numbers";
    this.#slotWidth = keeps === undefined ? 2 : 3;
    this.#shards = Array.from({ length: 1 << shardBits }, () => new Shard(this.#slotWidth));
    this.#slots = this.#shards[0]!.slots;
  }

  /** Of one state, all tables together, with what is empty in them. */
  get bytesPerState(): number {
    return (this.#shards.reduce((sum, { slots }) => sum + slots.byteLength, 0) + this.ways.byteLength) / Math.max(1, this.count);
  }

  /** The number of a state that was not there before, which came from `parent` by its action of that number; -1 when it was there. */
  add(low: number, high: number, parent: number, action: number, word = 0): number {
    // What would look like an empty slot gives its place to its neighbour.
    if (high === 0) high = 1;
    const shard = this.#shards[high >>> placeBits]!;
    if (this.#find(shard, low, high)) return -1;
    const number = this.ways.note(parent, action);
    this.count++;
    this.#insert(shard, low, high, this.#keepsNumbers ? number : word);
    return number;
  }

  /** The number of a state that is there. */
  numberOf(low: number, high: number): number {
    return this.wordOf(low, high);
  }

  /** Finds the word of a state that is there. */
  wordOf(low: number, high: number): number {
    this.has(low, high);
    return this.word;
  }

  /** Of the state that `add` found to be there, or `wordOf`. */
  get word(): number {
    return this.#slots[this.#at + 2]!;
  }

  set word(word: number) {
    this.#slots[this.#at + 2] = word;
  }

  has(low: number, high: number): boolean {
    if (high === 0) high = 1;
    return this.#find(this.#shards[high >>> placeBits]!, low, high);
  }

  /** Finds the fingerprint, or the slot where it has to go: then false. */
  #find({ slots, capacity }: Shard, low: number, high: number): boolean {
    const width = this.#slotWidth;
    let at = placeOf(high, capacity) * width;
    let there = slots[at + 1]!;
    // All of a shard have one sign.
    while (there !== 0 && (there < high || (there === high && slots[at]! < low))) {
      at += width;
      there = slots[at + 1]!;
    }
    this.#slots = slots;
    this.#at = at;
    return there === high && slots[at] === low;
  }

  /** At the slot that was found. Those behind it move on, up to the next that is empty. */
  #insert(shard: Shard, low: number, high: number, third: number): void {
    const { slots } = shard;
    const width = this.#slotWidth;
    let at = this.#at;
    for (;;) {
      const [lowThere, highThere] = [slots[at]!, slots[at + 1]!];
      slots[at] = low;
      slots[at + 1] = high;
      if (width === 3) {
        const thirdThere = slots[at + 2]!;
        slots[at + 2] = third;
        third = thirdThere;
      }
      at += width;
      if (highThere === 0) break;
      low = lowThere;
      high = highThere;
    }
    if (++shard.count > shard.capacity * fullestShare || at === slots.length) this.#grow(shard);
  }

  /** In order, so both tables are walked from one end to the other. */
  #grow(shard: Shard): void {
    const before = shard.slots;
    const width = this.#slotWidth;
    let after: Int32Array;
    let capacity = shard.capacity;
    let end: number;
    do {
      capacity = Math.ceil(capacity * growth);
      after = new Int32Array((capacity + slack) * width);
      end = 0;
      for (let from = 0; from < before.length; from += width) {
        const high = before[from + 1]!;
        if (high === 0) continue;
        const at = Math.max(placeOf(high, capacity) * width, end);
        after[at] = before[from]!;
        after[at + 1] = high;
        if (width === 3) after[at + 2] = before[from + 2]!;
        end = at + width;
      }
    } while (end >= after.length);
    shard.slots = after;
    shard.capacity = capacity;
  }
}

/** Of all fingerprints in their order, evenly: no power of two is needed, so a shard can grow by less than twofold. */
function placeOf(high: number, capacity: number): number {
  return ((high & ((1 << placeBits) - 1)) * capacity * 2 ** -placeBits) | 0;
}
