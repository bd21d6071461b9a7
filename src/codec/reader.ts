/**
 * Reads what Writer wrote. Every read is checked against the end of the input: bytes from outside are hostile,
 * so a bad length is a DecodeError before anything of that length is allocated, never a crash or a loop.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);
const chunkUnits = 4096;

export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    // A platform's own kind of Uint8Array may have a slice() that does not copy, as Node's Buffer has: what is read here must be plain.
    this.bytes = bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  fail(message: string): never {
    throw new DecodeError(message, this.at);
  }

  expectEnd(): void {
    if (this.at !== this.end) this.fail(`${this.end - this.at} bytes too many`);
  }

  u8(): number {
    if (this.at >= this.end) this.fail("input ends early");
    return this.bytes[this.at++]!;
  }

  u32(): number {
    if (this.end - this.at < 4) this.fail("input ends early");
    const { bytes, at } = this;
    this.at = at + 4;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  uint(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 || !Number.isSafeInteger(value)) this.fail("integer is not in its shortest form, or too large");
        return value;
      }
      scale *= 0x80;
    }
    return this.fail("integer is too long");
  }

  /** A count of things that take at least `bytesEach` each: refused when the rest of the input could not hold them. */
  count(bytesEach = 1): number {
    const count = this.uint();
    if (count * bytesEach > this.end - this.at) this.fail("count is larger than the input");
    return count;
  }

  f64(): number {
    if (this.end - this.at < 8) this.fail("input ends early");
    scratchBytes.set(this.bytes.subarray(this.at, this.at + 8));
    this.at += 8;
    return scratch.getFloat64(0, true);
  }

  /** A view of the next bytes; copy it if it must outlive the input. */
  raw(length: number): Uint8Array {
    if (length > this.end - this.at) this.fail("input ends early");
    const view = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return view;
  }

  blob(): Uint8Array {
    return this.raw(this.uint());
  }

  string(): string {
    const header = this.uint();
    const wide = header % 2 === 1;
    const units = (header - (wide ? 1 : 0)) / 2;
    if (units * (wide ? 2 : 1) > this.end - this.at) this.fail("string is longer than the input");
    if (!wide && units < 24) {
      let text = "";
      const { bytes } = this;
      const end = this.at + units;
      for (let i = this.at; i < end; i++) text += String.fromCharCode(bytes[i]!);
      this.at = end;
      return text;
    }
    return this.#longString(units, wide);
  }

  #longString(units: number, wide: boolean): string {
    const { bytes } = this;
    let text = "";
    let left = units;
    let anyWide = false;
    const codes = new Uint16Array(Math.min(units, chunkUnits));
    while (left > 0) {
      const count = Math.min(left, chunkUnits);
      if (wide) {
        for (let i = 0; i < count; i++, this.at += 2) {
          const unit = bytes[this.at]! | (bytes[this.at + 1]! << 8);
          codes[i] = unit;
          if (unit > 0xff) anyWide = true;
        }
      } else for (let i = 0; i < count; i++) codes[i] = bytes[this.at++]!;
      text += String.fromCharCode.apply(null, (count === codes.length ? codes : codes.subarray(0, count)) as unknown as number[]);
      left -= count;
    }
    // One encoding per string: a wide form without a wide unit would make equal values unequal bytes.
    if (wide && !anyWide) this.fail("string is not in its shortest form");
    return text;
  }
}
