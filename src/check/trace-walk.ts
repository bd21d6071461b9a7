/**
 * Walks a world along actions that are known by their numbers, in a model of its own: how a trace is replayed. Searches for nothing and
 * looks at no property.
 */
import type { WorldDefinition } from "../sim/world-definition.ts";
import { AppModel } from "./app-model.ts";
import type { CheckOptions } from "./check.ts";
import { Successors, type Model } from "./model.ts";
import type { Naming } from "./naming.ts";
import type { StepTaken } from "./trace.ts";

/** What else than the world decides which actions there are. */
export type WalkOptions = Pick<CheckOptions, "persistence" | "crashes" | "from">;

export function modelOf(definition: WorldDefinition, { persistence, crashes = 1, from }: WalkOptions, naming?: Naming): AppModel {
  return new AppModel(definition, { naming, crashesWithoutKen: persistence === "none" ? crashes : 0, ...(from === undefined ? {} : { from }) });
}

/** The steps as far as there are such actions: fewer than asked for when the world is another than the one in which they were noted. */
export function walkActions(model: Model, actions: readonly number[]): StepTaken[] {
  const first = actions[0] ?? 0;
  let state = model.initial()[first];
  if (state === undefined) return [];
  const steps: StepTaken[] = [{ state, action: first }];
  const successors = new Successors(model.width);
  for (const action of actions.slice(1)) {
    successors.begin(state, 0, 0);
    model.expand(state, successors);
    if (action >= successors.count) break;
    state = successors.rows.slice(action * model.width, (action + 1) * model.width);
    steps.push({ state, action });
  }
  return steps;
}
