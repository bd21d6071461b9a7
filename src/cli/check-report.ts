/** What a search found, in plain sentences and a table. Prints nothing itself. */
import { styleText } from "node:util";
import type { CheckOptions, CheckResult } from "../check/check.ts";
import { traceTable } from "../check/trace-table.ts";
import { readableBytes } from "../observe/readable-bytes.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import { sharePercent, whole } from "./check-progress.ts";

export interface ReportFacts {
  readonly definition: Pick<WorldDefinition, "properties" | "constraint" | "symmetric">;
  readonly options: CheckOptions;
  readonly coloured: boolean;
}

/** The tables begin with a size of their own: of so few states a figure for one says nothing. */
const fewStates = 10_000;

/** That two of so many states share a fingerprint of 64 bits, so that one of them was not looked at: n squared by 2^65. */
export function chanceHidden(states: number): number {
  return states ** 2 / 2 ** 65;
}

export function reportOf(result: CheckResult, facts: ReportFacts): string {
  const { violation } = result;
  const paint = (style: "red" | "green" | "bold", text: string): string => (facts.coloured ? styleText(style, text) : text);
  const parts = [figures(result, facts)];
  if (violation === undefined) {
    parts.push(`${result.end === "complete" ? paint("green", "holds") : paint("bold", "nothing found")}: ${endInWords(result, facts)}\n${propertyList(facts)}`);
  } else {
    const { property, what, trace, ...marks } = violation;
    const [first, ...stack] = what.split("\n");
    const told = [`${paint("red", "violated")}: ${paint("bold", property)}`, `  ${first!}`, ...stack.map((line) => `  ${line}`)].join("\n");
    parts.push(`${told}\n`, traceTable({ steps: trace, ...marks }));
    if (result.states > 0 && violation.circleFrom === undefined && violation.criticalAt === undefined) parts.push(`${turns(trace.length - 1)}: no shorter way leads to a violation\n`);
    else parts.push(`${turns(trace.length - 1)}\n`);
  }
  return parts.join("\n");
}

function turns(count: number): string {
  return count === 1 ? "1 turn" : `${whole(count)} turns`;
}

function endInWords({ end, waiting, states, transitions }: CheckResult, { definition, options }: ReportFacts): string {
  const open = `${whole(waiting)} states were found and not explored`;
  switch (end) {
    case "complete": {
      const within = definition.constraint === undefined ? "" : " within the world's constraint";
      const alike = definition.symmetric.length === 0 ? "" : ", of those that differ only in alike nodes one";
      return `every state that can be reached${within} was looked at${alike}`;
    }
    case "states":
      return `ended at ${whole(states)} states by --max-states; ${open}`;
    case "depth":
      return `ended ${whole(options.maxDepth ?? 0)} turns from the beginning by --max-depth; ${open}`;
    case "walked":
      return `${whole(transitions)} steps of random walks, seed ${options.walk?.seed}: no walk looks at every state`;
    default:
      return options.walk === undefined ? `stopped; ${open}` : `stopped, seed ${options.walk.seed}`;
  }
}

function propertyList({ definition: { properties } }: ReportFacts): string {
  if (properties.length === 0) return "  no handler throws (the world declares no properties)\n";
  const kinds = { always: "always", eventually: "eventually", leadsTo: "leads to", eventuallyAlways: "eventually always" } as const;
  return [...properties.map(({ kind, name }) => `  ${kinds[kind]}: ${name}\n`), "  always: no handler throws\n"].join("");
}

function figures(result: CheckResult, { options }: ReportFacts): string {
  const { states, transitions, depth, seconds, bytesPerState, turnsExecuted, nodeStates, cores } = result;
  const isWalk = options.walk !== undefined;
  const rows: [string, string, string][] = [
    ...(isWalk ? [] : [["states", whole(states), `${whole(states / seconds)} a second${cores === 1 ? "" : `, on ${cores} cores`}`] as [string, string, string]]),
    [isWalk ? "steps" : "transitions", whole(transitions), isWalk ? `${whole(transitions / seconds)} a second` : ""],
    ["depth", whole(depth), isWalk ? "turns, of the longest walk" : "turns from the beginning"],
    ["turns executed", whole(turnsExecuted), `the others were looked up: ${sharePercent(result)}`],
    ["states of nodes", whole(nodeStates), "all nodes together"],
    ["seconds", seconds.toFixed(2), ""],
    ["memory", readableBytes(process.memoryUsage.rss()), states < fewStates ? "" : `${bytesPerState.toFixed(1)} B a state among those visited`],
    ...(isWalk ? [] : [["hidden", chanceInWords(chanceHidden(states)), "the chance that two states share a fingerprint, so that one was passed over"] as [string, string, string]]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([name, value, remark]) => `${name.padEnd(widths[0]!)}  ${value.padStart(widths[1]!)}  ${remark}`.trimEnd() + "\n").join("");
}

function chanceInWords(chance: number): string {
  return chance.toExponential(0).replace("e-", "·10^-").replace("e+", "·10^");
}
