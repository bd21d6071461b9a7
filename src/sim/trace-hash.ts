/** A hash over everything that happens in a run: two runs of a seed with the same hash did the same. Two lanes of 32 bits, as base/hash.ts. */
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

const endBytes = 24;

export class TraceHash {
  #a = 0x9e3779b9 | 0;
  #b = 0x85ebca6b | 0;

  int(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    this.#b = (Math.imul(this.#b ^ value, 0x5bd1e995) + (this.#b >>> 15)) | 0;
    // Without it high bits never reach the low ones.
    this.#a ^= this.#a >>> 13;
  }

  /** A time. */
  number(value: number): void {
    float[0] = value;
    this.int(words[0]!);
    this.int(words[1]!);
  }

  /** Of long ones the ends: what differs in the middle makes a difference elsewhere soon. */
  bytes(bytes: Uint8Array): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < bytes.length; i++) {
      if (i === endBytes && bytes.length > 2 * endBytes) i = bytes.length - endBytes;
      a = Math.imul(a ^ bytes[i]!, 0x01000193);
      b = (Math.imul(b ^ bytes[i]!, 0x5bd1e995) + (b >>> 15)) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.int(bytes.length);
  }

  get text(): string {
    return (this.#a >>> 0).toString(16).padStart(8, "0") + (this.#b >>> 0).toString(16).padStart(8, "0");
  }
}
