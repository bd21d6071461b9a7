/**
 * A figure: one number that the suite reports, with everything needed to judge it: how it spread, what the machine alone
 * would give, what it has to reach, and how durable it was.
 */
import { summarise, type Summary } from "./statistics.ts";

export interface Floor {
  readonly what: string;
  readonly value: number;
}

export interface Figure extends Summary {
  /** Unique in the suite; what baselines are compared by. */
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** What made the work durable when this was measured; "none" where nothing is. */
  readonly sync: string;
  readonly floor?: Floor;
  /** value / floor where lower is better, the same upside up where higher is: 1 is the floor, and more is worse in both. */
  readonly ratio?: number;
  /** The bound it has to keep, of the value or of the ratio. */
  readonly must?: { readonly of: "value" | "ratio"; readonly bound: number };
  readonly note?: string;
}

export interface FigureOptions {
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly sync: string;
  readonly floor?: Floor;
  readonly must?: { readonly of: "value" | "ratio"; readonly bound: number };
  readonly note?: string;
}

export function figure(values: readonly number[], options: FigureOptions): Figure {
  const { floor } = options;
  const summary = summarise(values);
  if (floor === undefined) return { ...options, ...summary };
  const ratio = options.better === "lower" ? summary.median / floor.value : floor.value / summary.median;
  return { ...options, ...summary, ratio };
}

/** Whether the figure keeps its bound; undefined when it has none. */
export function isKept({ must, median, ratio, better }: Figure): boolean | undefined {
  if (must === undefined) return undefined;
  // A ratio is better when it is lower, whatever its figure is.
  if (must.of === "ratio") return ratio !== undefined && ratio <= must.bound;
  return better === "lower" ? median <= must.bound : median >= must.bound;
}
