/**
 * What docs/internals/protocol.md says of a frame, written a second time and without the codec: whether a node must close for it. Where the
 * answer hangs on who the peer is and what it said before (a proper greeting), the oracle says "either".
 */
import type { Channel } from "#maceken/protocol/channel.js";

export type Verdict = "close" | "keep" | "either";

/** `channel`: the session's, once it has greeted. */
export function verdictOn(frame: Uint8Array, channel: Channel | undefined): Verdict {
  const reader = new Shape(frame);
  const type = reader.byte();
  if (type === 1) return channel === undefined && isHello(reader) ? "either" : "close";
  if (type === 6 || type === 7 || channel === undefined) return "close";
  switch (type) {
    case 2: {
      const number = reader.uint();
      return reader.failed || number > channel.received + 1 ? "close" : "keep";
    }
    case 3: {
      const number = reader.uint();
      return reader.isAtEnd && number <= channel.released ? "keep" : "close";
    }
    case 4:
    case 5:
      return reader.isAtEnd ? "keep" : "close";
    default:
      return "close";
  }
}

function isHello(reader: Shape): boolean {
  if ([0x4d, 0x43, 0x4b, 0x4e].some((byte) => reader.byte() !== byte)) return false;
  if (reader.uint() !== 2) return false;
  for (const most of [128, 64, Infinity]) {
    const units = reader.string();
    if (units > most) return false;
  }
  for (let i = 0; i < 5; i++) reader.uint();
  return reader.isAtEnd;
}

/** Reads far enough to see where things end. */
class Shape {
  failed = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return !this.failed && this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    this.failed ||= byte === undefined;
    return byte ?? 0;
  }

  /** 7 bits a byte, least significant first, shortest form, at most 2^53 - 1. */
  uint(): number {
    let value = 0n;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      this.failed ||= (byte === 0 && i > 0) || value > BigInt(Number.MAX_SAFE_INTEGER);
      return Number(value);
    }
    this.failed = true;
    return 0;
  }

  /** Answers the number of UTF-16 units. */
  string(): number {
    const header = this.uint();
    const isWide = header % 2 === 1;
    const units = Math.floor(header / 2);
    if (this.failed || units * (isWide ? 2 : 1) > this.#bytes.length - this.#at) {
      this.failed = true;
      return 0;
    }
    const start = this.#at;
    this.#at += units * (isWide ? 2 : 1);
    if (isWide && !this.#bytes.subarray(start, this.#at).some((byte, i) => i % 2 === 1 && byte !== 0)) this.failed = true;
    return units;
  }
}
