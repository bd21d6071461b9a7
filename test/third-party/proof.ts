/** Runs the trials of a library and counts. */
import { bothWays, differInText, type BothWays } from "./both-ways.ts";
import { runTrial, type Trial } from "./trial.ts";

export interface ProofResult {
  readonly trials: number;
  readonly kept: number;
  readonly refused: number;
  /** The first few. */
  readonly differences: readonly string[];
}

export interface ProofOptions {
  readonly seed: number;
  readonly trials: number;
  /** Runs the library on the heap as its text stands: a proof that then finds nothing proves nothing. */
  readonly uncompiled?: boolean;
  readonly progress?: (done: number) => void;
}

const maxDifferences = 5;

export function prove<Library extends object>(name: string, makeTrial: (library: Library, seed: number) => Trial<Library>, { seed, trials, uncompiled = false, progress }: ProofOptions): ProofResult {
  const library = bothWays<Library>(name);
  if (!differInText(library)) throw new Error(`${name} was not compiled`);
  const used: BothWays<Library> = uncompiled ? { plain: library.plain, compiled: library.plain } : library;
  let [kept, refused] = [0, 0];
  const differences: string[] = [];
  for (let number = 0; number < trials && differences.length < maxDifferences; number++) {
    // Steps are made once and called for both texts, so they choose by seed, not by a generator that moves on.
    const result = runTrial(makeTrial(library.plain, (Math.imul(seed, 1_000_003) + number) >>> 0), used);
    kept += result.kept;
    refused += result.refused;
    if (result.difference !== undefined) differences.push(`trial ${number}: ${result.difference}`);
    if (number % 64 === 0) progress?.(number);
  }
  return { trials, kept, refused, differences };
}
