/**
 * Every crash of the small scenarios: at each boundary, with each outcome of the disk; then, from each of those, at each boundary of what
 * follows for a while, and so on. What else is left to chance is always the first, or in one place another: an order of things that is
 * as short as the one that it departs from.
 */
import type { DiskOutcome } from "#maceken/sim/simulated-node.js";
import { seededChance } from "#maceken/sim/seeded-chance.js";
import { outcomesOf } from "./outcomes.ts";
import { run, type Boundary, type Counts, type Plan } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** One crash: where, and which of the outcomes there. */
export interface Strike {
  readonly boundary: number;
  readonly outcome: number;
}

export interface Trial {
  readonly scenario: Scenario;
  readonly logged: boolean;
  readonly strikes: readonly Strike[];
  /** The choice at which something else than the first is taken, and what. */
  readonly departure: { readonly at: number; readonly pick: number } | undefined;
}

/** What a trial met on its way, for the trials that go on from it. */
interface Met {
  /** How many outcomes there are at each boundary. */
  readonly outcomes: number[];
  /** How many options each choice had. */
  readonly options: number[];
}

export function describe({ scenario, logged, strikes, departure }: Trial): string {
  const where = strikes.map(({ boundary, outcome }) => `at ${boundary} with outcome ${outcome}`).join(", then ");
  return `${scenario.name}${logged ? " on the turn log" : ""}: ${strikes.length === 0 ? "no crash" : `crash ${where}`}${departure === undefined ? "" : `, choice ${departure.at} is ${departure.pick}`}`;
}

export function runTrial(trial: Trial, counts: Counts, comparesStates: boolean): Met {
  const { scenario, logged, strikes, departure } = trial;
  const met: Met = { outcomes: [], options: [] };
  const below = seededChance(strikes.reduce((sum, { boundary, outcome }) => sum * 31 + boundary * 7 + outcome, 1));
  const plan: Plan = {
    logged, comparesStates,
    choose(options) {
      met.options.push(options);
      return departure !== undefined && met.options.length - 1 === departure.at ? departure.pick % options : 0;
    },
    isKnown: ({ number }) => number !== strikes.at(-1)?.boundary,
    strike(boundary: Boundary): DiskOutcome | undefined {
      const strike = strikes.find((each) => each.boundary === boundary.number);
      if (strike === undefined) {
        // Of outcomes that are drawn only the number matters here.
        met.outcomes[boundary.number] = logged ? outcomesOf(boundary, true, () => 0).length : Math.min(boundary.pending, 8) + 1;
        return undefined;
      }
      const outcomes = outcomesOf(boundary, logged, below);
      return outcomes[strike.outcome % outcomes.length];
    },
  };
  run(scenario, plan, counts);
  return met;
}

export interface Depth {
  /** Crashes one after the other. */
  readonly strikes: number;
  /** After the first, so many boundaries are tried. */
  readonly window: number;
  /** One in so many is taken, drawn by lot; 1: all. */
  readonly oneIn: number;
}

/** The trials of a scenario that go on from `trial`, which met this. */
function* strikesAfter(trial: Trial, met: Met, window: number): Iterable<Trial> {
  const last = trial.strikes.at(-1)?.boundary ?? -1;
  for (let boundary = last + 1; boundary < met.outcomes.length && boundary - last <= window; boundary++) {
    for (let outcome = 0; outcome < (met.outcomes[boundary] ?? 0); outcome++) yield { ...trial, strikes: [...trial.strikes, { boundary, outcome }] };
  }
}

/** Runs every trial; `each` is called before each, and ends it all by answering false. */
export function explore(from: Trial, { strikes, window, oneIn }: Depth, counts: Counts, random: (below: number) => number, each: (trial: Trial) => boolean): boolean {
  if (!each(from)) return false;
  const met = runTrial(from, counts, from.strikes.length % 2 === 0);
  if (strikes === 0) return true;
  for (const next of strikesAfter(from, met, from.strikes.length === 0 ? Infinity : window)) {
    if (oneIn > 1 && random(oneIn) !== 0) continue;
    if (!explore(next, { strikes: strikes - 1, window, oneIn }, counts, random, each)) return false;
  }
  return true;
}

/** Departures from the first choice, one at a time. */
export function* departuresOf(scenario: Scenario, logged: boolean, counts: Counts): Iterable<Trial> {
  const first: Trial = { scenario, logged, strikes: [], departure: undefined };
  const { options } = runTrial(first, counts, true);
  for (let at = 0; at < options.length; at++) for (let pick = 1; pick < options[at]!; pick++) yield { ...first, departure: { at, pick } };
}
