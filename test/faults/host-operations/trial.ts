/**
 * One trial: a real node on a real directory, told to enter lines, through two lives of which one has a disk that fails at one operation;
 * then a third life without faults, in which everything that was ever answered must be there, once and in its place.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { exitCode } from "#maceken/cli/exit-codes.js";
import { Started } from "../../cli/harness.ts";
import { faultyFileSystemVariable, type FaultReport, type FaultyFileSystem } from "../../lib/faulty-file-system.ts";

export interface Plan {
  /** 1: the node is born, works, writes a snapshot. 2: it starts again and does the same. */
  readonly life: 1 | 2;
  /** As `sync log`. */
  readonly operation: string;
  readonly at: number;
  readonly forever: boolean;
  readonly error: string;
  /** The node is not told of it: the trial must find out. */
  readonly silent?: boolean;
}

export interface TrialResult {
  readonly violations: readonly string[];
  /** The operation came to pass: counts differ a little from run to run. */
  readonly struck: boolean;
  /** Exit codes of the two lives. */
  readonly exits: readonly (number | null)[];
  /** Operations of the two lives. */
  readonly counts: readonly Readonly<Record<string, number>>[];
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const preload = fileURLToPath(new URL("../../lib/faulty-file-system.ts", import.meta.url));
const appFile = fileURLToPath(new URL("app.ts", import.meta.url));
const linesPerLife = 9;
const clients = 3;
/** A request to a node that is held back is given up after this. */
const patienceMs = 1_500;
const endsWithinMs = 15_000;
const filler = "x".repeat(3_000);
/** What a node says that a failing disk has stopped; each has a page in docs/errors/. */
const documented = /^MK_(LOG_SYNC_FAILED|LOG_WRITE_FAILED|LOG_READ_FAILED|DIRECTORY_UNUSABLE): /m;

export async function runTrial(plan: Plan | undefined, prefix: (life: number) => readonly string[] = () => []): Promise<TrialResult> {
  const directory = mkdtempSync(join(tmpdir(), "maceken-host-"));
  const data = join(directory, "data");
  const violations: string[] = [];
  const told = new Map<string, number>();
  const asked: string[] = [];
  const exits: (number | null)[] = [];
  const counts: Record<string, number>[] = [];
  let struck = false;
  for (const life of [1, 2] as const) {
    const report = join(directory, `report-${life}`);
    const faults: FaultyFileSystem = { directory: data, report, snapshotAtBytes: 20_000, ...(plan?.life === life ? plan : {}) };
    const node = start(data, faults, prefix(life));
    const url = await urlOf(node);
    if (url !== undefined) await load(node, url, life, told, asked);
    const ended = await end(node);
    if (ended === "hangs") violations.push(`life ${life} does not end within ${endsWithinMs} ms of SIGTERM`);
    else {
      exits.push(ended);
      if (ended !== exitCode.ok && !(ended === exitCode.diskFailed && documented.test(node.stderr))) violations.push(`life ${life} ended with ${ended}: ${node.stderr.slice(-1500)}`);
    }
    for (const line of reportOf(report)) {
      if (line.kind === "struck") struck = true;
      else if (line.kind === "counts") counts.push(line.counts);
      else violations.push(`life ${life} answered 200 after a failed sync of the log`);
    }
  }
  violations.push(...(await check(data, join(directory, "report-3"), told, asked)));
  if (violations.length === 0) rmSync(directory, { recursive: true, force: true });
  else appendFileSync(join(directory, "violations"), violations.join("\n"));
  return { violations: violations.map((text) => `${text}\n    directory ${directory}`), struck, exits, counts };
}

export function start(data: string, faults: FaultyFileSystem, prefix: readonly string[] = []): Started {
  const command = [...prefix, process.execPath, "--import", "#maceken/node/register.js", "--import", preload, main, "run", appFile, "--name", "ledger", "--data", data, "--http", "0"];
  return new Started(spawn(command[0]!, command.slice(1), { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, [faultyFileSystemVariable]: JSON.stringify(faults) } }));
}

