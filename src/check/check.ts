/**
 * `maceken/check`: explores every state that a declared world can reach and holds its properties against each. Under Ken a crash is
 * nothing that an app could notice, so what is explored is every order of turns.
 */
import { assert } from "../base/assert.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import { AppModel } from "./app-model.ts";
import { AppView } from "./app-view.ts";
import { BreadthFirst, type SearchEnd } from "./breadth-first.ts";
import { fingerprint, Successors } from "./model.ts";
import { traceOf, type StepTaken, type TraceStep } from "./trace.ts";
import { WayProperties } from "./way-properties.ts";

export type { SentMessage, TraceStep } from "./trace.ts";
export { always, call, eventually, eventuallyAlways, leadsTo, world, WorldDefinition, type Calls, type ClientCall, type MessageView, type NodeDeclaration, type Predicate, type Property, type WorldOptions, type WorldView } from "../sim/world-definition.ts";

export interface CheckOptions {
  /** Default: no bound but memory. */
  readonly maxStates?: number;
  /** Turns from the beginning. */
  readonly maxDepth?: number;
  /**
   * "ken" (the default): crashes are not explored, because no app could notice one. "none": state is lost at a crash, as in classic Mace, and
   * nodes crash up to `crashes` times, all together; for comparison.
   */
  readonly persistence?: "ken" | "none";
  /** Default 1. */
  readonly crashes?: number;
  /** Stops it: the answer is what was found until then. */
  readonly signal?: AbortSignal;
  /** Called some times a second. */
  onProgress?(progress: CheckProgress): void;
}

export interface CheckProgress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Found and not explored yet. */
  readonly waiting: number;
  readonly seconds: number;
  readonly bytesPerState: number;
  /** Turns that were executed, and those that were looked up instead. */
  readonly turnsExecuted: number;
  readonly turnsLookedUp: number;
  /** States of the nodes, all together. */
  readonly nodeStates: number;
}

export interface PropertyViolation {
  readonly property: string;
  readonly what: string;
  /** A shortest one of a property of states. */
  readonly trace: readonly TraceStep[];
  /** Of a property of ways: the last step leads back to the state after this one, and so on for ever. Otherwise nothing can happen after the last step. */
  readonly circleFrom?: number;
  /** The critical transition: the step after which the property could not come true any more. */
  readonly criticalAt?: number;
}

export interface CheckResult extends CheckProgress {
  /** "complete": every reachable state was looked at. Otherwise what ended it. */
  readonly end: SearchEnd | "stopped";
  readonly violation: PropertyViolation | undefined;
}

/** Expanded between two looks at the clock. */
const sliceStates = 2_000;
const progressEveryMs = 200;

/** Errors: MK_START_FAILED when a constructor throws; what a property throws. */
export async function check(definition: WorldDefinition, options: CheckOptions = {}): Promise<CheckResult> {
  const model = new AppModel(definition, options.persistence === "none" ? (options.crashes ?? 1) : 0);
  const view = new AppView(model, model.initial()[0]!);
  const safety = definition.properties.filter(({ kind }) => kind === "always");
  const ways = new WayProperties(definition.properties);
  let violated = "";
  const search = new BreadthFirst(
    model,
    {
      violation(state) {
        const failure = model.failureIn(state);
        if (failure !== undefined) {
          ways.skip();
          violated = "no handler throws";
          return failure;
        }
        view.turnTo(state);
        ways.look(view);
        for (const { name, holds } of safety) {
          const answer = holds(view);
          if (answer === true) continue;
          violated = name;
          return answer === false ? "it does not hold" : answer;
        }
        return undefined;
      },
      isExpanded: (state) => model.failureIn(state) === undefined && (definition.constraint === undefined || definition.constraint(view.turnTo(state)) === true),
    },
    { ...(options.maxStates === undefined ? {} : { maxStates: options.maxStates }), ...(options.maxDepth === undefined ? {} : { maxDepth: options.maxDepth }) },
    ways.graph,
  );
  const begun = performance.now();
  const progress = (): CheckProgress => ({
    states: search.visited.count,
    transitions: search.transitions,
    depth: search.depth,
    waiting: search.waiting,
    seconds: (performance.now() - begun) / 1000,
    bytesPerState: search.visited.bytesPerState,
    turnsExecuted: sum(model.nodes.map(({ turns }) => turns.executed)),
    turnsLookedUp: sum(model.nodes.map(({ turns }) => turns.lookedUp)),
    nodeStates: sum(model.nodes.map(({ states }) => states.count)),
  });
  let end: SearchEnd | "stopped" | undefined;
  let toldAt = begun;
  while (end === undefined) {
    end = search.run(sliceStates);
    if (performance.now() - toldAt < progressEveryMs) continue;
    toldAt = performance.now();
    options.onProgress?.(progress());
    await new Promise((resolve) => setImmediate(resolve));
    if (options.signal?.aborted === true) end ??= "stopped";
  }
  const { violation } = search;
  if (violation !== undefined) return { end, ...progress(), violation: { property: violated, what: violation.what, trace: traceOf(model, search.trace(violation.state)) } };
  const broken = ways.violation(search.visited.count);
  if (broken === undefined) return { end, ...progress(), violation: undefined };
  const { property, what, circleFrom, criticalAt, way } = broken;
  const trace = traceOf(model, walk(model, way, (state) => numberOf(search, state)));
  return { end: "violated", ...progress(), violation: { property, what, trace, ...(circleFrom === undefined ? {} : { circleFrom }), ...(criticalAt === undefined ? {} : { criticalAt }) } };
}

function numberOf(search: BreadthFirst, state: Int32Array): number {
  const { low, high } = fingerprint(state);
  return search.visited.numberOf(low, high);
}

/** The states of a way that is known by their numbers, and the actions between them. */
function walk(model: AppModel, way: readonly number[], numberOf: (state: Int32Array) => number): StepTaken[] {
  let state = model.initial()[way[0]!]!;
  const steps: StepTaken[] = [{ state, action: way[0]! }];
  const successors = new Successors(model.width);
  for (const number of way.slice(1)) {
    successors.begin(state, 0, 0);
    model.expand(state, successors);
    const rows = Array.from({ length: successors.count }, (_, row) => successors.rows.slice(row * model.width, (row + 1) * model.width));
    const action = rows.findIndex((row) => numberOf(row) === number);
    assert(action >= 0, "each state of a way leads to the next");
    state = rows[action]!;
    steps.push({ state, action });
  }
  return steps;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
