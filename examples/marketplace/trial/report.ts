/**
 * The verdict on the screen: each claim with its violations, what the processes last said if something is wrong, and one
 * last line for people and programs.
 */
import { readFileSync } from "node:fs";
import pc from "picocolors";
import type { Finding } from "./audit.ts";
import type { Cluster } from "./cluster.ts";
import { countPrints, readLabels } from "./evidence.ts";
import type { Ledger } from "./ledger.ts";

const violationsShown = 6;
const logLinesShown = 8;

export function reportFindings(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ claim, violations }) => [
      `  ${violations.length === 0 ? pc.green("✓") : pc.red("✗")} ${claim}`,
      ...violations.slice(0, violationsShown).map((violation) => `      ${violation}`),
      ...(violations.length > violationsShown ? [`      … and ${violations.length - violationsShown} more`] : []),
    ])
    .join("\n");
}

/** The last lines that each process wrote. */
export function reportLogs(cluster: Cluster): string {
  return cluster.nodes
    .map(({ name, logFile }) => [pc.dim(`${name}: ${logFile}`), ...readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-logLinesShown).map((line) => `    ${line}`)].join("\n"))
    .join("\n");
}

/** What the run was made of, in one sentence each. */
export function reportStory(cluster: Cluster, ledger: Ledger): string {
  const starts = cluster.nodes.flatMap((node) => node.startsMs).sort((a, b) => a - b);
  const labels = readLabels(cluster.labels).length;
  return [
    `  ${starts.length} times a process became ready, after ${milliseconds(starts[starts.length >> 1])} in the middle and ${milliseconds(starts.at(-1))} at most`,
    `  ${ledger.entries.length} requests were sent ${ledger.tries} times, the repetitions of the audit included`,
    `  ${labels} labels were printed ${countPrints(cluster.labels)} times, the same key making the same label`,
  ].join("\n");
}

const milliseconds = (ms: number | undefined): string => (ms === undefined ? "never" : `${Math.round(ms)} ms`);

/** Without colours: programs read it too. */
export function lastLine(passed: boolean, figures: Readonly<Record<string, number | string>>): string {
  return `marketplace: ${passed ? "PASS" : "FAIL"} ${Object.entries(figures).map(([name, value]) => `${name}=${value}`).join(" ")}`;
}
