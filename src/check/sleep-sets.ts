/**
 * Sleep sets (Godefroid 1996, with state matching): of two actions that commute, both orders lead to one state, so one order is enough. What
 * was explored first sleeps in the states behind the other, until something that it does not commute with happens. Every state is
 * still found, and by ways as short; fewer transitions are made. A set is a word: a bit for each source of actions.
 */
import type { Source } from "./model.ts";
import type { Name, Naming } from "./naming.ts";

/** The last bit says that the state was expanded. Sources beyond are always awake. */
const mostSources = 30;
const expandedBit = 1 << 30;

export class SleepSets {
  /** By number of a state that is expanded again, the sources that it passed over before. */
  readonly again = new Map<number, number>();
  /** Of the successor that `take` was told of, the sources that sleep in it. */
  asleepAfter = 0;
  /** What `meet` leaves. */
  word = 0;
  readonly #bits = new Map<Source, number>();
  /** By process, the bits of its sources. */
  readonly #ofProcess = new Map<number, number>();
  readonly #processOf: (source: Source) => number;
  readonly #name: Name | undefined;
  /** Of the state being expanded. */
  #asleep = 0;
  /** When it is expanded again: the only sources that are explored. */
  #only: number | undefined;
  #explored = 0;
  #last: Source = -1;

  /** `naming`: which bit is whose is agreed on with others. */
  constructor(processOf: (source: Source) => number, naming?: Naming) {
    this.#processOf = processOf;
    this.#name = naming?.((reader) => void this.#enter(reader.uint()));
  }

  /** A state with this word is expanded now; answers its word from now on. */
  expanding(word: number, number: number): number {
    this.#asleep = word & ~expandedBit;
    this.#only = this.again.get(number);
    this.again.delete(number);
    this.#explored = 0;
    this.#last = -1;
    return word | expandedBit;
  }

  readonly isAwake = (source: Source): boolean => {
    const bit = this.#bitOf(source);
    return this.#only === undefined ? (this.#asleep & bit) === 0 : (this.#only & bit) !== 0;
  };

  /** The next successor is by this source; all of one source come together. */
  take(source: Source): void {
    if (source !== this.#last && this.#last >= 0) this.#explored |= this.#bitOf(this.#last);
    this.#last = source;
    const process = this.#processOf(source);
    this.asleepAfter = process < 0 ? 0 : (this.#asleep | this.#explored) & ~(this.#ofProcess.get(process) ?? 0);
  }

  /** A known state with this word was reached with fewer asleep: no more than `asleep`. */
  wakes(word: number, asleep: number): boolean {
    return (word & ~expandedBit & ~asleep) !== 0;
  }

  /** Leaves the word of that state from now on; answers what it has passed over and must not. */
  meet(word: number, asleep: number): number {
    const woken = word & ~expandedBit & ~asleep;
    this.word = word & ~woken;
    return (word & expandedBit) === 0 ? 0 : woken;
  }

  #bitOf(source: Source): number {
    const bit = this.#bits.get(source);
    if (bit !== undefined) return bit;
    return this.#name === undefined ? this.#enter(source) : this.#name(() => this.#bits.get(source), (writer) => writer.uint(source));
  }

  #enter(source: Source): number {
    const process = this.#processOf(source);
    // What commutes with nothing never sleeps.
    const bit = process < 0 || this.#bits.size >= mostSources ? 0 : 1 << this.#bits.size;
    this.#bits.set(source, bit);
    this.#ofProcess.set(process, (this.#ofProcess.get(process) ?? 0) | bit);
    return bit;
  }
}
