/**
 * Holds results against earlier ones. Only ratios to the floor of the same run are judged: they do not depend on how fast the
 * machine was that day. Absolute values are shown for people.
 */
import type { Figure } from "./figure.ts";
import { round, type Results } from "./report.ts";

/** A ratio may get this much worse before it counts. */
const tolerance = 1.2;

export interface Comparison {
  readonly lines: readonly string[];
  readonly regressions: readonly string[];
}

export function compare(now: Results, before: Results): Comparison {
  const old = new Map(before.figures.map((each) => [each.name, each]));
  const lines: string[] = [];
  const regressions: string[] = [];
  for (const each of now.figures) {
    const was = old.get(each.name);
    if (was === undefined) continue;
    lines.push(`${each.name}: ${round(was.median)} -> ${round(each.median)} ${each.unit} (${change(each, was)})`);
    if (each.ratio === undefined || was.ratio === undefined || each.ratio <= was.ratio * tolerance) continue;
    regressions.push(`${each.name} is now ${each.ratio.toFixed(2)}x its floor, it was ${was.ratio.toFixed(2)}x`);
  }
  return { lines, regressions };
}

function change(now: Figure, before: Figure): string {
  const factor = now.better === "higher" ? now.median / before.median : before.median / now.median;
  return factor >= 1 ? `${factor.toFixed(2)}x better` : `${(1 / factor).toFixed(2)}x worse`;
}
