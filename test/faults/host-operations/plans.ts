/** Which operations of which lives are made to fail how: taken from a run without faults, so that what a node does is what is tried. */
import type { Random } from "../../lib/generator.ts";
import type { Plan, TrialResult } from "./trial.ts";

export const errors = ["EIO", "ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "short"] as const;
/** Of an operation that comes more often than this only so many are tried: the first, the last, some between. */
const mostOfOne = 12;

export function allPlans({ counts }: TrialResult): Plan[] {
  return counts.flatMap((operations, i) => Object.entries(operations).flatMap(([operation, count]) =>
    occurrences(count).flatMap((at) => errors.flatMap((error) => {
      if (error === "short" && !operation.startsWith("write ")) return [];
      return [false, true].map((forever): Plan => ({ life: (i + 1) as 1 | 2, operation, at, forever, error }));
    }))));
}

function occurrences(count: number): number[] {
  if (count <= mostOfOne) return Array.from({ length: count }, (_, i) => i + 1);
  return [1, 2, 3, 4, ...Array.from({ length: mostOfOne - 4 }, (_, i) => 4 + Math.round(((count - 4) * (i + 1)) / (mostOfOne - 4)))];
}

/** Each kind of operation once, with the file, the life, the occurrence and the error drawn by lot. */
export function samplePlans(plans: readonly Plan[], random: Random): Plan[] {
  return [...byKind(plans).values()].map((list) => list[random(list.length)]!);
}

/** A number of them, each at most once. */
export function drawnPlans(plans: readonly Plan[], count: number, random: Random): Plan[] {
  const left = [...plans];
  for (let i = 0; i < Math.min(count, left.length); i++) {
    const other = i + random(left.length - i);
    [left[i], left[other]] = [left[other]!, left[i]!];
  }
  return left.slice(0, count);
}

function byKind(plans: readonly Plan[]): Map<string, Plan[]> {
  const groups = new Map<string, Plan[]>();
  for (const plan of plans) {
    const kind = plan.operation.split(" ")[0]!;
    groups.set(kind, [...(groups.get(kind) ?? []), plan]);
  }
  return groups;
}

export function inWords({ life, operation, at, forever, error }: Plan): string {
  return `life ${life}: ${operation} ${at} ${forever ? "and all after it" : "alone"}, ${error}`;
}
