/**
 * Goal: a real node keeps its promises from its very first moment: what connects while it is being born waits, two nodes trade,
 * a restart goes on, wrong directories and addresses are refused and change nothing. Method: nodes in this process on loopback.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { mkdtempSync, rmSync, writeFileSync, mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { app, ref, Service, startNode, type Deferred, type MaceNode, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";

const root = mkdtempSync(join(tmpdir(), "maceken-node-"));
after(() => rmSync(root, { recursive: true, force: true }));

class Bank extends Service {
  static readonly messages: Messages<Bank> = { put: true, total: true };
  entries: [string, number][] = [];
  put(who: string, amount: number) { this.entries.push([who, amount]); return this.entries.length; }
  total() { return this.entries.reduce((sum, [, amount]) => sum + amount, 0); }
}

class Shop extends Service {
  static readonly messages: Messages<Shop> = { buy: true, count: true };
  bank: Ref<Bank> = ref<Bank>("bank/bank");
  count_ = 0;
  buy(who: string, amount: number) {
    const deferred = this.turn.deferReply<number>();
    this.turn.when(this.bank.put(who, amount), this.onPut, deferred);
    return deferred;
  }
  private onPut(outcome: Outcome<number>, deferred: Deferred<number>) {
    this.count_++;
    if (outcome.ok) deferred.resolve(outcome.value);
    else deferred.reject(outcome.error);
  }
  count() { return this.count_; }
}

const bankApp = app({ version: 1 }).service("bank", () => new Bank());
const shopApp = app({ version: 1 }).service("shop", () => new Shop());
type BankNode = MaceNode<{ bank: Bank }>;

const startBank = (data: string, listen = "127.0.0.1:0"): Promise<BankNode> => startNode({ app: bankApp, name: "bank", data: join(root, data), listen, accept: "any" });

describe("a node", () => {
  it("F24: is born, trades with another, restarts on another port, and goes on", async () => {
    let bank = await startBank("bank");
    let shop = await startNode({ app: shopApp, name: "shop", data: join(root, "shop"), peers: { bank: `127.0.0.1:${bank.address.listen!.port}` } });
    assert.equal(await shop.client("shop").buy("ann", 5), 1);
    assert.equal(await shop.client("shop").buy("bob", 7), 2);
    await shop.stop();
    await bank.stop();
    bank = await startBank("bank");
    shop = await startNode({ app: shopApp, name: "shop", data: join(root, "shop"), peers: { bank: `127.0.0.1:${bank.address.listen!.port}` } });
    assert.equal(await shop.client("shop").buy("cid", 1), 3);
    assert.equal(await bank.client("bank").total(), 13);
    assert.equal(await shop.client("shop").count(), 3);
    const { log } = nodeInternals(bank);
    assert.ok(log!.counters.syncs > 0 && log!.counters.groups <= log!.counters.syncs, "every group was synced");
    await shop.stop();
    await bank.stop();
  });

  it("lets connections wait that come before it is born", async () => {
    const probe = await startBank("probe");
    const { port } = probe.address.listen!;
    await probe.stop();
    let stop = false;
    const knock = async (): Promise<void> => {
      while (!stop) {
        await new Promise<void>((done) => {
          const socket = connect(port, "127.0.0.1");
          socket.on("connect", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
          socket.on("error", () => {});
          socket.on("close", () => done());
          setTimeout(() => socket.destroy(), 5);
        });
      }
    };
    const knocking = [knock(), knock(), knock()];
    for (let i = 0; i < 5; i++) {
      const node = await startNode({ app: bankApp, name: "bank", data: join(root, `early${i}`), listen: `127.0.0.1:${port}`, http: "127.0.0.1:0", onFatal: (error) => assert.fail(String(error)) });
      assert.equal(await node.client("bank").put("x", 1), 1);
      await node.stop();
    }
    stop = true;
    await Promise.all(knocking);
  });

  it("refuses wrong addresses and directories, and changes nothing", async () => {
    const bank = await startBank("owned");
    const { port } = bank.address.listen!;
    await assert.rejects(startBank("owned"), { code: "MK_DIRECTORY_LOCKED" });
    await assert.rejects(startBank("other", `127.0.0.1:${port}`), { code: "MK_ADDRESS_IN_USE" });
    await assert.rejects(startBank("other", "nonsense"), { code: "MK_USAGE" });
    await assert.rejects(startBank("other", "300.1.1.1:80"), { code: "MK_LISTEN_FAILED" });
    await bank.stop();
    await assert.rejects(startNode({ app: shopApp, name: "shop", data: join(root, "owned") }), { code: "MK_DIRECTORY_OTHER_NODE" });
    mkdirSync(join(root, "foreign"));
    writeFileSync(join(root, "foreign", "thesis.txt"), "precious");
    await assert.rejects(startBank("foreign"), { code: "MK_DIRECTORY_FOREIGN" });
    assert.deepEqual(readdirSync(join(root, "foreign")), ["thesis.txt"]);
    await assert.rejects(startNode({ app: {} as never, name: "x", data: join(root, "x") }), { code: "MK_APP_INVALID" });
    await assert.rejects(startNode({ app: bankApp, name: "a b", data: join(root, "x") }), { code: "MK_USAGE" });
    const again = await startBank("owned");
    assert.equal(await again.client("bank").total(), 0);
    await again.stop();
  });

  it("whose birth fails rejects, holds nothing, and can be born later", async () => {
    class Broken extends Service {
      static readonly messages: Messages<Broken> = {};
      constructor() {
        super();
        throw new Error("not today");
      }
    }
    const broken = app({ version: 1 }).service("bank", () => new Broken());
    await assert.rejects(startNode({ app: broken, name: "bank", data: join(root, "stillborn") }), /not today/);
    const bank = await startBank("stillborn");
    assert.equal(await bank.client("bank").put("x", 1), 1);
    await bank.stop();
  });

  it("whose log fails while it starts rejects with the log's error, and does not hang", async () => {
    const { NodeDisk } = await import("#maceken/log/disk-node.js");
    const { DiskError } = await import("#maceken/log/disk.js");
    const sync = NodeDisk.prototype.sync;
    const syncNow = NodeDisk.prototype.syncNow;
    try {
      NodeDisk.prototype.sync = (file, callback) => void setImmediate(() => callback(new DiskError("EIO", "sync", file.path)));
      const failing = startBank("sick");
      await assert.rejects(failing, { code: "MK_LOG_SYNC_FAILED" });
    } finally {
      NodeDisk.prototype.sync = sync;
      NodeDisk.prototype.syncNow = syncNow;
    }
    const bank = await startBank("sick");
    assert.equal(await bank.client("bank").put("x", 1), 1, "nothing was acknowledged, so it is born now");
    await bank.stop();
  });

  it("survives garbage on its port", async () => {
    const bank = await startBank("garbage");
    const { port } = bank.address.listen!;
    const payloads = [Buffer.alloc(100_000, 0xff), Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), Buffer.from([0, 0, 0, 0]), Buffer.from([4, 0, 0, 0, 1, 2, 3, 4]), Buffer.from([255, 255, 255, 127]), Buffer.alloc(1)];
    await Promise.all(payloads.map((payload) => new Promise<void>((done) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(payload));
      socket.on("error", () => {});
      socket.on("close", () => done());
      setTimeout(() => socket.destroy(), 300);
    })));
    assert.equal(await bank.client("bank").put("x", 1), 1);
    await bank.stop();
  });

  it("takes snapshots while it works, and recovers from them", async () => {
    let bank = await startBank("snapshots");
    for (let round = 0; round < 3; round++) {
      const puts = Array.from({ length: 50 }, (_, i) => bank.client("bank").put(`p${i}`, 1));
      const inside = nodeInternals(bank);
      await Promise.all([inside.snapshot(), inside.snapshot()]);
      await Promise.all(puts);
      await bank.client("bank").put("after", 1);
      await bank.stop();
      bank = await startBank("snapshots");
      assert.equal(await bank.client("bank").total(), (round + 1) * 51);
    }
    await bank.stop();
  });
});
