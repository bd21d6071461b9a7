/** What hostile or broken senders do to bytes and to sequences of frames. All of it follows from the generator that is handed in. */
import type { Random } from "../lib/generator.ts";

const hostileBytes = [0, 1, 2, 0x7f, 0x80, 0xc0, 0xc1, 0xed, 0xf5, 0xfe, 0xff];
/** Lengths and counts that trip readers: varints of 2^53 - 1, beyond it and without an end; 0, 2^31, 2^32 - 1 and -1 in four bytes. */
const hostileRuns = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], Array.from({ length: 12 }, () => 0xff), [0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0, 0, 0, 0], [0, 0, 0, 0x80], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f],
  // UTF-8 that is none: a lone continuation, an overlong slash, a surrogate, beyond U+10FFFF.
  [0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
  // "__proto__" as the codec writes it, and as text.
  [18, ...Buffer.from("__proto__")], [...Buffer.from('"__proto__"')], [22, ...Buffer.from("constructor")],
].map((run) => Uint8Array.from(run));

export function randomBytes(random: Random, most: number): Uint8Array {
  return Uint8Array.from({ length: random(most + 1) }, () => random(256));
}

/** A changed copy. `others`: what pieces are spliced in from. */
export function mutated(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let changes = 1 + random(3); changes > 0; changes--) result = mutatedOnce(random, result, others);
  return result;
}

function mutatedOnce(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  if (bytes.length === 0) return randomBytes(random, 8);
  const at = random(bytes.length);
  switch (random(10)) {
    case 0:
    case 1:
      bytes[at]! ^= 1 << random(8);
      return bytes;
    case 2:
      bytes[at] = hostileBytes[random(hostileBytes.length)]!;
      return bytes;
    case 3:
      bytes[at] = random(256);
      return bytes;
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return joined(bytes, randomBytes(random, 12));
    case 6: {
      // A piece left out, or said twice.
      const length = 1 + random(Math.min(16, bytes.length - at));
      return random(2) === 0 ? joined(bytes.subarray(0, at), bytes.subarray(at + length)) : joined(bytes.subarray(0, at + length), bytes.subarray(at));
    }
    case 7: {
      const run = hostileRuns[random(hostileRuns.length)]!;
      return joined(bytes.subarray(0, at), run, bytes.subarray(random(2) === 0 ? at : Math.min(bytes.length, at + run.length)));
    }
    case 8: {
      const other = others[random(others.length)]!;
      return joined(bytes.subarray(0, at), other.subarray(random(other.length + 1)));
    }
    default: {
      // The same byte many times: nesting, if it begins a container.
      const run = new Uint8Array(1 + random(200)).fill(bytes[at]!);
      return joined(bytes.subarray(0, at), run, bytes.subarray(at));
    }
  }
}

/** Another order of frames: some left out, doubled, exchanged, random ones between. */
export function disordered(random: Random, frames: readonly Uint8Array[]): Uint8Array[] {
  const result = [...frames];
  for (let changes = 1 + random(3); changes > 0 && result.length > 0; changes--) {
    const at = random(result.length);
    switch (random(4)) {
      case 0:
        result.splice(at, 1);
        break;
      case 1:
        result.splice(random(result.length), 0, result[at]!);
        break;
      case 2:
        [result[at], result[0]] = [result[0]!, result[at]!];
        break;
      default:
        result.splice(at, 0, randomBytes(random, 24));
    }
  }
  return result;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
