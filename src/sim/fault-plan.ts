/**
 * What goes wrong in a run, and when: drawn beforehand as a list, so that a failing run can be tried with less of it. Data; how each is done
 * is fault-injection.ts.
 */
import { between, chance, oneOf, type ChoiceSource } from "./choices.ts";
import { powerOutcomes, type PowerOutcome } from "./disk-faults.ts";

export type PlannedFault = { readonly atMs: number } & (
  | { readonly kind: "crash"; readonly node: string; readonly operations: number; readonly downMs: number; readonly again: readonly number[] }
  | { readonly kind: "power loss"; readonly node: string; readonly operations: number; readonly outcome: PowerOutcome; readonly downMs: number; readonly again: readonly number[] }
  | { readonly kind: "pause" | "suspend"; readonly node: string; readonly ms: number }
  | { readonly kind: "clock jump"; readonly node: string; readonly byMs: number }
  | { readonly kind: "partition"; readonly group: readonly string[]; readonly ms: number }
  | { readonly kind: "one-way partition"; readonly from: string; readonly to: string; readonly ms: number }
  | { readonly kind: "reset" | "half-open" | "bit flip"; readonly node: string }
  | { readonly kind: "slow link" | "lossy link" | "clogged link" | "small reads"; readonly from: string; readonly to: string; readonly amount: number; readonly ms: number }
  | { readonly kind: "stranger"; readonly node: string; readonly bytes: number }
  | { readonly kind: "slow disk"; readonly node: string; readonly slowness: number; readonly ms: number }
  | { readonly kind: "failed sync" | "failed write" | "failed read"; readonly node: string }
  | { readonly kind: "no space"; readonly node: string; readonly spareBytes: number; readonly ms: number }
  | { readonly kind: "lost answers"; readonly perMille: number; readonly ms: number }
  | { readonly kind: "departure"; readonly node: string }
  | { readonly kind: "old backup"; readonly node: string; readonly ageMs: number }
);

export type FaultKind = PlannedFault["kind"];

/** Of those that Ken masks. */
export const maskedFaults: readonly FaultKind[] = [
  "crash", "power loss", "pause", "suspend", "clock jump", "partition", "one-way partition", "reset", "half-open", "bit flip", "slow link", "lossy link",
  "clogged link", "small reads", "stranger", "slow disk", "failed sync", "failed write", "failed read", "no space", "lost answers",
];

/** What is not: a node that never comes back, and data that are older than what others have seen of them. */
export const unmaskedFaults: readonly FaultKind[] = ["departure", "old backup"];

/** Deaths strike where most can go wrong. */
const weights: Partial<Record<FaultKind, number>> = { crash: 6, "power loss": 8, partition: 3, reset: 3, "one-way partition": 2 };
const operationsMost = 120;

export interface PlanOptions {
  readonly nodes: readonly string[];
  readonly kinds: readonly FaultKind[];
  readonly horizonMs: number;
  readonly most: number;
}

export function drawPlan(choices: ChoiceSource, { nodes, kinds, horizonMs, most }: PlanOptions): PlannedFault[] {
  const usable = nodes.length > 1 ? kinds : kinds.filter((kind) => !ofLinks.has(kind));
  const weighted = usable.flatMap((kind) => Array.from({ length: weights[kind] ?? 1 }, () => kind));
  if (weighted.length === 0) return [];
  const count = choices.choose(most + 1, "plan");
  const plan = Array.from({ length: count }, () => drawFault(choices, oneOf(choices, weighted, "plan"), nodes, horizonMs));
  return plan.sort((a, b) => a.atMs - b.atMs);
}

const ofLinks: ReadonlySet<FaultKind> = new Set<FaultKind>(["partition", "one-way partition", "reset", "half-open", "bit flip", "slow link", "lossy link", "clogged link", "small reads"]);

function drawFault(choices: ChoiceSource, kind: FaultKind, nodes: readonly string[], horizonMs: number): PlannedFault {
  const atMs = between(choices, 0, horizonMs, "plan");
  const node = oneOf(choices, nodes, "plan");
  const ms = between(choices, 0, horizonMs / 3, "plan");
  const whole = (most: number): number => choices.choose(most, "plan");
  const death = { operations: whole(operationsMost), downMs: between(choices, 1, Math.min(5_000, horizonMs / 4), "plan"), again: Array.from({ length: chance(choices, 400, "plan") ? 1 + whole(3) : 0 }, () => whole(80)) };
  const pair = (): { from: string; to: string } => ({ from: node, to: oneOf(choices, nodes.filter((other) => other !== node), "plan") });
  switch (kind) {
    case "crash":
      return { kind, atMs, node, ...death };
    case "power loss":
      return { kind, atMs, node, ...death, outcome: oneOf(choices, powerOutcomes, "plan") };
    case "pause":
    case "suspend":
      return { kind, atMs, node, ms };
    case "clock jump":
      return { kind, atMs, node, byMs: Math.round(oneOf(choices, [-1, 1], "plan") * between(choices, 1, 365 * 24 * 3_600_000, "plan")) };
    case "partition":
      return { kind, atMs, ms, group: nodes.filter((each) => each === node || choices.choose(2, "plan") === 0) };
    case "one-way partition":
      return { kind, atMs, ms, ...pair() };
    case "reset":
    case "half-open":
    case "bit flip":
    case "failed sync":
    case "failed write":
    case "failed read":
    case "departure":
      return { kind, atMs, node };
    case "slow link":
      return { kind, atMs, ms, ...pair(), amount: between(choices, 1, 10_000, "plan") };
    case "lossy link":
      return { kind, atMs, ms, ...pair(), amount: 50 + whole(500) };
    case "clogged link":
      return { kind, atMs, ms, ...pair(), amount: between(choices, 0.05, 20, "plan") };
    case "small reads":
      return { kind, atMs, ms, ...pair(), amount: 1 + whole(16) };
    case "stranger":
      return { kind, atMs, node, bytes: 1 + whole(5_000) };
    case "slow disk":
      return { kind, atMs, ms, node, slowness: oneOf(choices, [10, 100, 2_000], "plan") };
    case "no space":
      return { kind, atMs, ms, node, spareBytes: whole(40_000) };
    case "lost answers":
      return { kind, atMs, ms, perMille: 100 + whole(500) };
    case "old backup":
      return { kind, atMs, node, ageMs: ms };
  }
}

/** For people: `power loss at bank`. */
export function faultInWords(fault: PlannedFault): string {
  const where = "node" in fault ? ` at ${fault.node}` : "from" in fault ? ` from ${fault.from} to ${fault.to}` : "group" in fault ? ` around ${fault.group.join(", ")}` : "";
  const how = "outcome" in fault ? `, keeping ${fault.outcome}` : "ms" in fault ? ` for ${Math.round(fault.ms)} ms` : "byMs" in fault ? ` by ${fault.byMs} ms` : "";
  return `${fault.kind}${where}${how}`;
}
