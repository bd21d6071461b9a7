/**
 * Where every decision of a world comes from: a number of options, and what is chosen. Seeded: each kind of decision has a sequence of its
 * own, so that leaving one out does not move the others. Recorded and replayed: a decision that is not the recorded one says that
 * something decides which the world does not control.
 */
import { MaceKenError } from "../base/error.ts";
import { hash53 } from "../base/hash.ts";
import { seededChance } from "./seeded-chance.ts";

export interface ChoiceSource {
  /** A whole number from 0 to below `options`, which is at least 1. `what` names the kind of decision, from a small set. */
  choose(options: number, what: string): number;
}

export class SeededChoices implements ChoiceSource {
  readonly #seed: number;
  readonly #sequences = new Map<string, (options: number) => number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  choose(options: number, what: string): number {
    if (options === 1) return 0;
    let sequence = this.#sequences.get(what);
    if (sequence === undefined) {
      const name = Uint8Array.from(what, (unit) => unit.charCodeAt(0));
      this.#sequences.set(what, (sequence = seededChance(hash53(name, this.#seed) | 0)));
    }
    return sequence(options);
  }
}

export interface RecordedChoice {
  readonly what: string;
  readonly options: number;
  readonly chosen: number;
}

/** Passes choices on and keeps them. */
export class RecordedChoices implements ChoiceSource {
  readonly record: RecordedChoice[] = [];
  readonly #source: ChoiceSource;

  constructor(source: ChoiceSource) {
    this.#source = source;
  }

  choose(options: number, what: string): number {
    const chosen = this.#source.choose(options, what);
    this.record.push({ what, options, chosen });
    return chosen;
  }
}

export class ReplayedChoices implements ChoiceSource {
  readonly #record: readonly RecordedChoice[];
  #next = 0;

  constructor(record: readonly RecordedChoice[]) {
    this.#record = record;
  }

  choose(options: number, what: string): number {
    const recorded = this.#record[this.#next++];
    if (recorded === undefined || recorded.options !== options || recorded.what !== what) {
      const then = recorded === undefined ? "none" : `${recorded.what}, one of ${recorded.options}`;
      throw new MaceKenError("MK_NONDETERMINISTIC", `decision ${this.#next} is ${what}, one of ${options}; in the run that is replayed it was ${then}`);
    }
    return recorded.chosen;
  }
}

/** Chances and amounts, as worlds want them. */
export function chance(choices: ChoiceSource, perMille: number, what: string): boolean {
  return perMille > 0 && choices.choose(1000, what) < perMille;
}

/** Of a range in ms, in steps of a microsecond's thousandth of the range: fine enough that ties are rare. */
export function between(choices: ChoiceSource, leastMs: number, mostMs: number, what: string): number {
  return leastMs + ((mostMs - leastMs) * choices.choose(1 << 20, what)) / (1 << 20);
}

export function oneOf<T>(choices: ChoiceSource, options: readonly T[], what: string): T {
  return options[choices.choose(options.length, what)]!;
}
