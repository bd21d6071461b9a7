/** The table of what was found how. */
import { detectors, type Hunt } from "./hunting.ts";
import type { Hunted } from "./hunted.ts";
import type { Mutant } from "./mutants.ts";

export const tableHead = `| mutant | breaks | ${detectors.join(" | ")} |\n|---|---|${detectors.map(() => "---|").join("")}`;

const cell = ({ found, points, runs, ms }: Hunted): string => `${found ? "" : "not in "}${runs} runs, ${points} crashes, ${(ms / 1000).toFixed(found ? 1 : 0)} s`;

export function row({ name, invariant, why }: Mutant, hunt: Hunt): string {
  return `| \`${name}\`: ${why} | ${invariant} | ${detectors.map((detector) => cell(hunt[detector])).join(" | ")} |`;
}
