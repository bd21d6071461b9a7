/**
 * The records that were appended and are not durable yet, by their bytes: while a sync takes long, turns stop before memory is full of
 * them. Ordinary syncs take less than a millisecond and never come near.
 */
import { Queue } from "../base/queue.ts";

export class UnsyncedRecords {
  readonly #maxBytes: number;
  readonly #appends = new Queue<{ readonly turn: number; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** No turn runs until some of it is durable. */
  get isFull(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  appended(turn: number, bytes: number): void {
    this.#appends.push({ turn, bytes });
    this.#bytes += bytes;
  }

  becameDurable(turn: number): void {
    for (let oldest = this.#appends.peek(); oldest !== undefined && oldest.turn <= turn; oldest = this.#appends.peek()) {
      this.#appends.shift();
      this.#bytes -= oldest.bytes;
    }
  }
}
