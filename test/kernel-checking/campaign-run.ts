/**
 * The crash points of a campaign, in an order that finds soonest what is wrong: the small scenarios at every boundary, on the plain disk and on
 * the turn log, two and three crashes deep and in other orders of events; then storms drawn by lot. Knows no time but its caller's.
 */
import { seededChance } from "#maceken/sim/seeded-chance.js";
import { departuresOf, describe, explore, runTrial, type Depth, type Trial } from "./exhaustive.ts";
import { noCounts, run, type Counts } from "./run.ts";
import { livesScenarios } from "./lives.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { stormPlan, stormScenario, type StormOptions } from "./storm.ts";

/** What was being tried when it was found, and what was found. */
export class Found extends Error {
  override readonly name = "Found";
  readonly trying: string;

  constructor(trying: string, cause: Error) {
    super(`${trying}: ${cause.message}`, { cause });
    this.trying = trying;
  }
}

export interface Going {
  readonly counts: Counts;
  readonly seed: number;
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

function exploreAll(part: string, trials: Iterable<Trial>, depth: Depth, { counts, seed, goOn }: Going): void {
  const random = seededChance(seed);
  for (const trial of trials) {
    let last = trial;
    let goes = true;
    trying(() => describe(last), () => {
      goes = explore(trial, depth, counts, random, (next) => {
        last = next;
        return goOn(part);
      });
    });
    if (!goes) return;
  }
}

const plain = (scenario: Scenario): Trial => ({ scenario, logged: false, strikes: [], departure: undefined });
const logged = (scenario: Scenario): Trial => ({ scenario, logged: true, strikes: [], departure: undefined });

/** Of exhaustive parts: one in so many of what there is. */
export interface Share {
  readonly logged: number;
  readonly pairs: number;
  readonly triples: number;
  readonly departures: number;
}

export const all: Share = { logged: 1, pairs: 1, triples: 4, departures: 2 };

export function everySingle(going: Going): void {
  exploreAll("one crash", scenarios.map(plain), { strikes: 1, window: 0, oneIn: 1 }, going);
}

/** Nodes that lose their past, a crash at every boundary around it. */
export function everyLife(going: Going): void {
  exploreAll("new lives", livesScenarios.map(plain), { strikes: 1, window: 0, oneIn: 1 }, going);
}

export function everySingleLogged(going: Going, oneIn: number): void {
  exploreAll("one crash, turn log", scenarios.map(logged), { strikes: 1, window: 0, oneIn }, going);
}

/** Two crashes: the second in the recovery from the first, or soon after. */
export function pairs(going: Going, oneIn: number): void {
  exploreAll("two crashes", scenarios.map(plain), { strikes: 2, window: 30, oneIn }, going);
  exploreAll("two crashes, turn log", scenarios.map(logged), { strikes: 2, window: 40, oneIn: oneIn * 8 }, going);
}

export function triples(going: Going, oneIn: number): void {
  exploreAll("three crashes", scenarios.map(plain), { strikes: 3, window: 20, oneIn }, going);
  exploreAll("three crashes, turn log", scenarios.map(logged), { strikes: 3, window: 30, oneIn: oneIn * 3 }, going);
}

/** One crash in an order of events that departs from the first one once. */
export function departures(going: Going, oneIn: number): void {
  const random = seededChance(going.seed + 1);
  for (const scenario of scenarios) {
    let found: Trial[] = [];
    trying(() => describe(plain(scenario)), () => (found = [...departuresOf(scenario, false, going.counts)]));
    exploreAll("another order", found.filter(() => oneIn === 1 || random(oneIn) === 0), { strikes: 1, window: 0, oneIn: oneIn * 2 }, going);
    if (!going.goOn("another order")) return;
  }
}

/** One storm: a scenario, and crashes in it, by its seed. */
export function storm(seed: number, counts: Counts): void {
  const below = seededChance(seed * 7 + 3);
  const options: StormOptions = { logged: below(3) === 0, oneIn: [7, 9, 12, 25][below(4)]!, most: [20, 150, 300][below(3)]!, comparesStates: below(5) === 0 };
  const lives = seed % 6 === 0 ? livesScenarios[below(livesScenarios.length)] : undefined;
  trying(() => `storm ${seed}${lives === undefined ? "" : `, ${lives.name}`}`, () => run(lives ?? stormScenario(seed), stormPlan(seed, lives === undefined ? options : { ...options, logged: false }), counts));
}

export function storms({ counts, seed, goOn }: Going): void {
  for (let next = seed; goOn("storms"); next++) storm(next, counts);
}

/** Everything, `points` of it. */
export function campaign(points: number, share: Share, going: Going): void {
  const { counts, goOn } = going;
  let parts = points;
  const limited = (part: number): Going => {
    const until = counts.crashes + Math.floor(points * part);
    return { ...going, goOn: (what) => counts.crashes < until && counts.crashes < parts && goOn(what) };
  };
  everySingle(limited(1));
  everyLife(limited(1));
  everySingleLogged(limited(0.2), share.logged);
  pairs(limited(0.12), share.pairs);
  triples(limited(0.05), share.triples);
  departures(limited(0.08), share.departures);
  parts = points;
  storms(limited(1));
}

export { noCounts, runTrial };
