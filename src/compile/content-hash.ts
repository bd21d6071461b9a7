/**
 * A 128-bit hash of text, after MurmurHash3's x86_128 (Austin Appleby, public domain) but over UTF-16 code units. It tells contents apart
 * and finds damage; it is not a signature: who can write to the cache can run code anyway. Not node:crypto, because loading that
 * costs 6 ms at every start, in each of two threads on Node 20.
 */
export function contentHash(text: string): string {
  const c1 = 0x239b961b;
  const c2 = 0xab0e9789 | 0;
  const c3 = 0x38b34ae5;
  const c4 = 0xa1e38b93 | 0;
  let h1 = 0x6d616365;
  let h2 = 0x6b656e20;
  let h3 = 0x636f6d70;
  let h4 = 0x696c6572;
  const length = text.length;
  const whole = length - (length % 8);
  for (let at = 0; at < whole; at += 8) {
    const k1 = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
    const k2 = text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 16);
    const k3 = text.charCodeAt(at + 4) | (text.charCodeAt(at + 5) << 16);
    const k4 = text.charCodeAt(at + 6) | (text.charCodeAt(at + 7) << 16);
    h1 = (Math.imul(rotate(h1 ^ Math.imul(rotate(Math.imul(k1, c1), 15), c2), 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 = (Math.imul(rotate(h2 ^ Math.imul(rotate(Math.imul(k2, c2), 16), c3), 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 = (Math.imul(rotate(h3 ^ Math.imul(rotate(Math.imul(k3, c3), 17), c4), 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 = (Math.imul(rotate(h4 ^ Math.imul(rotate(Math.imul(k4, c4), 18), c1), 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  for (let at = whole; at < length; at++) {
    h1 = Math.imul(rotate(h1 ^ Math.imul(text.charCodeAt(at), c1), 13) + h2, 5) | 0;
    h2 = (h2 ^ rotate(Math.imul(h1, c3), 15)) + h3 + at;
    h3 = rotate(h3 + h1, 7) ^ h4;
    h4 = (h4 + Math.imul(h2, c2)) | 0;
  }
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = mix(h1);
  h2 = mix(h2);
  h3 = mix(h3);
  h4 = mix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  return hex(h1) + hex(h2 + h1) + hex(h3 + h1) + hex(h4 + h1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
