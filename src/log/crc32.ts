/**
 * CRC-32 as zlib computes it, in plain TypeScript, for disks that have no native one (the simulator's).
 * The real disk uses node:zlib; a conformance test holds the two equal.
 */
const table = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  table[n] = c >>> 0;
}

export function crc32(bytes: Uint8Array, seed: number, start: number, end: number): number {
  let c = ~seed;
  for (let i = start; i < end; i++) c = table[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}
