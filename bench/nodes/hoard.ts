/**
 * A node with much state, to look at what goes on beside its turns: slices of snapshots and of the audit, each timed where it is
 * called, as the driver calls it. Argument: the data directory. Everything is as in production; the audit is named because a test
 * that starts this would get another one.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { app, Service, startNode, type Messages } from "#maceken/index.js";
import { KernelSnapshot } from "#maceken/kernel/recovery.js";
import { nodeInternals } from "#maceken/node/node.js";
import { Account } from "../lib/account.ts";
import { Load } from "../lib/load.ts";
import { obey } from "../lib/obey.ts";
import { quantile } from "../lib/statistics.ts";

class Text {
  text: string;

  constructor(text: string) {
    this.text = text;
  }
}

class Hoard extends Service {
  static readonly messages: Messages<Hoard> = { addAccounts: true, addLarge: true, change: true, store: true };
  readonly accounts: Account[] = [];
  readonly map = new Map<number, number>();
  readonly numbers: number[] = [];
  bytes = new Uint8Array(0);
  readonly texts: Text[] = [];

  addAccounts(count: number): void {
    for (let i = this.accounts.length, end = i + count; i < end; i++) this.accounts.push(new Account(i, this.accounts[i >> 1] ?? null));
  }

  /** One Map and one array of so many entries, in portions, and one buffer of so many bytes. */
  addLarge(entries: number, bytes: number): void {
    for (let i = this.numbers.length, end = i + entries; i < end; i++) {
      this.map.set(i, i);
      this.numbers.push(i);
    }
    if (bytes > 0) this.bytes = new Uint8Array(bytes);
  }

  /** A little of everything. */
  change(random: number): void {
    if (this.accounts.length > 0) this.accounts[random % this.accounts.length]!.balance++;
    if (this.numbers.length > 0) {
      this.map.set(random % this.numbers.length, random);
      this.numbers[(random * 7) % this.numbers.length] = random;
    }
    if (this.bytes.length > 0) this.bytes[(random * 13) % this.bytes.length] = random % 256;
  }

  /** Objects of `bytes` from `from` on, made or overwritten. */
  store(from: number, count: number, bytes: number, round: number): void {
    const text = `${round}`.padEnd(bytes, "x");
    for (let i = from; i < from + count; i++) {
      // A string of its own each.
      const own = `${i} ${text}`;
      if (i === this.texts.length) this.texts.push(new Text(own));
      else this.texts[i]!.text = own;
    }
  }
}

export interface Slices {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The 99th percentile, and the longest, when collections of garbage within slices are taken off. */
  readonly p99WithoutGcMs: number;
  readonly maxWithoutGcMs: number;
  /** Collections that fell into slices, and the longest of them. */
  readonly collections: number;
  readonly longestGcMs: number;
  readonly turns: number;
}

export interface AuditTime {
  readonly share: number;
  readonly slices: number;
  readonly longestMs: number;
  readonly turnsPerSecond: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const portion = 20_000;
const [, , data] = process.argv;
const node = await startNode({ app: app({ version: 1 }).service("hoard", () => new Hoard()), name: "hoard", data: data!, audit: "rolling" });
const { kernel, snapshot: takeSnapshot } = nodeInternals(node);
const hoard = node.client("hoard");

let slices: Span[] = [];
const { slice } = KernelSnapshot.prototype;
KernelSnapshot.prototype.slice = function (...args) {
  const from = performance.now();
  const chunk = slice.apply(this, args);
  slices.push({ from, to: performance.now() });
  return chunk;
};

let audits: Span[] = [];
const audit = kernel.audit.bind(kernel);
kernel.audit = (maxObjects) => {
  const from = performance.now();
  const more = audit(maxObjects);
  audits.push({ from, to: performance.now() });
  return more;
};

let collections: Span[] = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) collections.push({ from: startTime, to: startTime + duration });
}).observe({ entryTypes: ["gc"] });

const overlapMs = (a: Span, b: Span): number => Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from));

/** Turns one after the other in so many lanes, until `work` is done. */
async function beside(lanes: number, work: () => Promise<unknown>): Promise<number> {
  let isDone = false;
  let turns = 0;
  const lane = async (): Promise<void> => {
    while (!isDone) {
      await hoard.change(Math.floor(Math.random() * 2 ** 30));
      turns++;
    }
  };
  const running = Array.from({ length: lanes }, lane);
  await work().finally(() => (isDone = true));
  await Promise.all(running);
  return turns;
}

async function snapshot(): Promise<Slices> {
  // One that the log's growth has begun is not ours.
  await takeSnapshot();
  slices = [];
  collections = [];
  const turns = await beside(4, takeSnapshot);
  const taken = slices;
  await new Promise((resolve) => setTimeout(resolve, 20));
  const ms = taken.map(({ from, to }) => to - from);
  const gcMs = taken.map((each) => collections.reduce((sum, gc) => sum + overlapMs(each, gc), 0));
  const within = collections.filter((gc) => taken.some((each) => overlapMs(each, gc) > 0)).map(({ from, to }) => to - from);
  const without = ms.map((each, i) => each - gcMs[i]!);
  return {
    count: ms.length, p50Ms: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99), maxMs: Math.max(...ms), p99WithoutGcMs: quantile(without, 0.99),
    maxWithoutGcMs: Math.max(...without), collections: within.length, longestGcMs: Math.max(0, ...within), turns,
  };
}

/** Of the time that goes by, while turns run without a pause. */
async function auditTime({ inFlight, ms }: { inFlight: number; ms: number }): Promise<AuditTime> {
  audits = [];
  const startedAt = performance.now();
  const { perSecond } = await new Load(() => hoard.change(Math.floor(Math.random() * 2 ** 30))).run(inFlight, ms);
  const tookMs = performance.now() - startedAt;
  // Calls of one slice follow each other at once.
  const ofSlices: number[] = [];
  let lastTo = -Infinity;
  for (const { from, to } of audits) {
    if (from - lastTo > 0.5) ofSlices.push(0);
    ofSlices[ofSlices.length - 1]! += to - from;
    lastTo = to;
  }
  const totalMs = ofSlices.reduce((sum, each) => sum + each, 0);
  return { share: totalMs / tookMs, slices: ofSlices.length, longestMs: Math.max(0, ...ofSlices), turnsPerSecond: perSecond };
}

obey({
  async fill({ accounts, entries, bytes }: { accounts: number; entries: number; bytes: number }) {
    for (let made = 0; made < accounts; made += portion) await hoard.addAccounts(Math.min(portion, accounts - made));
    for (let made = 0; made < entries; made += portion) await hoard.addLarge(Math.min(portion, entries - made), 0);
    await hoard.addLarge(0, bytes);
  },
  async store({ objects, bytes, rounds }: { objects: number; bytes: number; rounds: number }) {
    const perTurn = 500;
    for (let round = 0; round < rounds; round++) {
      const writing = [];
      for (let from = 0; from < objects; from += perTurn) {
        writing.push(hoard.store(from, Math.min(perTurn, objects - from), bytes, round));
        if (writing.length % 8 === 0) await Promise.all(writing.splice(0));
      }
      await Promise.all(writing);
    }
  },
  snapshot,
  /** Without turns beside it. */
  plainSnapshot: takeSnapshot,
  auditTime,
  exit: () => node.stop(),
});
