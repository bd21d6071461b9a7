/**
 * A counterexample as a table for people: one line an event, aligned, what it changed indented below; the critical transition and the
 * circle marked in the margin. Text only; as wide as it needs to be.
 */
import type { PropertyViolation } from "./check.ts";
import type { SentMessage, TraceStep } from "./trace.ts";

export type ShownTrace = Pick<PropertyViolation, "circleFrom" | "criticalAt"> & { readonly steps: readonly TraceStep[] };

/** Wider texts push what follows to the right. */
const widest = 60;

/** What is violated, how, and by which steps. For the message of a failing test. */
export function violationInWords({ property, what, trace, ...marks }: PropertyViolation): string {
  return `${property}: ${what}\n\n${traceTable({ steps: trace, ...marks })}`;
}

export function traceTable(trace: ShownTrace): string {
  const { steps } = trace;
  const cells = steps.map((step, at) => [String(at), step.node, whatOf(step), outcomeOf(step)] as const);
  const head = ["STEP", "NODE", "TURN", "SENT AND ANSWERED"] as const;
  const width = (column: 0 | 1 | 2): number => Math.min(widest, Math.max(head[column].length, ...cells.map((row) => row[column].length)));
  const widths = [width(0), width(1), width(2)] as const;
  const line = (margin: string, [number, node, what, outcome]: readonly [string, string, string, string]): string =>
    `${margin} ${number.padStart(widths[0])}  ${node.padEnd(widths[1])}  ${what.padEnd(widths[2])}  ${outcome}`.trimEnd();
  const indent = " ".repeat(widths[0] + widths[1] + 7);
  const lines = [line("  ", head)];
  steps.forEach(({ changes }, at) => {
    lines.push(line(marginOf(at, trace), cells[at]!));
    const margin = isInCircle(at + 1, trace) && at + 1 < steps.length && at !== trace.circleFrom ? "│ " : "  ";
    for (const change of changes) lines.push(margin + indent + change);
  });
  return [...lines, ...legend(trace), ""].join("\n");
}

export function whatOf({ what, from, sentBy, isCrash, threw }: TraceStep): string {
  const source = from === undefined || sentBy === undefined ? "" : ` (step ${sentBy})`;
  return `${what}${isCrash === true ? ", its state lost" : ""}${source}${threw === undefined ? "" : `, threw ${threw}`}`;
}

/** `-> p1, p2: participant.prepare(); somebody is told true`. */
export function outcomeOf({ sent, answered }: TraceStep): string {
  return [...grouped(sent), ...answered.map(({ client, what }) => `client ${client} is told ${what}`)].join("; ");
}

/** Equal messages to several nodes are one item. */
function grouped(sent: readonly SentMessage[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { from, to, what } of sent) {
    const key = `${from ?? ""}\n${what}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [to]);
    else group.push(to);
  }
  return [...groups].map(([key, to]) => {
    const [from, what] = key.split("\n");
    return `${from === "" ? "" : `${from} `}-> ${to.join(", ")}: ${what}`;
  });
}

function isInCircle(at: number, { circleFrom }: ShownTrace): boolean {
  return circleFrom !== undefined && at > circleFrom;
}

function marginOf(at: number, trace: ShownTrace): string {
  const last = trace.steps.length - 1;
  const circle = !isInCircle(at, trace) ? " " : at === trace.circleFrom! + 1 ? (at === last ? "▶" : "┌") : at === last ? "└" : "│";
  return `${circle}${at === trace.criticalAt ? "!" : " "}`;
}

function legend({ steps, circleFrom, criticalAt }: ShownTrace): string[] {
  const lines: string[] = [];
  if (criticalAt !== undefined) lines.push(`! after step ${criticalAt} the property could not come true any more`);
  if (circleFrom !== undefined) lines.push(`${circleFrom + 1 === steps.length - 1 ? "▶" : "└"} after step ${steps.length - 1} everything is as it was after step ${circleFrom}: it can go on like this for ever`);
  return lines.length === 0 ? [] : ["", ...lines];
}
