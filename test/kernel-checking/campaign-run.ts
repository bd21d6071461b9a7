/**
 * The crash points of a campaign, in an order that finds soonest what is wrong: the small scenarios at every boundary, on the plain disk and on
 * the turn log, two and three crashes deep and in other orders of events; then storms drawn by lot. Knows no time but its caller's.
 */
import { seededChance } from "#maceken/sim/seeded-chance.js";
import { departuresOf, explore, type Depth } from "./exhaustive.ts";
import { livesScenarios } from "./lives.ts";
import { run, type Counts } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { faultyScenarios, scenarios } from "./scenarios.ts";
import { stormPlan, stormScenario, type StormOptions } from "./storm.ts";
import { runTrial, trialName, trialNamed, type Trial } from "./trial.ts";

/** What was being tried when it was found, and what was found. */
export class Found extends Error {
  override readonly name = "Found";
  readonly trying: string;

  constructor(trying: string, cause: Error) {
    super(`${trying}: ${cause.message}`, { cause });
    this.trying = trying;
  }
}

export interface PartCount {
  readonly crashes: number;
  readonly runs: number;
  /** Nothing of it was left out. */
  readonly isWhole: boolean;
}

export interface Going {
  readonly counts: Counts;
  readonly parts: Map<string, PartCount>;
  readonly seed: number;
  /** One of so many that share each part among them. */
  readonly share: { readonly index: number; readonly of: number };
  /** Asked before each run; false ends the part. */
  goOn(part: string): boolean;
}

function trying(what: () => string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new Found(what(), error as Error);
  }
}

function inPart(name: string, { counts, parts, goOn }: Going, isSample: boolean, action: (goOn: () => boolean) => void): void {
  const before = counts.crashes;
  let runs = 0;
  let wasCut = false;
  action(() => {
    if (!goOn(name)) wasCut = true;
    else runs++;
    return !wasCut;
  });
  const known = parts.get(name) ?? { crashes: 0, runs: 0, isWhole: true };
  parts.set(name, { crashes: known.crashes + counts.crashes - before, runs: known.runs + runs, isWhole: known.isWhole && !wasCut && !isSample });
}

function exploreAll(part: string, trials: Iterable<Trial>, depth: Depth, going: Going, isSample = depth.oneIn > 1): void {
  const { counts, seed, share: { index, of } } = going;
  const random = seededChance(seed + index);
  inPart(part, going, isSample, (goOn) => {
    for (const trial of trials) {
      let last = trial;
      const begins = (next: Trial): boolean => {
        last = next;
        return goOn();
      };
      let goes = true;
      trying(() => trialName(last), () => (goes = explore(trial, depth, { counts, random, begins }, (at) => at % of === index)));
      if (!goes) return;
    }
  });
}

const plain = (scenario: Scenario): Trial => ({ scenario, logged: false, strikes: [], departure: undefined });
const logged = (scenario: Scenario): Trial => ({ scenario, logged: true, strikes: [], departure: undefined });

export function everySingle(going: Going, oneIn = 1): void {
  exploreAll("one crash", scenarios.map(plain), { strikes: 1, window: 0, oneIn }, going);
}

/** Nodes that lose their past, a crash at every boundary around it. */
export function everyLife(going: Going, oneIn = 1): void {
  exploreAll("new lives", livesScenarios.map(plain), { strikes: 1, window: 0, oneIn }, going);
}

export function everySingleLogged(going: Going, oneIn = 1): void {
  exploreAll("one crash, turn log", scenarios.map(logged), { strikes: 1, window: 0, oneIn }, going);
}

/** Two crashes: the second in the recovery from the first, or soon after. */
export function pairs(going: Going, oneIn = 1): void {
  exploreAll("two crashes", scenarios.map(plain), { strikes: 2, window: 30, oneIn }, going);
}

export function pairsLogged(going: Going, oneIn = 1): void {
  exploreAll("two crashes, turn log", scenarios.map(logged), { strikes: 2, window: 40, oneIn }, going);
}

export function pairsOfLives(going: Going, oneIn = 1): void {
  exploreAll("new lives, two crashes", livesScenarios.map(plain), { strikes: 2, window: 30, oneIn }, going);
}

export function triples(going: Going, oneIn = 1): void {
  exploreAll("three crashes", scenarios.map(plain), { strikes: 3, window: 20, oneIn }, going);
}

