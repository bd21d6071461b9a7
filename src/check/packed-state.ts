/**
 * States as a search keeps them while they wait: most of a state's integers are 0 (queues with nothing in them), so a bit for each integer
 * says whether it is another, and those that are follow.
 */

/** The most integers that a state of so many takes. */
export function mostPacked(width: number): number {
  return width + ((width + 31) >>> 5);
}

/** Packs the state at `from` of `rows` into `packed` at `at`; answers where that ends. */
export function pack(rows: Int32Array, from: number, width: number, packed: Int32Array, at: number): number {
  const bitWords = (width + 31) >>> 5;
  let end = at + bitWords;
  for (let word = 0, place = 0; word < bitWords; word++) {
    let bits = 0;
    for (const last = Math.min(place + 32, width); place < last; place++) {
      const value = rows[from + place]!;
      if (value === 0) continue;
      bits |= 1 << (place & 31);
      packed[end++] = value;
    }
    packed[at + word] = bits;
  }
  return end;
}

/** The state that is packed at `at`; answers where that ends. */
export function unpack(packed: Int32Array, at: number, state: Int32Array): number {
  const bitWords = (state.length + 31) >>> 5;
  let end = at + bitWords;
  state.fill(0);
  for (let word = 0; word < bitWords; word++) {
    for (let bits = packed[at + word]!; bits !== 0; bits &= bits - 1) state[word * 32 + 31 - Math.clz32(bits & -bits)] = packed[end++]!;
  }
  return end;
}
