/**
 * A growing byte buffer: integers, doubles, strings and bytes, written in place.
 * Lengths and offsets are in bytes. Strings keep every UTF-16 code unit, lone surrogates too:
 * one byte a unit when all units are below 256, two (little endian) otherwise, so equal strings have equal bytes.
 */
import { assert } from "../base/assert.ts";

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

export class Writer {
  bytes: Uint8Array;
  length = 0;

  constructor(capacityBytes = 1024) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  /** Forgets the content, keeps the buffer. */
  reset(): void {
    this.length = 0;
  }

  /** The content as a view: valid until the next write or reset. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** The content as a copy of its own. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  truncate(length: number): void {
    assert(length <= this.length, "truncate only shortens");
    this.length = length;
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Fixed four bytes, little endian. */
  u32(value: number): void {
    this.reserve(4);
    const { bytes, length } = this;
    bytes[length] = value;
    bytes[length + 1] = value >>> 8;
    bytes[length + 2] = value >>> 16;
    bytes[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  /** Overwrites four bytes written before: for lengths that are known only afterwards. */
  patchU32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** A non-negative safe integer, 7 bits a byte, least significant first. */
  uint(value: number): void {
    if (value < 0x80) {
      this.u8(value);
      return;
    }
    this.reserve(8);
    const { bytes } = this;
    let at = this.length;
    while (value >= 0x80000000) {
      bytes[at++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    while (value >= 0x80) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    bytes[at++] = value;
    this.length = at;
  }

  f64(value: number): void {
    this.reserve(8);
    scratch.setFloat64(0, value, true);
    this.bytes.set(scratchBytes, this.length);
    this.length += 8;
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    const count = bytes.length;
    this.reserve(count);
    if (count < 48) {
      const { bytes: to, length } = this;
      for (let i = 0; i < count; i++) to[length + i] = bytes[i]!;
    } else this.bytes.set(bytes, this.length);
    this.length += count;
  }

  /** Bytes behind their length. */
  blob(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** A string behind a header of `units * 2 + wide`. */
  string(text: string): void {
    const units = text.length;
    const start = this.length;
    this.uint(units * 2);
    this.reserve(units * 2 + 8);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) {
        this.length = start;
        this.#wideString(text);
        return;
      }
      bytes[at++] = unit;
    }
    this.length = at;
  }

  #wideString(text: string): void {
    const units = text.length;
    this.uint(units * 2 + 1);
    this.reserve(units * 2);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      bytes[at++] = unit;
      bytes[at++] = unit >>> 8;
    }
    this.length = at;
  }
}
