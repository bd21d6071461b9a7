/**
 * Every crash of the small scenarios: at each boundary, with each outcome of the disk; then, from each of those, at each boundary of what
 * follows for a while, and so on. And every order of things that departs once from the first one.
 */
import type { Counts } from "./run.ts";
import { runTrial, type Met, type Trial } from "./trial.ts";

export interface Depth {
  /** Crashes one after the other. */
  readonly strikes: number;
  /** After the first, so many boundaries are tried. */
  readonly window: number;
  /** One in so many is taken, drawn by lot; 1: all. */
  readonly oneIn: number;
}

export interface Exploring {
  readonly counts: Counts;
  readonly random: (below: number) => number;
  /** Called before each trial; false ends it all. */
  begins(trial: Trial): boolean;
}

/** The trials that go on from `trial`, which met this. */
function* strikesAfter(trial: Trial, met: Met, window: number): Iterable<Trial> {
  const last = trial.strikes.at(-1)?.boundary ?? -1;
  for (let boundary = last + 1; boundary < met.outcomes.length && boundary - last <= window; boundary++) {
    for (let outcome = 0; outcome < (met.outcomes[boundary] ?? 0); outcome++) yield { ...trial, strikes: [...trial.strikes, { boundary, outcome }] };
  }
}

/** Where states are not needed for what goes on from there, one in so many is compared with a life without failures all the same. */
const comparedOneIn = 8;

/** Runs every trial, of the first crashes only those that are `mine`. Answers false when it was ended. */
export function explore(from: Trial, { strikes, window, oneIn }: Depth, exploring: Exploring, mine: (index: number) => boolean = () => true, parent?: Met): boolean {
  const { counts, random, begins } = exploring;
  if (!begins(from)) return false;
  const met = runTrial(from, counts, { comparesStates: strikes > 0 || random(comparedOneIn) === 0, parent });
  if (strikes === 0) return true;
  let index = 0;
  for (const next of strikesAfter(from, met, from.strikes.length === 0 ? Infinity : window)) {
    if (!mine(index++) || (oneIn > 1 && random(oneIn) !== 0)) continue;
    if (!explore(next, { strikes: strikes - 1, window, oneIn }, exploring, () => true, met)) return false;
  }
  return true;
}

/** Departures from the first choice, one at a time. */
export function* departuresOf(first: Trial, counts: Counts): Iterable<Trial> {
  const { options } = runTrial(first, counts, { comparesStates: true });
  for (let at = 0; at < options.length; at++) for (let pick = 1; pick < options[at]!; pick++) yield { ...first, departure: { at, pick } };
}
