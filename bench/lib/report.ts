/** The results as a table for people: aligned, every number with its unit, spread, floor, bound and sync policy beside it. */
import { isKept, type Figure } from "./figure.ts";
import type { Machine } from "./machine.ts";

export interface Results {
  readonly suite: "quick" | "full";
  readonly at: string;
  readonly machine: Machine;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Cases that could not be measured, and why. */
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

export function tableOf(figures: readonly Figure[]): string {
  const head = ["figure", "median", "unit", "min .. max", "floor", "ratio", "must", "", "sync"];
  const rows = figures.map((each) => {
    const { name, median, unit, min, max, floor, ratio, sync } = each;
    const kept = isKept(each);
    return [
      name, round(median), unit, `${round(min)} .. ${round(max)}`, floor === undefined ? "" : `${round(floor.value)} ${floor.what}`,
      ratio === undefined ? "" : ratio.toFixed(2), mustOf(each), kept === undefined ? "" : kept ? "ok" : "MISSED", sync,
    ];
  });
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const rightAligned = new Set([1, 5]);
  const pad = (cell: string, i: number): string => (rightAligned.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  const line = (cells: readonly string[]): string => cells.map(pad).join("  ").trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** What the numbers do not say themselves, a line for each figure that has a note. */
export function notesOf(figures: readonly Figure[]): string {
  return figures.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])).join("\n");
}

function mustOf({ must, better }: Figure): string {
  if (must === undefined) return "";
  if (must.of === "ratio") return `<= ${must.bound}x`;
  return `${better === "lower" ? "<=" : ">="} ${round(must.bound)}`;
}

/** Three significant digits, thousands apart. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toPrecision(3)).toLocaleString("en-US", { minimumFractionDigits: Math.min(digits, 3), maximumFractionDigits: 3 });
}

export function describeRun({ suite, machine, seconds }: Results): string {
  const { processor, cores, memoryGiB, system, node, fileSystem, loadBefore } = machine;
  return `${suite} suite in ${seconds} s; ${cores} x ${processor}, ${memoryGiB} GiB, ${system}, Node ${node}, ${fileSystem}, load before ${loadBefore}`;
}
