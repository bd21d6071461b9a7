/** Chance that is the same for the same seed, on every machine (xoroshiro128+, by pure-rand). */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Integers from 0 to below `options`. */
export function seededChance(seed: number): (options: number) => number {
  const generator = xoroshiro128plus(seed);
  return (options) => (options === 1 ? 0 : uniformInt(generator, 0, options - 1));
}
