/**
 * Goal: a whole node, not its log alone, keeps what it promised when its disk fails, when it is killed while it is born, and when it is put
 * back in time (faults 1, 6, 7, 12). Method: real nodes on real directories; a failing disk is one whose sync is replaced.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { app, ref, Service, startNode, type MaceNode, type Messages, type Ref } from "#maceken/index.js";
import type { Note } from "#maceken/kernel/kernel-effect.js";
import { DiskError } from "#maceken/log/disk.js";
import { NodeDisk } from "#maceken/log/disk-node.js";
import { nodeInternals } from "#maceken/node/node.js";
import { call, Folder } from "../cli/harness.ts";
import { TestWorld } from "../lib/lone-node.ts";

const root = mkdtempSync(join(tmpdir(), "maceken-storage-"));
const running = new Set<LedgerNode>();
after(async () => {
  for (const node of running) await node.stop();
  rmSync(root, { recursive: true, force: true });
});

class Ledger extends Service {
  static readonly messages: Messages<Ledger> = { enter: true, entries: true, tell: true };
  lines: number[] = [];
  enter(line: number): number {
    return this.lines.push(line);
  }
  entries(): number[] {
    return this.lines;
  }
  /** One-way: nothing comes back but the acknowledgement. */
  tell(node: string, line: number): void {
    (ref<Ledger>(`${node}/ledger` as "b/ledger") as Ref<Ledger>).enter(line);
  }
}
type LedgerNode = MaceNode<{ ledger: Ledger }>;
const ledgerApp = () => app({ version: 1 }).service("ledger", () => new Ledger());

test("F07: a sync that fails, once or for ever, stops the node: nothing of it or after it is acknowledged, and the next start goes on", async () => {
  const { sync, syncNow } = NodeDisk.prototype;
  for (const failures of [1, Infinity]) {
    const data = join(root, `sick-${failures}`);
    const fatal: unknown[] = [];
    const node = await startNode({ app: ledgerApp(), name: "a", data, http: "127.0.0.1:0", onFatal: (error) => void fatal.push(error) });
    const ledger = node.client("ledger");
    assert.equal(await ledger.enter(1), 1);
    let left = failures;
    let answered = 0;
    try {
      NodeDisk.prototype.sync = function (this: NodeDisk, file, callback) {
        if (left-- <= 0) return sync.call(this, file, callback);
        setImmediate(() => callback(new DiskError("EIO", "sync", file.path)));
      };
      NodeDisk.prototype.syncNow = function (this: NodeDisk, file) {
        if (left-- <= 0) return syncNow.call(this, file);
        throw new DiskError("EIO", "sync", file.path);
      };
      const asked = [2, 3, 4, 5].map((line) => ledger.enter(line).then(() => void answered++, () => {}));
      while (fatal.length === 0) await delay(5);
      for (const line of [6, 7]) asked.push(ledger.enter(line).then(() => void answered++, () => {}));
      await delay(50);
      await node.stop();
      await Promise.all(asked);
    } finally {
      NodeDisk.prototype.sync = sync;
      NodeDisk.prototype.syncNow = syncNow;
    }
    assert.deepEqual(fatal.map((error) => (error as { code: string }).code), ["MK_LOG_SYNC_FAILED"], "told once");
    assert.equal(answered, 0, "what came with the failing sync and after it");
    const again = await startNode({ app: ledgerApp(), name: "a", data });
    const entries = await again.client("ledger").entries();
    assert.deepEqual(entries, [1, 2, 3, 4, 5, 6, 7].slice(0, entries.length), "a whole prefix, with what was acknowledged");
    assert.equal(await again.client("ledger").enter(9), entries.length + 1);
    await again.stop();
  }
});

test("F01: killed again and again while it is born or starts, it comes up with what was acknowledged", async () => {
  const folder = new Folder();
  const run = ["run", "bank.ts", "--name", "bank", "--data", "data", "--http", "0"];
  // How long a start takes here, so that kills are spread over all of it.
  const began = performance.now();
  const first = folder.start([...run.slice(0, 5), "elsewhere", ...run.slice(6)]);
  await first.url();
  const startMs = performance.now() - began;
  await first.kill("SIGKILL");
  let opened = 0;
  for (let i = 0; i < 12; i++) {
    const node = folder.start(run);
    await delay((startMs * (i % 6)) / 5);
    if (i % 6 === 5) assert.equal((await call(await node.url(), "/bank/open", "a")).body, ++opened);
    const { code, stderr } = await node.kill("SIGKILL");
    assert.equal(code, null, stderr);
  }
  const last = folder.start(run);
  assert.equal((await call(await last.url(), "/bank/open", "a")).body, 3);
  await last.kill("SIGTERM");
});