export function triplesLogged(going: Going, oneIn = 1): void {
  exploreAll("three crashes, turn log", scenarios.map(logged), { strikes: 3, window: 30, oneIn }, going);
}

/** Each fault of transport and disk, once in a run. */
export function everyFault(going: Going): void {
  depart("a fault, no crash", [...faultyScenarios.map(plain), ...faultyScenarios.map(logged)], going, 0, 1);
}

/** Each order of events that departs from the first one once. */
export function everyOrder(going: Going, oneIn = 1): void {
  depart("another order, no crash", scenarios.map(plain), going, 0, oneIn);
}

/** The same with a crash in each. */
export function crashesInOtherOrders(going: Going, oneIn = 1): void {
  depart("one crash in another order", [...faultyScenarios.map(plain), ...faultyScenarios.map(logged), ...scenarios.map(plain)], going, 1, oneIn);
}

function depart(part: string, from: readonly Trial[], going: Going, strikes: 0 | 1, oneIn: number): void {
  const { counts, seed, share: { index, of } } = going;
  const random = seededChance(seed + index + 1);
  for (const first of from) {
    let found: Trial[] = [];
    trying(() => trialName(first), () => (found = [...departuresOf(first, counts)]));
    const mine = found.filter((_, at) => at % of === index && (oneIn === 1 || random(oneIn) === 0));
    exploreAll(part, mine, { strikes, window: 0, oneIn: strikes === 0 ? 1 : oneIn }, { ...going, share: { index: 0, of: 1 } }, oneIn > 1);
    if (!going.goOn(part)) return;
  }
}

/** One storm: a scenario, and crashes in it, by its seed. */
export function storm(seed: number, counts: Counts, tell?: (line: string) => void): void {
  const below = seededChance(seed * 7 + 3);
  const options: StormOptions = { logged: below(3) === 0, oneIn: [7, 9, 12, 25][below(4)]!, most: [20, 150, 300][below(3)]!, comparesStates: below(5) === 0 };
  const lives = seed % 6 === 0 ? livesScenarios[below(livesScenarios.length)] : undefined;
  const plan = stormPlan(seed, lives === undefined ? options : { ...options, logged: false });
  trying(() => `storm ${seed}`, () => run(lives ?? stormScenario(seed), { ...plan, ...(tell === undefined ? {} : { tell }) }, counts));
}

export function storms(going: Going): void {
  const { counts, seed, share: { index, of } } = going;
  inPart("storms", going, true, (goOn) => {
    for (let next = seed + index; goOn(); next += of) storm(next, counts);
  });
}

/** What a violation is found by, once more. Errors: a name that is none. */
export function again(name: string, counts: Counts, tell: (line: string) => void): void {
  const [, number] = /^storm (\d+)$/.exec(name) ?? [];
  if (number !== undefined) return storm(Number(number), counts, tell);
  const trial = trialNamed(name);
  trying(() => name, () => runTrial(trial, counts, { comparesStates: true, tell }));
}

/** Of the parts that are too large: one in so many of what there is. */
export interface Sample {
  readonly logged: number;
  readonly pairs: number;
  readonly pairsLogged: number;
  readonly triples: number;
  readonly orders: number;
}

/** What the campaign takes; the whole of it would be some millions. */
export const all: Sample = { logged: 1, pairs: 1, pairsLogged: 8, triples: 4, orders: 2 };

/** Everything, `points` of it; the parts that are cut off or sampled leave what they do not use to the storms. */
export function campaign(points: number, sample: Sample, going: Going): void {
  const { counts } = going;
  const upTo = (part: number): Going => {
    const until = Math.min(points, counts.crashes + Math.floor(points * part));
    return { ...going, goOn: (what) => counts.crashes < until && going.goOn(what) };
  };
  everyFault(upTo(1));
  everyOrder(upTo(1), sample.orders);
  everySingle(upTo(1));
  everyLife(upTo(1));
  everySingleLogged(upTo(0.25), sample.logged);
  // Each of these crashes has a run of its own; a storm's run has a hundred, and two thirds of what these cost are what came before.
  pairs(upTo(0.015), sample.pairs);
  pairsOfLives(upTo(0.005), sample.pairs);
  pairsLogged(upTo(0.01), sample.pairsLogged);
  triples(upTo(0.005), sample.triples);
  triplesLogged(upTo(0.01), sample.triples);
  crashesInOtherOrders(upTo(0.01), sample.orders);
  storms(upTo(1));
}
