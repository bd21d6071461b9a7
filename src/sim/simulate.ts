/**
 * Simulates a declared world for a number of seeds, and makes a seed that fails smaller: which faults and calls are needed for the same
 * violation. What one run is, is world.ts.
 */
import { SeededChoices } from "./choices.ts";
import { drawPlan, faultInWords, maskedFaults, type FaultKind, type PlannedFault } from "./fault-plan.ts";
import { shrink } from "./shrink.ts";
import type { Tampering } from "./simulated-process.ts";
import type { TraceLine } from "./timeline.ts";
import { World, type Violation } from "./world.ts";
import { drawSettings, type WorldSettings } from "./world-settings.ts";
import type { ClientCall, WorldDefinition } from "./world-definition.ts";

export interface SimulateOptions {
  /** The first seed. Default 1. */
  readonly seed?: number;
  /** How many, one after the other. Default 20. */
  readonly seeds?: number;
  /** Kinds of faults that may happen; none for a run without. Default: all that Ken masks. */
  readonly faults?: readonly FaultKind[];
  /** How many faults a run has at most. Default 12. */
  readonly maxFaults?: number;
  /** How long faults happen, in simulated ms. Default: from 300 ms to 30 s, by the seed. */
  readonly faultyMs?: number;
  /** How long a world has to finish once it is healed, in simulated ms. Default 130,000. */
  readonly settleMs?: number;
  /**
   * "when needed": nodes that all dial each other meet when one has something to say to the other, and know each other's keys; for worlds of
   * hundreds of nodes, of which each talks to few. Default "at once".
   */
  readonly connects?: "at once" | "when needed";
  /** "full" looks at the whole heap after every turn, for writes that the barrier could not see. Default: in one seed of four. */
  readonly audit?: "full" | "off";
  /** Runs the surviving turns again without failures and compares. Default true. */
  readonly reference?: boolean;
  /** Makes a failing run smaller. Default true. */
  readonly shrink?: boolean;
  /** Told of everything that happens, run by run. */
  readonly onTrace?: (line: TraceLine) => void;
  /** After each seed. */
  readonly onProgress?: (progress: SimulationFigures) => void;
  /** Stops it: the answer is what was found until then. */
  readonly signal?: AbortSignal;
}

export interface SimulationFigures {
  /** Seeds that were run, without those of shrinking. */
  readonly runs: number;
  /** Turns that handlers ran, those that crashes have undone included. */
  readonly turns: number;
  readonly turnsUndone: number;
  readonly events: number;
  readonly crashes: number;
  readonly powerLosses: number;
  readonly crashesInRecovery: number;
  readonly recoveries: number;
  readonly connections: number;
  readonly simulatedMs: number;
  readonly realMs: number;
  /** By kind, the faults that happened. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

export interface SimulationViolation extends Violation {
  readonly seed: number;
  /** That are needed for it, as far as was found. */
  readonly faults: readonly string[];
  readonly calls: Readonly<Record<string, readonly ClientCall[]>>;
  /** What happened, to its end. */
  readonly trace: readonly TraceLine[];
}

export interface SimulationResult {
  readonly figures: SimulationFigures;
  /** Of the last run. */
  readonly traceHash: string;
  readonly violation: SimulationViolation | undefined;
}

/** What a run needs beside its seed. */
export interface RunPlan {
  readonly faults: readonly PlannedFault[];
  readonly calls: ReadonlyMap<string, readonly ClientCall[]>;
}

export interface InternalOptions extends SimulateOptions {
  /** For tests that plant a mistake into the kernel. */
  readonly tampering?: Tampering;
}

const settleMs = 130_000;
const maxFaults = 12;

/** Errors: MK_START_FAILED when a constructor throws, and whatever a property throws. */
export async function simulate(definition: WorldDefinition, options: SimulateOptions | InternalOptions = {}): Promise<SimulationResult> {
  const { seed: first = 1, seeds = 20, onProgress, signal } = options;
  const figures = new Figures();
  let traceHash = "";
  for (let seed = first; seed < first + seeds; seed++) {
    const world = runSeed(definition, seed, options, planOf(definition, seed, options), options.onTrace);
    figures.add(world);
    traceHash = world.timeline.hash.text;
    onProgress?.(figures.figures());
    if (world.violation !== undefined) return { figures: figures.figures(), traceHash, violation: explain(definition, seed, options, world.violation) };
    if (signal?.aborted === true) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { figures: figures.figures(), traceHash, violation: undefined };
}

function settingsOf(seed: number, options: SimulateOptions): WorldSettings {
  const settings = drawSettings(new SeededChoices(seed), options.faultyMs);
  return { ...settings, ...(options.audit === undefined ? {} : { audit: options.audit }), ...(options.connects === "when needed" ? { areKeysKnown: true, restsFirst: true } : {}) };
}

function planOf(definition: WorldDefinition, seed: number, options: SimulateOptions): RunPlan {
  const { horizonMs } = settingsOf(seed, options);
  const faults = drawPlan(new SeededChoices(seed), { nodes: [...definition.nodes.keys()], kinds: options.faults ?? maskedFaults, horizonMs, most: options.maxFaults ?? maxFaults });
  return { faults, calls: definition.clients };
}

function runSeed(definition: WorldDefinition, seed: number, options: InternalOptions, plan: RunPlan, trace?: (line: TraceLine) => void): World {
  const world = new World(definition, {
    choices: new SeededChoices(seed),
    settings: settingsOf(seed, options),
    plan: plan.faults,
    calls: plan.calls,
    settleMs: options.settleMs ?? settleMs,
    checksReference: options.reference ?? true,
    ...(trace === undefined ? {} : { trace }),
    ...(options.tampering === undefined ? {} : { tampering: options.tampering }),
  });
  world.run();
  return world;
}

function explain(definition: WorldDefinition, seed: number, options: SimulateOptions, found: Violation): SimulationViolation {
  let plan = planOf(definition, seed, options);
  if (options.shrink !== false) plan = shrink(plan, (smaller) => runSeed(definition, seed, options, smaller).violation?.property === found.property);
  const trace: TraceLine[] = [];
  const { violation = found } = runSeed(definition, seed, options, plan, (line) => void trace.push(line));
  return { ...violation, seed, faults: plan.faults.map(faultInWords), calls: Object.fromEntries(plan.calls), trace };
}

class Figures {
  readonly #begunMs = performance.now();
  readonly #faults = new Map<FaultKind, number>();
  readonly #sums = { runs: 0, turns: 0, turnsUndone: 0, events: 0, crashes: 0, powerLosses: 0, crashesInRecovery: 0, recoveries: 0, connections: 0, simulatedMs: 0 };

  add(world: World): void {
    const sums = this.#sums;
    sums.runs++;
    sums.turns += world.history.executed;
    sums.turnsUndone += world.history.undone;
    sums.events += world.timeline.events;
    sums.simulatedMs += world.timeline.nowMs;
    sums.connections += world.network.counts.connections;
    for (const { counts } of world.machines.values()) {
      sums.crashes += counts.deaths;
      sums.powerLosses += counts.powerLosses;
      sums.crashesInRecovery += counts.deathsInRecovery;
      sums.recoveries += counts.starts;
    }
    for (const [kind, count] of world.injection.counts) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
  }

  figures(): SimulationFigures {
    return { ...this.#sums, realMs: performance.now() - this.#begunMs, faults: Object.fromEntries(this.#faults) };
  }
}
