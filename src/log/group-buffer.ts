/**
 * The group that fills while another is in flight: room for the frame's header, then one entry for each append, in the
 * form they have on disk. The buffer is written synchronously and so is free again when the write returns; there is only
 * one.
 */
import { assert } from "../base/assert.ts";
import { Writer } from "../codec/writer.ts";
import { frameHeaderBytes } from "./group-format.ts";

const usualBytes = 256 * 1024;
/** A buffer that one large group has made larger than this is not kept. */
const keptBytes = 8 * 1024 * 1024;

export class GroupBuffer {
  #writer = new Writer(usualBytes);
  #entries = 0;
  /** The turn before the first entry. */
  #baseTurn: number;
  #lastTurn: number;

  constructor(lastTurn: number) {
    this.#baseTurn = lastTurn;
    this.#lastTurn = lastTurn;
    this.#writer.length = frameHeaderBytes;
  }

  get entries(): number {
    return this.#entries;
  }

  get baseTurn(): number {
    return this.#baseTurn;
  }

  get lastTurn(): number {
    return this.#lastTurn;
  }

  /** Header and entries. */
  get frameBytes(): number {
    return this.#writer.length;
  }

  /** The buffer, valid in [0, frameBytes) until the next add. */
  get bytes(): Uint8Array {
    return this.#writer.bytes;
  }

  add(records: Uint8Array, lastTurn: number): void {
    assert(lastTurn >= this.#lastTurn, "turns are appended in order");
    const writer = this.#writer;
    writer.uint(records.length);
    writer.uint(lastTurn - this.#lastTurn);
    writer.raw(records);
    this.#lastTurn = lastTurn;
    this.#entries++;
  }

  /** Empties the buffer; the next entry follows the last turn. */
  reset(): void {
    if (this.#writer.bytes.length > keptBytes) this.#writer = new Writer(usualBytes);
    this.#writer.length = frameHeaderBytes;
    this.#entries = 0;
    this.#baseTurn = this.#lastTurn;
  }
}
