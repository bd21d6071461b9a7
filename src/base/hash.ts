/**
 * A 53-bit hash of bytes for telling requests apart and for trace hashes. Not for security: an adversary can make collisions.
 * Two multiplicative 32-bit lanes with a final avalanche, after Steele, Lea and Flood's SplitMix finaliser (OOPSLA 2014).
 */
export function hash53(bytes: Uint8Array, seed = 0): number {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x85ebca6b ^ seed;
  for (let i = 0; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i]!, 0x01000193);
    b = Math.imul(b ^ bytes[i]!, 0x5bd1e995) + (b >>> 15);
  }
  a = mix(a ^ bytes.length);
  b = mix(b ^ a);
  return (b >>> 11) * 0x100000000 + (a >>> 0);
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
