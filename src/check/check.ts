/**
 * `maceken/check`: explores every state that a declared world can reach and holds its properties against each. Under Ken a crash is
 * nothing that an app could notice, so what is explored is every order of turns.
 */
import type { WorldDefinition } from "../sim/world-definition.ts";
import { AppModel } from "./app-model.ts";
import { AppView } from "./app-view.ts";
import { BreadthFirst, type SearchEnd } from "./breadth-first.ts";

export { always, call, eventually, eventuallyAlways, leadsTo, world, WorldDefinition, type Calls, type ClientCall, type MessageView, type NodeDeclaration, type Predicate, type Property, type WorldOptions, type WorldView } from "../sim/world-definition.ts";

export interface CheckOptions {
  /** Default: no bound but memory. */
  readonly maxStates?: number;
  /** Turns from the beginning. */
  readonly maxDepth?: number;
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

export interface TraceStep {
  /** Empty in the first. */
  readonly node: string;
  readonly what: string;
}

export interface PropertyViolation {
  readonly property: string;
  readonly what: string;
  readonly trace: readonly TraceStep[];
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
  const model = new AppModel(definition);
  const view = new AppView(model, model.initial()[0]!);
  const safety = definition.properties.filter(({ kind }) => kind === "always");
  let violated = "";
  const search = new BreadthFirst(
    model,
    {
      violation(state) {
        const failure = model.failureIn(state);
        if (failure !== undefined) {
          violated = "no handler throws";
          return failure;
        }
        view.turnTo(state);
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
  return {
    end,
    ...progress(),
    violation: violation === undefined ? undefined : { property: violated, what: violation.what, trace: traceOf(model, search, violation.state) },
  };
}

function traceOf(model: AppModel, search: BreadthFirst, state: number): TraceStep[] {
  const steps = search.trace(state);
  const trace: TraceStep[] = [{ node: "", what: "every node is born" }];
  for (let at = 1; at < steps.length; at++) {
    const { node, words } = [...model.actions(steps[at - 1]!.state)][steps[at]!.action]!;
    trace.push({ node, what: words });
  }
  return trace;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
