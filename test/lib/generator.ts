/** Park and Miller's generator of whole numbers below a bound: from one seed, one sequence. Tests need nothing better. */
export type Random = (below: number) => number;

export function generator(start: number): Random {
  let state = (start % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
