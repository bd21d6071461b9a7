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
  /** Where states are compared: what each turn left, and the boundary that came next. */
  readonly texts: { readonly node: string; readonly turn: number; readonly text: string; readonly before: number }[];
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
  /** What the trial met that is the same but for the last crash: the state that is recovered from that must be one of its. */
  readonly parent?: Met | undefined;
  readonly tell?: (line: string) => void;
}

export function runTrial(trial: Trial, counts: Counts, { comparesStates, parent, tell }: TrialOptions): Met {
  const { scenario, logged, strikes, departure } = trial;
  const met: Met = { outcomes: [], options: [], texts: [] };
  const last = strikes.at(-1)?.boundary;
  const choose = (options: number): number => {
    met.options.push(options);
    return departure !== undefined && met.options.length - 1 === departure.at ? departure.pick % options : 0;
  };
  let next = 0;
  /** The node that has just died at the last crash. */
  let struck: string | undefined;
  const plan: Plan = {
    logged, comparesStates, choose, maxSteps: 10_000,
    happens: () => choose(2) === 1,
    // The crashes before the last one are those of other trials.
    isKnown: ({ number }) => number !== last,
    strike(boundary: Boundary): DiskOutcome | undefined {
      next = boundary.number + 1;
      const strike = strikes.find((each) => each.boundary === boundary.number);
      if (strike === undefined) {
        met.outcomes[boundary.number] = outcomeCount(boundary, logged);
        return undefined;
      }
      if (boundary.number === last) struck = boundary.node.name;
      // Drawn from the crashes up to this one: a trial goes on from its parent in the same way until its last crash.
      const drawn = strikes.slice(0, strikes.indexOf(strike) + 1).reduce((sum, each) => sum * 31 + each.boundary * 7 + each.outcome, 1);
      const outcomes = outcomesOf(boundary, logged, seededChance(drawn));
      return outcomes[strike.outcome % outcomes.length];
    },
    textBefore(node, turn) {
      if (node !== struck) return undefined;
      struck = undefined;
      return parent?.texts.findLast((each) => each.node === node && each.turn === turn && each.before <= last!)?.text;
    },
    ...(comparesStates ? { remembers: (node: string, turn: number, text: string) => void met.texts.push({ node, turn, text, before: next }) } : {}),
    ...(tell === undefined ? {} : { tell }),
  };
  run(scenario, plan, counts);
  return met;
}
