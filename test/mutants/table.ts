/** The table of what was found how. */
import type { Hunt } from "./hunting.ts";
import type { Hunted } from "./hunted.ts";
import type { Mutant } from "./mutants.ts";

export const tableHead = "| mutant | breaks | checker | simulator |\n|---|---|---|---|";

const cell = ({ found, points, ms }: Hunted): string => (found ? `${points} points, ${(ms / 1000).toFixed(1)} s` : `not in ${points} points, ${(ms / 1000).toFixed(0)} s`);

export function row({ name, invariant }: Mutant, { checker, simulator }: Hunt): string {
  return `| ${name} | ${invariant} | ${cell(checker)} | ${cell(simulator)} |`;
}
