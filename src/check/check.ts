/**
 * `maceken/check`: explores every state that a declared world can reach and holds its properties against each. Under Ken a crash is
 * nothing that an app could notice, so what is explored is every order of turns.
 */
import type { WorldDefinition } from "../sim/world-definition.ts";
import type { SearchEnd } from "./breadth-first.ts";
import { explore } from "./explore.ts";
import type { SearchFigures } from "./searches.ts";
import type { StoredNode } from "./stored-node.ts";
import type { TraceStep } from "./trace.ts";

export type { SentMessage, TraceStep } from "./trace.ts";
export { violationInWords } from "./trace-table.ts";
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
  /**
   * In place of every state, random walks: so many steps, of up to `maxSteps` a walk (default 1,000). For worlds too large to be explored.
   * A property of ways is violated where a walk ends without it, or is long and none of many more from its end comes to it.
   */
  readonly walk?: { readonly steps: number; readonly seed: number; readonly maxSteps?: number };
  /** Nodes that begin as their data directories have them, read and not run (`maceken check --from DIR`); the others are born. */
  readonly from?: ReadonlyMap<string, StoredNode>;
  /** Stops it: the answer is what was found until then. */
  readonly signal?: AbortSignal;
  /** Called some times a second. */
  onProgress?(progress: CheckProgress): void;
}

export interface CheckProgress extends SearchFigures {
  readonly seconds: number;
  /** Turns that were executed, and those that were looked up instead. */
  readonly turnsExecuted: number;
  readonly turnsLookedUp: number;
  /** States of the nodes, all together. */
  readonly nodeStates: number;
  /** That take part. */
  readonly cores: number;
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
  /** "complete": every reachable state was looked at; "walked": all steps of random walks were taken. Otherwise what ended it. */
  readonly end: SearchEnd | "walked" | "stopped";
  readonly violation: PropertyViolation | undefined;
}

/** Errors: MK_START_FAILED when a constructor throws; MK_NONDETERMINISTIC; what a property throws. */
export async function check(definition: WorldDefinition, options: CheckOptions = {}): Promise<CheckResult> {
  return explore(definition, options);
}
