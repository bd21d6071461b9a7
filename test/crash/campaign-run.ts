/**
 * One campaign: three nodes and their clients at work while nodes are killed; then quiet; then the audit, once of the running
 * nodes and once of what they recover after a last kill, and of the logs as they lie on the disk.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { NodeDisk } from "#maceken/log/disk-node.js";
import { readManifest } from "#maceken/log/data-directory.js";
import { verifyLog } from "#maceken/log/verify.js";
import { audit } from "./audit.ts";
import { Clients } from "./clients.ts";
import { killAtRandom, type KillReport } from "./killer.ts";
import { freePorts } from "../lib/free-ports.ts";
import { CampaignNode, type Phase } from "./node-process.ts";
import { Random } from "../lib/random.ts";
import type { NodeReport } from "./report.ts";

export interface CampaignOptions {
  readonly kills: number;
  readonly seed: number;
  /** False runs the nodes without durability: the audit must find it out. */
  readonly durable?: boolean;
  readonly clients?: number;
  /** How long everything pending may take once nobody is killed any more. */
  readonly settleMs?: number;
  /** Leaves the directory behind, as violations do. */
  readonly keep?: boolean;
  progress?(text: string): void;
}

export interface CampaignResult {
  readonly violations: readonly string[];
  readonly kills: KillReport & { readonly byPhase: Readonly<Record<Phase, number>> };
  readonly requests: number;
  readonly refused: number;
  readonly repeats: number;
  readonly snapshots: number;
  readonly turns: number;
  readonly directory: string;
}

const names = ["a", "b", "c"] as const;
type Reports = Record<"a" | "b" | "c", NodeReport>;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const random = fractions(options.seed);
  const directory = mkdtempSync(join(tmpdir(), "maceken-crash-"));
  const nodes = await makeNodes(directory, options.durable !== false);
  const clients = new Clients(`http://${nodes[0]!.options.http}`, fractions(options.seed ^ 0x5eed));
  const violations: string[] = [];
  let keep = true;
  try {
    for (const node of nodes) node.start();
    for (const node of nodes) if (!(await node.ready(30_000))) violations.push(`${node.name} did not start: ${node.output}`);
    clients.start(options.clients ?? 6);
    const progress = ({ kills }: KillReport): void => options.progress?.(`${kills} kills, ${clients.told.size} requests answered`);
    const kills = await killAtRandom(nodes, options.kills, random, progress);
    options.progress?.("settling");
    const settleMs = nodes.some((node) => node.violations.length > 0) ? 0 : (options.settleMs ?? 30_000);
    await clients.stop(settleMs);
    const reports = await settled(nodes, settleMs);
    const effectsFile = nodes[0]!.options.effectsFile;
    const effectLines = (): string[] => readFileSync(effectsFile, "utf8").split("\n").filter((line) => line !== "");
    if (reports === undefined) violations.push("a node did not report its state");
    else violations.push(...audit({ told: clients.told, unanswered: clients.unanswered, reports, effectLines: effectLines() }));
    if (reports !== undefined && violations.length === 0) violations.push(...(await auditRecovered(nodes, reports)));
    await Promise.all(nodes.map((node) => node.kill(false)));
    if (options.durable !== false) for (const node of nodes) violations.push(...verifyOnDisk(node));
    for (const { violations: seen } of [...nodes, clients]) violations.push(...seen);
    keep = options.keep === true || (violations.length > 0 && options.durable !== false);
    const byPhase = { starting: 0, running: 0, snapshot: 0 };
    for (const node of nodes) for (const phase of Object.keys(byPhase) as Phase[]) byPhase[phase] += node.kills[phase];
    return {
      violations, kills: { ...kills, byPhase }, requests: clients.told.size, repeats: clients.repeats,
      refused: [...clients.told.values()].filter(({ amount }) => amount < 0).length,
      snapshots: nodes.reduce((sum, node) => sum + node.snapshots, 0),
      turns: reports === undefined ? 0 : names.reduce((sum, name) => sum + reports[name].turn, 0), directory,
    };
  } finally {
    await Promise.all(nodes.map((node) => node.kill(false)));
    if (!keep) rmSync(directory, { recursive: true, force: true });
  }
}

async function makeNodes(directory: string, durable: boolean): Promise<CampaignNode[]> {
  const ports = await freePorts(names.length * 2);
  const effectsFile = join(directory, "effects");
  writeFileSync(effectsFile, "");
  const listen = new Map(names.map((name, i) => [name, `127.0.0.1:${ports[i]}`]));
  return names.map((name, i) => new CampaignNode({
    name, data: join(directory, name), listen: listen.get(name)!, http: `127.0.0.1:${ports[names.length + i]}`,
    peers: Object.fromEntries([...listen].filter(([peer]) => peer !== name)), effectsFile, durable,
  }));
}

/** The nodes' reports once nothing is pending anywhere, or as they are at the bound. */
async function settled(nodes: readonly CampaignNode[], withinMs: number): Promise<Reports | undefined> {
  const until = performance.now() + withinMs;
  for (;;) {
    const reports = await Promise.all(nodes.map(async (node) => ((await node.ready(node.violations.length > 0 ? 0 : 20_000)) ? await node.report(10_000) : undefined)));
    if (reports.includes(undefined)) return undefined;
    const quiet = reports.every((report) => Object.values(report!.pending).every((count) => count === 0) && report!.turn === report!.executed);
    if (quiet || performance.now() > until) return { a: reports[0]!, b: reports[1]!, c: reports[2]! };
    await delay(50);
  }
}

/** A last kill of all: what comes back is what was there. */
async function auditRecovered(nodes: readonly CampaignNode[], before: Reports): Promise<string[]> {
  await Promise.all(nodes.map((node) => node.kill(false)));
  for (const node of nodes) node.start();
  const after = await settled(nodes, 10_000);
  if (after === undefined) return ["a node did not come back after the last kill"];
  return names.filter((name) => !isDeepStrictEqual(after[name].state, before[name].state)).map((name) => `${name} recovered a state that is not the one it had`);
}

function verifyOnDisk({ name, options }: CampaignNode): string[] {
  const disk = new NodeDisk();
  const manifest = readManifest(disk, options.data);
  if (manifest === null) return [`${name} left no manifest`];
  const { problem } = verifyLog(disk, options.data, manifest.salt);
  return problem === null ? [] : [`the log of ${name}: ${problem.message}`];
}

function fractions(seed: number): () => number {
  const random = new Random(seed);
  return () => random.fraction();
}
