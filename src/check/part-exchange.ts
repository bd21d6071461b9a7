/**
 * What the cores of a search give each other: states that belong to another part, in memory that both see, one buffer for each direction.
 * A buffer is filled by its sender in one half of a round and read by its receiver in the other (core-rounds.ts); what does not fit waits
 * for the next. Order is kept.
 */
import { mostPacked, pack, unpack } from "./packed-state.ts";
import type { OtherParts } from "./state-layers.ts";

/** Integers of a buffer. */
const bufferLength = 1 << 20;
/** Of a state: fingerprint, parent, action, word. */
const headLength = 5;

/** What threads are given of it: by sender, by receiver. */
export type ExchangeMemory = readonly (readonly SharedArrayBuffer[])[];

export interface Received {
  readonly low: number;
  readonly high: number;
  readonly parent: number;
  readonly action: number;
  readonly word: number;
}

export class PartExchange implements OtherParts {
  readonly #part: number;
  readonly #parts: number;
  readonly #width: number;
  /** Of a state. */
  readonly #most: number;
  /** To each other part: the number of integers, and then the states. */
  readonly #outgoing: readonly Int32Array[];
  readonly #incoming: readonly Int32Array[];
  /** To each other part, what waits for its buffer: whole states, in pieces that fit into it. The last piece is being filled. */
  readonly #waiting: readonly { pieces: Int32Array[]; filled: number[] }[];
  readonly #spare: Int32Array[] = [];

  constructor(memory: ExchangeMemory, part: number, width: number) {
    this.#part = part;
    this.#parts = memory.length;
    this.#width = width;
    this.#most = headLength + mostPacked(width);
    this.#outgoing = memory[part]!.map((buffer) => new Int32Array(buffer));
    this.#incoming = memory.map((buffers) => new Int32Array(buffers[part]!));
    this.#waiting = memory.map(() => ({ pieces: [], filled: [] }));
  }

  static memory(parts: number): ExchangeMemory {
    return Array.from({ length: parts }, (_, from) => Array.from({ length: parts }, (_, to) => new SharedArrayBuffer(from === to ? 4 : bufferLength * Int32Array.BYTES_PER_ELEMENT)));
  }

  /** By other bits than those that say where in a part's table it belongs. */
  isElsewhere(low: number, _high: number): boolean {
    return (low >>> 0) % this.#parts !== this.#part;
  }

  send(rows: Int32Array, from: number, low: number, high: number, parent: number, action: number, word: number): void {
    const { pieces, filled } = this.#waiting[(low >>> 0) % this.#parts]!;
    if (pieces.length === 0 || filled.at(-1)! + this.#most > bufferLength - 1) {
      pieces.push(this.#spare.pop() ?? new Int32Array(bufferLength - 1));
      filled.push(0);
    }
    const piece = pieces.at(-1)!;
    const at = filled.at(-1)!;
    piece[at] = low;
    piece[at + 1] = high;
    piece[at + 2] = parent;
    piece[at + 3] = action;
    piece[at + 4] = word;
    filled[filled.length - 1] = pack(rows, from, this.#width, piece, at + headLength);
  }

  /** Fills the buffers. Answers whether anything still waits. */
  flush(): boolean {
    let waits = false;
    for (let to = 0; to < this.#parts; to++) {
      if (to === this.#part) continue;
      const { pieces, filled } = this.#waiting[to]!;
      const piece = pieces.shift();
      const length = filled.shift() ?? 0;
      const buffer = this.#outgoing[to]!;
      buffer[0] = length;
      if (piece !== undefined) {
        buffer.set(piece.subarray(0, length), 1);
        this.#spare.push(piece);
      }
      waits ||= pieces.length > 0;
    }
    return waits;
  }

  /** Every state that came in, of one sender after the other; `state` is the same array each time. */
  receive(take: (state: Int32Array, received: Received, from: number) => void): void {
    const state = new Int32Array(this.#width);
    for (let from = 0; from < this.#parts; from++) {
      if (from === this.#part) continue;
      const buffer = this.#incoming[from]!;
      const end = buffer[0]! + 1;
      for (let at = 1; at < end; ) {
        const received = { low: buffer[at]!, high: buffer[at + 1]!, parent: buffer[at + 2]!, action: buffer[at + 3]!, word: buffer[at + 4]! };
        at = unpack(buffer, at + headLength, state);
        take(state, received, from);
      }
    }
  }
}
