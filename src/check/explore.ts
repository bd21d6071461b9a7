/**
 * A search of a declared world from its beginning to its result: on one core, and on several once there is enough to do. Says how far it
 * is, ends when it is asked to, and makes a trace of what it found.
 */
import { seededChance } from "../sim/seeded-chance.ts";
import { installGuards } from "../sim/turn-guards.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import type { AppModel } from "./app-model.ts";
import type { CheckOptions, CheckProgress, CheckResult } from "./check.ts";
import { canBeShared, SearchOnCores, type Cores } from "./cores.ts";
import { EveryState, Walks, type Found, type SearchFigures } from "./searches.ts";
import { traceOf } from "./trace.ts";
import { modelOf } from "./trace-walk.ts";

const progressEveryMs = 200;
/** What was done by then is done again. */
const statesOnOneCore = 50_000;

/** `cores`: to share the search with. Errors: as `check`'s; with cores also MK_CORE_FAILED. */
export async function explore(definition: WorldDefinition, options: CheckOptions, cores?: Cores): Promise<CheckResult> {
  const remove = installGuards();
  try {
    const { walk } = options;
    const isShared = cores !== undefined && cores.count > 1 && walk === undefined && canBeShared(definition, options);
    const watch = new Watch(options);
    return (await onOneCore(definition, options, watch, isShared ? (cores.from ?? statesOnOneCore) : Infinity)) ?? (await onCores(definition, options, watch, cores!));
  } finally {
    remove();
  }
}

/** The clock, and whoever wants to see it. */
class Watch {
  readonly #options: CheckOptions;
  readonly #begun = performance.now();
  #toldAt = this.#begun;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  /** From time to time; then true when the search is to end. */
  async look(progress: () => CheckProgress): Promise<boolean> {
    if (performance.now() - this.#toldAt < progressEveryMs) return false;
    this.#toldAt = performance.now();
    this.#options.onProgress?.(progress());
    await new Promise((resolve) => setImmediate(resolve));
    return this.#options.signal?.aborted === true;
  }
}

/** Undefined when it was not over after so many states. */
async function onOneCore(definition: WorldDefinition, options: CheckOptions, watch: Watch, mostStates: number): Promise<CheckResult | undefined> {
  const model = modelOf(definition, options);
  const { walk, maxStates = Infinity, maxDepth = Infinity } = options;
  const search = walk === undefined ? new EveryState(model, { maxStates, maxDepth }) : new Walks(model, { maxSteps: 1000, ...walk, choose: seededChance(walk.seed) });
  const turns = (which: "executed" | "lookedUp"): number => model.nodes.reduce((sum, { turns }) => sum + turns[which], 0);
  const progress = (): CheckProgress => progressOf(search.figures(), { seconds: watch.seconds, turnsExecuted: turns("executed"), turnsLookedUp: turns("lookedUp") }, model, 1);
  let end: CheckResult["end"] | undefined;
  while (end === undefined) {
    if (search.figures().states >= mostStates) return undefined;
    end = search.run();
    if (await watch.look(progress)) end ??= "stopped";
  }
  return resultOf(end, progress(), search.found(), model);
}

async function onCores(definition: WorldDefinition, options: CheckOptions, watch: Watch, cores: Cores): Promise<CheckResult> {
  const { maxStates = Infinity, maxDepth = Infinity, persistence, crashes } = options;
  const settings = { ...(persistence === undefined ? {} : { persistence }), ...(crashes === undefined ? {} : { crashes }) };
  const search = new SearchOnCores(definition, settings, { maxStates, maxDepth }, cores);
  try {
    const progress = (): CheckProgress => {
      const { turnsExecuted, turnsLookedUp, ...figures } = search.figures();
      return progressOf(figures, { seconds: watch.seconds, turnsExecuted, turnsLookedUp }, search.model, cores.count);
    };
    const end = await search.run(() => watch.look(progress));
    return resultOf(end, progress(), end === "violated" ? await search.found() : undefined, search.model);
  } finally {
    await search.end();
  }
}

function progressOf(figures: SearchFigures, done: Pick<CheckProgress, "seconds" | "turnsExecuted" | "turnsLookedUp">, model: AppModel, cores: number): CheckProgress {
  return { ...figures, ...done, nodeStates: model.nodes.reduce((sum, { states }) => sum + states.count, 0), cores };
}

function resultOf(end: CheckResult["end"], progress: CheckProgress, found: Found | undefined, model: AppModel): CheckResult {
  if (found === undefined) return { end, ...progress, violation: undefined };
  const { property, what, steps, circleFrom, criticalAt } = found;
  const violation = { property, what, trace: traceOf(model, steps), ...(circleFrom === undefined ? {} : { circleFrom }), ...(criticalAt === undefined ? {} : { criticalAt }) };
  return { end: "violated", ...progress, violation };
}