async function urlOf(node: Started): Promise<string | undefined> {
  const timer = setTimeout(() => node.child.kill("SIGKILL"), 30_000);
  try {
    return await node.url();
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Lines under keys of their own, from a few clients at once; what is answered with 200 goes into `told`. */
async function load(node: Started, url: string, life: number, told: Map<string, number>, asked: string[]): Promise<void> {
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let i = 0; i < linesPerLife / clients; i++) {
      const line = `${life}-${client}-${i}`;
      asked.push(line);
      for (const until = performance.now() + patienceMs; performance.now() < until && isAlive(node); ) {
        const number = await enter(url, line);
        if (number !== undefined) {
          told.set(line, number);
          break;
        }
        await delay(30);
      }
    }
  }));
  // The snapshot, the mark and the next segment are made meanwhile.
  if (isAlive(node)) await delay(150);
}

export async function enter(url: string, line: string, withinMs = patienceMs): Promise<number | undefined> {
  try {
    const headers = { "content-type": "application/json", "idempotency-key": line, connection: "close" };
    const response = await fetch(`${url}/ledger/enter`, { method: "POST", headers, body: JSON.stringify([line, filler]), signal: AbortSignal.timeout(withinMs) });
    const body: unknown = await response.json();
    return response.status === 200 ? (body as number) : undefined;
  } catch {
    return undefined;
  }
}

const isAlive = ({ child }: Started): boolean => child.exitCode === null && child.signalCode === null;

async function end(node: Started): Promise<number | null | "hangs"> {
  if (isAlive(node)) node.child.kill("SIGTERM");
  const ended = await Promise.race([node.ended, delay(endsWithinMs, undefined, { ref: false })]);
  if (ended !== undefined) return ended.code;
  node.child.kill("SIGKILL");
  return "hangs";
}

function reportOf(path: string): FaultReport[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as FaultReport);
}

/** The disk is well again. */
async function check(data: string, report: string, told: ReadonlyMap<string, number>, asked: readonly string[]): Promise<string[]> {
  const node = start(data, { directory: data, report });
  const url = await urlOf(node);
  if (url === undefined) return [`it does not start when the disk is well again: ${node.stderr.slice(-1500)}`];
  const found: string[] = [];
  try {
    const before = await entries(url);
    found.push(...compare(before.lines, told, asked));
    for (const line of asked) {
      const number = await enter(url, line);
      if (number === undefined || (told.get(line) ?? number) !== number) found.push(`${line} was told ${told.get(line)}, and later ${number}`);
    }
    const { lines, posted } = await entries(url);
    if (lines.length !== asked.length || new Set(lines).size !== lines.length) found.push(`${asked.length} lines were asked for, ${lines.length} are there`);
    if (posted !== lines.length) found.push(`${lines.length} lines, but ${posted} messages to itself were handled`);
  } finally {
    await node.kill("SIGKILL");
  }
  return found;
}

async function entries(url: string): Promise<{ lines: string[]; posted: number }> {
  for (;;) {
    const response = await fetch(`${url}/ledger/entries`, { method: "POST", headers: { "content-type": "application/json" }, body: "[]" });
    const state = (await response.json()) as { lines: string[]; posted: number };
    if (state.posted === state.lines.length) return state;
    await delay(10);
  }
}

function compare(lines: readonly string[], told: ReadonlyMap<string, number>, asked: readonly string[]): string[] {
  const found: string[] = [];
  for (const [line, number] of told) if (lines[number - 1] !== line) found.push(`${line} was told to be number ${number}, where ${lines[number - 1] ?? "nothing"} is`);
  if (new Set(lines).size !== lines.length) found.push("a line was entered twice");
  for (const line of lines) if (!asked.includes(line)) found.push(`${line} is there, but nobody asked for it`);
  return found;
}