test("F12, F06: a directory put back in time is noticed by whoever was told more, on either side, and by acknowledgements alone", async () => {
  for (const teller of ["a", "b"] as const) {
    const notes: Note[] = [];
    const directory = mkdtempSync(join(root, "back-"));
    const start = (name: string, listen: string, peers: Record<string, string | null>): Promise<LedgerNode> =>
      startNode({ app: ledgerApp(), name, data: join(directory, name), listen, peers, accept: "any", onNote: (note) => void notes.push(note) }).then((node) => (running.add(node), node));
    const a = await start("a", "127.0.0.1:0", {});
    const address = { a: `127.0.0.1:${a.address.listen!.port}` };
    let b = await start("b", "127.0.0.1:0", address);
    const listen = `127.0.0.1:${b.address.listen!.port}`;
    const nodes = { a: () => a, b: () => b };
    const hearer = teller === "a" ? "b" : "a";
    const tell = async (...lines: number[]): Promise<void> => {
      for (const line of lines) await nodes[teller]().client("ledger").tell(hearer, line);
    };
    const heard = async (): Promise<number[]> => nodes[hearer]().client("ledger").entries();
    const settled = async (count: number): Promise<void> => {
      for (let i = 0; i < 300 && ((await heard()).length < count || nodeInternals(nodes[teller]()).kernel.channels.get(hearer)!.outbox.length > 0); i++) await delay(10);
      assert.equal((await heard()).length, count);
    };
    // Each has heard of the other before; what follows goes one way only.
    await nodes[hearer]().client("ledger").tell(teller, 0);
    await tell(1, 2);
    await settled(2);
    for (let i = 0; i < 300 && (await nodes[teller]().client("ledger").entries()).length === 0; i++) await delay(10);
    await b.stop();
    cpSync(join(directory, "b"), join(directory, "backup"), { recursive: true });
    b = await start("b", listen, address);
    await tell(3, 4, 5);
    await settled(5);
    await b.stop();
    rmSync(join(directory, "b"), { recursive: true });
    cpSync(join(directory, "backup"), join(directory, "b"), { recursive: true });
    notes.length = 0;
    b = await start("b", listen, address);
    await tell(6);
    for (let i = 0; i < 300 && !notes.some(({ code }) => code === "MK_PEER_ROLLED_BACK"); i++) await delay(10);
    assert.ok(notes.some(({ code, level }) => code === "MK_PEER_ROLLED_BACK" && level !== "info"), `${teller} tells: ${notes.map(({ message }) => message).join("; ")}`);
    await delay(100);
    assert.deepEqual(await heard(), teller === "a" ? [1, 2] : [1, 2, 3, 4, 5], "nothing is handled where something is missing before it, or twice");
    await b.stop();
    await a.stop();
  }
});

test("F06: the last durable turn lost without a trace on the disk is noticed by the peer that was told of it", () => {
  for (const last of ["sent", "consumed"] as const) {
    const test_ = new TestWorld();
    const a = test_.node("a", ledgerApp(), ["b"]);
    const b = test_.node("b", ledgerApp(), ["a"]);
    test_.pass(50);
    a.call("ledger.tell", ["b", 1]);
    b.call("ledger.tell", ["a", 1]);
    test_.pass(500);
    if (last === "sent") b.call("ledger.tell", ["a", 2]);
    else a.call("ledger.tell", ["b", 2]);
    test_.pass(500);
    test_.world.crash(b.node, "none");
    b.node.durable.pop();
    test_.world.start(b.node);
    test_.pass(2_000);
    assert.ok([...a.node.notes, ...b.node.notes].some(({ code }) => code === "MK_PEER_ROLLED_BACK"), last);
    if (last === "consumed") a.call("ledger.tell", ["b", 3]);
    test_.pass(2_000);
    assert.deepEqual([a.value("ledger.entries"), b.value("ledger.entries")], last === "sent" ? [[1, 2], [1]] : [[1], [1]]);
  }
});
