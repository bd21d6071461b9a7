/** Explores one of the worlds of the table and holds what it found against what is expected. Prints nothing. */
import { check, type CheckResult, WorldDefinition } from "#maceken/check/check.js";
import type { Cores } from "#maceken/check/cores.js";
import { explore as exploreShared } from "#maceken/check/explore.js";
import { BreadthFirst } from "#maceken/check/breadth-first.js";
import { join } from "node:path";
import { repository } from "../lib/consumer-project.ts";
import type { CheckedWorld, Expected, HandWritten } from "./checked-worlds.ts";

const examples = join(repository, "examples");

type Figures = Pick<CheckResult, "states" | "transitions" | "depth" | "seconds" | "cores">;

export interface Explored extends Figures {
  /** `holds`, or what is violated. */
  readonly found: string;
  /** What is not as expected; undefined when all is. */
  readonly wrong: string | undefined;
}

interface Result extends Figures {
  readonly end: string;
  readonly violation: { readonly property: string; readonly turns: number } | undefined;
}

/** `coresFor`: for the worlds that a file declares. */
export async function explore({ what, options, expected }: CheckedWorld, coresFor?: (file: string) => Cores): Promise<Explored> {
  const subject = typeof what === "function" ? what() : ((await import(`../../examples/${what}`)) as { readonly default: WorldDefinition }).default;
  const cores = typeof what === "function" ? undefined : coresFor?.(join(examples, what));
  const result = subject instanceof WorldDefinition ? await exploreWorld(subject, options, cores) : exploreModel(subject);
  const { states, transitions, depth, seconds, cores: used, violation } = result;
  return { states, transitions, depth, seconds, cores: used, found: violation === undefined ? "holds" : `violated in ${violation.turns} turns: ${violation.property}`, wrong: difference(result, expected) };
}

async function exploreWorld(world: WorldDefinition, options: CheckedWorld["options"] = {}, cores?: Cores): Promise<Result> {
  const { violation, ...result } = cores === undefined ? await check(world, options) : await exploreShared(world, options, cores);
  return { ...result, violation: violation && { property: violation.property, turns: violation.trace.length - 1 } };
}

function exploreModel({ model, violation }: HandWritten): Result {
  const search = new BreadthFirst(model, { isExpanded: () => true, violation });
  const begun = performance.now();
  let end: string | undefined;
  while (end === undefined) end = search.run(100_000);
  const found = search.violation;
  return {
    states: search.visited.count, transitions: search.transitions, depth: search.depth, seconds: (performance.now() - begun) / 1000, cores: 1, end,
    violation: found && { property: found.what, turns: search.trace(found.state).length - 1 },
  };
}

export function difference({ states, depth, end, violation }: Omit<Result, "seconds" | "transitions" | "cores">, expected: Expected): string | undefined {
  if ("violated" in expected) {
    if (violation === undefined) return `${JSON.stringify(expected.violated)} is not found to be violated: the search ended with ${states} states, ${end}`;
    if (violation.property !== expected.violated) return `${JSON.stringify(violation.property)} is violated, and ${JSON.stringify(expected.violated)} was expected`;
    return violation.turns === expected.turns ? undefined : `it is violated in ${violation.turns} turns, and ${expected.turns} were expected`;
  }
  if (violation !== undefined) return `${JSON.stringify(violation.property)} is violated, in ${violation.turns} turns`;
  if (end !== "complete") return `it ended before every state was looked at: ${end}`;
  if (states !== expected.states) return `${states} states, and ${expected.states} were expected`;
  return depth === expected.depth ? undefined : `depth ${depth}, and ${expected.depth} was expected`;
}
