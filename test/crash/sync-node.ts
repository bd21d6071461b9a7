/**
 * A node under watch, for sync-count.test.ts: answers requests one at a time and many at once, and says of each whether a sync
 * that covers it had finished before the answer. Argument: a data directory; with "stub" behind it, syncs are only pretended.
 */
import { app, Service, startNode, type Messages } from "#maceken/index.js";
import { NodeDisk } from "#maceken/log/disk-node.js";
import { nodeInternals } from "#maceken/node/node.js";
import { watched } from "./sync-watch.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true };
  value = 0;
  add(amount: number): number {
    return (this.value += amount);
  }
}

export interface SyncReport {
  readonly answers: number;
  /** Answers given while no write made after their request was covered by a finished sync. */
  readonly uncovered: number;
  readonly groups: number;
  readonly claimedSyncs: number;
  readonly observedSyncs: number;
}

const [, , data, mode] = process.argv;
if (mode === "stub") {
  NodeDisk.prototype.sync = (_, callback) => void setImmediate(callback, null);
  NodeDisk.prototype.syncNow = () => {};
}

const node = await startNode({ app: app({ version: 1 }).service("counter", () => new Counter()), name: "counter", data: data! });
const client = node.client("counter");
const { log } = nodeInternals(node);
const before = { syncs: watched.syncs, groups: log!.counters.groups, claimed: log!.counters.syncs };
let answers = 0;
let uncovered = 0;

async function request(): Promise<void> {
  const writesBefore = watched.writes;
  await client.add(1);
  answers++;
  if (watched.covered <= writesBefore) uncovered++;
}

for (let i = 0; i < 50; i++) await request();
await Promise.all(Array.from({ length: 16 }, async () => {
  for (let i = 0; i < 40; i++) await request();
}));

const report: SyncReport = {
  answers, uncovered, groups: log!.counters.groups - before.groups, claimedSyncs: log!.counters.syncs - before.claimed, observedSyncs: watched.syncs - before.syncs,
};
await node.stop();
process.stdout.write(`${JSON.stringify(report)}\n`);
