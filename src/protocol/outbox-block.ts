/**
 * A run of consecutive messages as the bytes of one block, for what waits outside memory: written once, read from its front. Does not
 * know where blocks are kept; that they come back as they were is checked there (log/outbox-blocks.ts).
 */
import { assert } from "../base/assert.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";

/** A block that is kept outside: its messages are `first` to `last`. */
export interface StoredBlock {
  readonly block: number;
  readonly first: number;
  readonly last: number;
  /** Of the payloads that were not acknowledged when it was written. */
  readonly payloadBytes: number;
}

export function encodeBlock(first: number, payloads: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer(64 * 1024);
  writer.uint(first);
  writer.uint(payloads.length);
  for (const payload of payloads) writer.blob(payload);
  return writer.view();
}

/** A block that was read back. Made for reading its messages one after another. */
export class LoadedBlock {
  readonly stored: StoredBlock;
  readonly #bytes: Uint8Array;
  #reader: Reader;
  /** The message that the reader stands before. */
  #next: number;

  constructor(stored: StoredBlock, bytes: Uint8Array) {
    this.stored = stored;
    this.#bytes = bytes;
    this.#reader = this.#fromFront();
    this.#next = stored.first;
  }

  #fromFront(): Reader {
    const { first, last } = this.stored;
    const reader = new Reader(this.#bytes);
    const isOurs = reader.uint() === first && reader.uint() === last - first + 1;
    assert(isOurs, "a block holds the messages it was written for (K6)");
    return reader;
  }

  /** The payload of a message; a view. */
  payloadOf(number: number): Uint8Array {
    assert(number >= this.stored.first && number <= this.stored.last, "the message is in this block");
    if (number < this.#next) {
      this.#reader = this.#fromFront();
      this.#next = this.stored.first;
    }
    while (this.#next < number) this.#step();
    return this.#step();
  }

  #step(): Uint8Array {
    this.#next++;
    return this.#reader.blob();
  }
}
