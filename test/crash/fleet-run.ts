/**
 * A fleet under load: restarted node by node with SIGTERM, or killed all at once, or on disks whose syncs take long. Then quiet, the
 * audit, a last kill of all, and the audit again of what came back.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { freePorts } from "../lib/free-ports.ts";
import { auditFleet } from "./fleet-audit.ts";
import { FleetClients } from "./fleet-clients.ts";
import { CampaignNode } from "./node-process.ts";
import type { NodeReport } from "./report.ts";

export const scenarios = ["rolling", "all-at-once", "slow-disk"] as const;
export type Scenario = (typeof scenarios)[number];

export interface FleetOptions {
  /** One after the other, in each round. */
  readonly scenario: readonly Scenario[];
  readonly nodes: number;
  /** How often all nodes are gone through, or killed. */
  readonly rounds: number;
  readonly clients: number;
  /** False leaves out the last kill of all and the audit of what comes back. */
  readonly lastKill?: boolean;
  progress?(text: string): void;
}

export interface FleetResult {
  readonly violations: readonly string[];
  readonly requests: number;
  /** Restarts or kills. */
  readonly strokes: number;
  /** In ms, of requests answered while nothing befell the nodes, and of all. */
  readonly quiet: Spread;
  readonly all: Spread;
  readonly directory: string;
}

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

const startWithinMs = 60_000;
const answersWithinMs = 60_000;
/** Of nodes on slow disks. */
const slowSyncMs = 2_000;

export async function runFleet({ scenario, nodes: count, rounds, clients: clientCount, lastKill = true, progress }: FleetOptions): Promise<FleetResult> {
  const directory = mkdtempSync(join(tmpdir(), "maceken-fleet-"));
  const nodes = await makeFleet(directory, count, scenario.includes("slow-disk") ? slowSyncMs : 0);
  const clients = new FleetClients(new Map(nodes.map(({ name, options }) => [name, `http://${options.http}`])));
  const violations: string[] = [];
  let strokes = 0;
  const goesOn = async (what: string): Promise<void> => {
    if (!(await clients.answered(clientCount * 2, answersWithinMs))) violations.push(`no answers within ${answersWithinMs} ms ${what}`);
  };
  try {
    await startAll(nodes, violations);
    clients.start(clientCount);
    await goesOn("after the start");
    if (!scenario.includes("slow-disk")) await delay(500);
    const quietUntil = performance.now();
    for (let round = 0; round < rounds && violations.length === 0; round++) {
      if (scenario.includes("rolling")) {
        for (const node of nodes) {
          await node.terminate(20_000);
          await startAll([node], violations);
          strokes++;
          progress?.(`${strokes} restarts or kills, ${clients.told.length} requests answered`);
        }
        await goesOn("after restarts");
      }
      if (scenario.includes("all-at-once")) {
        await Promise.all(nodes.map((node) => node.kill()));
        strokes += nodes.length;
        await startAll(nodes, violations);
        progress?.(`${strokes} restarts or kills, ${clients.told.length} requests answered`);
      }
      await goesOn("after all");
    }
    progress?.("settling");
    await clients.stop(answersWithinMs);
    if (clients.unanswered.size > 0) violations.push(`${clients.unanswered.size} requests were never answered`);
    const before = await settled(nodes, 30_000);
    violations.push(...(before === undefined ? ["a node did not report its state"] : auditFleet(before, clients.told)));
    if (before !== undefined && violations.length === 0 && lastKill) {
      await Promise.all(nodes.map((node) => node.kill(false)));
      await startAll(nodes, violations);
      const after = await settled(nodes, 10_000);
      for (const [name, { state }] of before) if (!isDeepStrictEqual(after?.get(name)?.state, state)) violations.push(`${name} recovered a state that is not the one it had`);
    }
    for (const each of [...nodes, clients]) violations.push(...each.violations);
    const all = clients.latencies;
    return { violations, requests: clients.told.length, strokes, quiet: spread(all.filter(({ atMs }) => atMs < quietUntil)), all: spread(all), directory };
  } finally {
    await Promise.all(nodes.map((node) => node.kill(false)));
    if (violations.length === 0) rmSync(directory, { recursive: true, force: true });
  }
}

async function makeFleet(directory: string, count: number, syncDelayMs: number): Promise<CampaignNode[]> {
  const ports = await freePorts(count * 2);
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const at = (i: number): number => (i + count) % count;
  return names.map((name, i) => {
    const neighbours = [...new Set([at(i + 1), at(i - 1)])];
    return new CampaignNode({
      name, next: names[at(i + 1)]!, data: join(directory, name), listen: `127.0.0.1:${ports[i]}`, http: `127.0.0.1:${ports[count + i]}`,
      peers: Object.fromEntries(neighbours.map((peer) => [names[peer]!, `127.0.0.1:${ports[peer]}`])), effectsFile: "", durable: true, syncDelayMs,
    });
  });
}

async function startAll(nodes: readonly CampaignNode[], violations: string[]): Promise<void> {
  for (const node of nodes) node.start();
  for (const node of nodes) if (!(await node.ready(startWithinMs))) violations.push(`${node.name} did not start: ${node.output}`);
}

/** The nodes' reports once nothing is pending anywhere, or as they are at the bound. */
async function settled(nodes: readonly CampaignNode[], withinMs: number): Promise<Map<string, NodeReport> | undefined> {
  for (const until = performance.now() + withinMs; ; await delay(50)) {
    const reports = new Map<string, NodeReport>();
    for (const node of nodes) {
      const report = await node.report(10_000);
      if (report === undefined) return undefined;
      reports.set(node.name, report);
    }
    const isQuiet = [...reports.values()].every(({ pending, turn, executed }) => turn === executed && Object.values(pending).every((count) => count === 0));
    if (isQuiet || performance.now() > until) return reports;
  }
}

function spread(latencies: readonly { readonly tookMs: number }[]): Spread {
  const sorted = latencies.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return { median: Math.round(sorted[sorted.length >> 1] ?? 0), worst: Math.round(sorted.at(-1) ?? 0) };
}
