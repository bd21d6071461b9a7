/**
 * Chooses whom to kill and when, from a seed: one node, two or all at once, while they start, run or write a snapshot. What is
 * killed is started again at once.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { CampaignNode } from "./node-process.ts";

/** A node that is killed at every start never works; after this many in a row all are left to work for a while. */
const earlyMax = 3;
const startWithinMs = 30_000;

export interface KillReport {
  kills: number;
  /** Instants at which more than one node was killed. */
  together: number;
}

export async function killAtRandom(nodes: readonly CampaignNode[], kills: number, random: () => number, progress: (report: KillReport) => void): Promise<KillReport> {
  const report: KillReport = { kills: 0, together: 0 };
  let early = 0;
  let usualStartMs = 500;
  // A node that ended by itself has shown what was looked for; its directory is the evidence.
  while (report.kills < kills && nodes.every((node) => node.violations.length === 0)) {
    const [mode, chooser, moment] = [random(), random(), random()];
    if (mode < 0.35 && early < earlyMax) {
      early++;
      await delay(moment * usualStartMs * 1.2);
    } else {
      early = 0;
      const startedAt = performance.now();
      await Promise.all(nodes.map((node) => demandStart(node)));
      usualStartMs = Math.max(200, performance.now() - startedAt);
      await delay(20 + moment * 600);
    }
    const victims = choose(nodes, chooser, random).slice(0, kills - report.kills);
    await Promise.all(victims.map((node) => node.kill()));
    for (const node of victims) node.start();
    report.kills += victims.length;
    if (victims.length > 1) report.together++;
    progress(report);
  }
  return report;
}

async function demandStart(node: CampaignNode): Promise<void> {
  if (!(await node.ready(startWithinMs))) node.violations.push(`${node.name} did not start within ${startWithinMs} ms: ${node.output.slice(-1000)}`);
}

function choose(nodes: readonly CampaignNode[], chooser: number, random: () => number): CampaignNode[] {
  const shuffled = [...nodes].map((node) => ({ node, at: random() })).sort((x, y) => x.at - y.at).map(({ node }) => node);
  return shuffled.slice(0, chooser < 0.65 ? 1 : chooser < 0.9 ? 2 : 3);
}
