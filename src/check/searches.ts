/**
 * The two ways in which a world is searched, alike to whoever runs them: every state, breadth first; or random walks. Each runs in slices
 * and says how far it is, and what it found as a way of states and actions.
 */
import { assert } from "../base/assert.ts";
import type { AppModel } from "./app-model.ts";
import { BreadthFirst, type SearchBounds, type SearchEnd } from "./breadth-first.ts";
import { fingerprint, Successors, type Choose } from "./model.ts";
import { DeadWalk } from "./dead-walk.ts";
import { RandomWalk } from "./random-walk.ts";
import type { StepTaken } from "./trace.ts";
import { WalkWays, type Unmet } from "./walk-ways.ts";
import { WayProperties } from "./way-properties.ts";
import { WorldRules } from "./world-rules.ts";

export interface Found {
  readonly property: string;
  readonly what: string;
  readonly steps: readonly StepTaken[];
  readonly circleFrom?: number | undefined;
  readonly criticalAt?: number | undefined;
}

export interface SearchFigures {
  /** Found, each once; of random walks nobody knows. */
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly waiting: number;
  readonly bytesPerState: number;
}

export interface Search {
  /** Undefined while there is more to do. */
  run(): SearchEnd | "walked" | undefined;
  figures(): SearchFigures;
  found(): Found | undefined;
}

/** Expanded between two looks at the clock. */
const sliceStates = 2_000;

export class EveryState implements Search {
  readonly #model: AppModel;
  readonly #ways: WayProperties;
  readonly #rules: WorldRules;
  readonly #search: BreadthFirst;

  constructor(model: AppModel, bounds: Partial<SearchBounds>) {
    this.#model = model;
    this.#ways = new WayProperties(model.definition.properties);
    this.#rules = new WorldRules(model, this.#ways);
    this.#search = new BreadthFirst(model, this.#rules, bounds, this.#ways.graph);
  }

  run(): SearchEnd | undefined {
    return this.#search.run(sliceStates);
  }

  figures(): SearchFigures {
    const { visited, transitions, depth, waiting } = this.#search;
    return { states: visited.count, transitions, depth, waiting, bytesPerState: visited.bytesPerState };
  }

  found(): Found | undefined {
    const { violation, visited } = this.#search;
    if (violation !== undefined) return { property: this.#rules.broken, what: violation.what, steps: this.#search.trace(violation.state) };
    const broken = this.#ways.violation(visited.count);
    if (broken === undefined) return undefined;
    const steps = walkThrough(this.#model, broken.way.length, (at, state) => {
      const { low, high } = fingerprint(state);
      return visited.numberOf(low, high) === broken.way[at];
    });
    return { ...broken, steps };
  }
}

/** From each state that is judged: what one walk in sixteen comes to is passed over one time in eight. */
const judgingWalks = 32;

export class Walks implements Search {
  readonly #model: AppModel;
  readonly #rules: WorldRules;
  readonly #ways: WalkWays;
  readonly #walk: RandomWalk;
  readonly #steps: number;
  readonly #maxSteps: number;
  readonly #judge: DeadWalk;
  /** What the walk that was kept has not come to. */
  #unmet: (Unmet & { readonly isEnd: boolean }) | undefined;

  constructor(model: AppModel, options: { readonly steps: number; readonly maxSteps: number; readonly choose: Choose }) {
    const { properties } = model.definition;
    this.#model = model;
    this.#ways = new WalkWays(properties);
    this.#rules = new WorldRules(model, this.#ways);
    const follower = { begun: () => this.#ways.begin(), ended: (isEnd: boolean) => this.#ended(isEnd) };
    this.#walk = new RandomWalk(model, this.#rules, properties.every(({ kind }) => kind === "always") ? options : { ...options, follower });
    this.#judge = new DeadWalk(model, { walks: judgingWalks, maxSteps: options.maxSteps, choose: options.choose });
    this.#steps = options.steps;
    this.#maxSteps = options.maxSteps;
  }

  run(): "violated" | "walked" | undefined {
    if (this.#walk.run(Math.min(sliceStates, this.#steps - this.#walk.steps))) return "violated";
    return this.#walk.steps >= this.#steps ? "walked" : undefined;
  }

  /** A walk that was long enough is judged only by what it has waited for in half of it. */
  #ended(isEnd: boolean): boolean {
    for (const each of this.#ways.unmet(isEnd ? 0 : this.#maxSteps / 2)) {
      if (!isEnd && this.#judge.canComeTrue(this.#walk.last, (state) => this.#rules.holds(each.property.holds, state))) continue;
      this.#unmet = { ...each, isEnd };
      return true;
    }
    return false;
  }

  figures(): SearchFigures {
    return { states: 0, transitions: this.#walk.steps, depth: this.#walk.longest, waiting: 0, bytesPerState: 0 };
  }

  found(): Found | undefined {
    const { violation } = this.#walk;
    if (violation !== undefined) return { property: this.#rules.broken, what: violation, steps: this.#stepsThrough(this.#walk.states()) };
    if (this.#unmet === undefined) return undefined;
    const { property, since, isEnd } = this.#unmet;
    const states = this.#walk.states();
    const verb = property.kind === "eventuallyAlways" ? "hold for good" : "come true";
    if (property.kind === "eventuallyAlways" && isEnd) return { property: property.name, what: `it does not ${verb}: nothing can happen any more`, steps: this.#stepsThrough(states) };
    const criticalAt = this.#judge.criticalAt(states, since, (state) => this.#rules.holds(property.holds, state));
    if (isEnd) return { property: property.name, what: `it does not ${verb}: nothing can happen any more`, steps: this.#stepsThrough(states), criticalAt };
    // What a walk does after that is of no interest.
    return { property: property.name, what: `it does not ${verb}: none of ${judgingWalks} random walks of ${this.#maxSteps} turns from the last state came to it`, steps: this.#stepsThrough(states.slice(0, criticalAt + 1)), criticalAt };
  }

  #stepsThrough(states: readonly Int32Array[]): StepTaken[] {
    return walkThrough(this.#model, states.length, (at, state) => states[at]!.every((value, place) => value === state[place]));
  }
}

/** A way of so many states, each of which is known when it is seen, with the actions between them. */
function walkThrough(model: AppModel, length: number, isNext: (at: number, state: Int32Array) => boolean): StepTaken[] {
  const initial = model.initial();
  const first = initial.findIndex((state) => isNext(0, state));
  let state = initial[first]!;
  const steps: StepTaken[] = [{ state, action: first }];
  const successors = new Successors(model.width);
  for (let at = 1; at < length; at++) {
    successors.begin(state, 0, 0);
    model.expand(state, successors);
    const rows = Array.from({ length: successors.count }, (_, row) => successors.rows.slice(row * model.width, (row + 1) * model.width));
    const action = rows.findIndex((row) => isNext(at, row));
    assert(action >= 0, "each state of a way leads to the next");
    state = rows[action]!;
    steps.push({ state, action });
  }
  return steps;
}
