/**
 * One run of a small scenario in which everything is said: where it crashes, what the disk keeps there, and at which one of its other choices
 * something else than the first is taken. Has a name, by which it is run again.
 */
import { seededChance } from "#maceken/sim/seeded-chance.js";
import type { DiskOutcome } from "#maceken/sim/simulated-node.js";
import { livesScenarios } from "./lives.ts";
import { outcomeCount, outcomesOf } from "./outcomes.ts";
import { run, type Boundary, type Counts, type Plan } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { faultyScenarios, scenarios } from "./scenarios.ts";

/** One crash: where, and which of the outcomes there. */
export interface Strike {
  readonly boundary: number;
  readonly outcome: number;
}

/** The choice at which something else than the first is taken, and what. */
export interface Departure {
  readonly at: number;
  readonly pick: number;
}

export interface Trial {
  readonly scenario: Scenario;
  /** On the real turn log. */
  readonly logged: boolean;
  readonly strikes: readonly Strike[];
  readonly departure: Departure | undefined;
}

/** What a trial met on its way, for the trials that go on from it. */
export interface Met {
  /** How many outcomes there are at each boundary. */
  readonly outcomes: number[];
  /** How many options each choice had. */
  readonly options: number[];
}

export function trialName({ scenario, logged, strikes, departure }: Trial): string {
  const crashes = strikes.map(({ boundary, outcome }) => `crash ${boundary}.${outcome}`);
  return [scenario.name, ...(logged ? ["turn log"] : []), ...(departure === undefined ? [] : [`choice ${departure.at}.${departure.pick}`]), ...crashes].join(", ");
}

/** Errors: a text that names no trial. */
export function trialNamed(name: string): Trial {
  const [scenarioName, ...rest] = name.split(", ");
  const scenario = [...scenarios, ...faultyScenarios, ...livesScenarios].find((each) => each.name === scenarioName);
  if (scenario === undefined) throw new Error(`there is no scenario ${scenarioName}`);
  const strikes: Strike[] = [];
  let logged = false;
  let departure: Departure | undefined;
  for (const part of rest) {
    const [, kind, first, second] = /^(crash|choice) (\d+)\.(\d+)$/.exec(part) ?? [];
    if (kind === "crash") strikes.push({ boundary: Number(first), outcome: Number(second) });
    else if (kind === "choice") departure = { at: Number(first), pick: Number(second) };
    else if (part === "turn log") logged = true;
    else throw new Error(`${part} is no part of a trial's name`);
  }
  return { scenario, logged, strikes, departure };
}

export interface TrialOptions {
  readonly comparesStates: boolean;
  readonly tell?: (line: string) => void;
}

export function runTrial(trial: Trial, counts: Counts, options: TrialOptions): Met {
  const { scenario, logged, strikes, departure } = trial;
  const met: Met = { outcomes: [], options: [] };
  const below = seededChance(strikes.reduce((sum, { boundary, outcome }) => sum * 31 + boundary * 7 + outcome, 1));
  const choose = (options: number): number => {
    met.options.push(options);
    return departure !== undefined && met.options.length - 1 === departure.at ? departure.pick % options : 0;
  };
  const plan: Plan = {
    ...options, logged, choose,
    happens: () => choose(2) === 1,
    // The crashes before the last one are those of other trials.
    isKnown: ({ number }) => number !== strikes.at(-1)?.boundary,
    strike(boundary: Boundary): DiskOutcome | undefined {
      const strike = strikes.find((each) => each.boundary === boundary.number);
      if (strike === undefined) {
        met.outcomes[boundary.number] = outcomeCount(boundary, logged);
        return undefined;
      }
      const outcomes = outcomesOf(boundary, logged, below);
      return outcomes[strike.outcome % outcomes.length];
    },
  };
  run(scenario, plan, counts);
  return met;
}
