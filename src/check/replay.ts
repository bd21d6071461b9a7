/**
 * Walks a recorded trace again and demands that it is the same, step by step: otherwise the app or the world is another than then, or
 * something decides that the world does not control. Shows nothing.
 */
import { isDeepStrictEqual } from "node:util";
import { MaceKenError } from "../base/error.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import { installGuards } from "../sim/turn-guards.ts";
import type { AppModel } from "./app-model.ts";
import type { StoredNode } from "./stored-node.ts";
import { traceOf, type StepTaken, type TraceStep } from "./trace.ts";
import type { TraceFile } from "./trace-file.ts";
import { modelOf, walkActions } from "./trace-walk.ts";
import { WorldRules } from "./world-rules.ts";

export interface Replayed {
  readonly model: AppModel;
  /** The states after each step of the trace. */
  readonly taken: readonly StepTaken[];
}

/** Errors: MK_NONDETERMINISTIC, MK_WORLD_INVALID, MK_START_FAILED. */
export function replayTrace(definition: WorldDefinition, trace: TraceFile, from?: ReadonlyMap<string, StoredNode>): Replayed {
  const remove = installGuards();
  try {
    return replayGuarded(definition, trace, from);
  } finally {
    remove();
  }
}

function replayGuarded(definition: WorldDefinition, trace: TraceFile, from?: ReadonlyMap<string, StoredNode>): Replayed {
  const { persistence, crashes, steps, circleFrom, property } = trace;
  const names = [...definition.nodes.keys()];
  if (!isDeepStrictEqual(names, trace.nodes)) throw different(`the world has the nodes ${names.join(", ")}, the trace ${trace.nodes.join(", ")}`);
  const model = modelOf(definition, { ...(persistence === undefined ? {} : { persistence }), ...(crashes === undefined ? {} : { crashes }), ...(from === undefined ? {} : { from }) });
  const taken = walkActions(model, steps.map(({ action }) => action));
  const walked = taken.length === 0 ? [] : traceOf(model, taken);
  for (const [at, step] of steps.entries()) {
    const difference = walked[at] === undefined ? "it is not possible now" : differenceOf(step, walked[at]);
    if (difference !== undefined) throw different(`step ${at} (${step.node === "" ? "" : `${step.node}: `}${step.what}) is not what it was: ${difference}`);
  }
  const last = taken.at(-1)!.state;
  if (circleFrom !== undefined && !isDeepStrictEqual(last, taken[circleFrom]!.state)) throw different(`step ${steps.length - 1} does not lead back to where step ${circleFrom} led`);
  if (circleFrom === undefined && trace.criticalAt === undefined && isOfStates(definition, property)) {
    const rules = new WorldRules(model);
    if (rules.violation(last) === undefined || rules.broken !== property) throw different(`after step ${steps.length - 1} ${JSON.stringify(property)} is not violated`);
  }
  return { model, taken };
}

/** Those that no world declares, of handlers that throw, too. */
function isOfStates({ properties }: WorldDefinition, name: string): boolean {
  const property = properties.find((each) => each.name === name);
  return property === undefined || property.kind === "always";
}

function differenceOf(was: TraceStep, is: TraceStep): string | undefined {
  for (const field of ["of", "node", "what", "client", "from", "sentBy", "isCrash", "threw", "sent", "answered", "changes", "digest"] as const) {
    if (isDeepStrictEqual(was[field], is[field])) continue;
    if (field === "digest") return "it left, sent or answered other values, where the words are cut short";
    if (field === "of") return `${was.of} turns were possible, now ${is.of}`;
    return `${words[field] ?? field} was ${shown(was[field])}, now ${shown(is[field])}`;
  }
  return undefined;
}

const words: Partial<Record<keyof TraceStep, string>> = { what: "the turn", threw: "what it threw", sent: "what it sent", answered: "what it answered", changes: "what it changed", sentBy: "the step that sent its message" };

function shown(value: unknown): string {
  return value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
}

function different(what: string): MaceKenError {
  return new MaceKenError("MK_NONDETERMINISTIC", what, {
    remedy: "If the app or the world was changed since the trace was written, check again. If not, something decides that the world does not control: take time and chance from this.turn.now() and this.turn.random(), and keep state in fields of services.",
  });
}
