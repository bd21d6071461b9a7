/**
 * Goal: a write that the barrier did not see is found at the next look, named, and mended; what looks like one and is none is not
 * reported. Method: planted writes through `new Function`, which the compiler never sees, into every kind of object.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Service, type Messages, app, startNode, volatile } from "#maceken/index.js";
import { checksumOf } from "#maceken/heap/mark.js";
import { nodeInternals } from "#maceken/node/node.js";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";
import { temporaryDirectory, removeDirectory } from "../lib/consumer-project.ts";

class Account {
  balance = 1;
  owner = { name: "anna" };
  #secret = 1;
  cache = volatile(() => 0);
  bump() { this.#secret++; this.cache++; return this.#secret; }
}

const unseen = (body: string): ((root: unknown, value?: unknown) => void) => new Function("root", "value", body) as never;

function makeRoot(): Root {
  return {
    account: new Account(), list: [1, 2, 3], long: Array.from({ length: 100 }, (_, i) => i), map: new Map([["a", 1]]), set: new Set([1]), date: new Date(1),
    bytes: new Uint8Array(8), pattern: /a/g, error: new TypeError("t"), many: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, i])), bare: Object.create(null), deep: [{ within: { x: 1 } }],
  };
}

const planted: [write: string, message: RegExp, canPersist?: false][] = [
  ["root.account.balance = 5", /^\.?account\.balance \(in .*Account\)/], ["root.account.late = 5", /^\.?account\.late/], ["delete root.account.balance", /account\.balance/],
  ["root.account.owner.name = 'eve'", /account\.owner\.name/], ["root.list[1] = 9", /list\[1\]/], ["root.list.push(4)", /list/], ["root.long[70] = 0", /long\[70\]/],
  ["Map.prototype.set.call(root.map, 'a', 2)", /map\.get\("a"\)/], ["Set.prototype.add.call(root.set, 2)", /set\.has\(2\)/], ["Date.prototype.setTime.call(root.date, 7)", /date/], ["root.bytes[3] = 1", /bytes/],
  ["root.pattern.lastIndex = 1", /pattern\.lastIndex/], ["root.error.message = 'u'", /error\.message/], ["root.many.k7 = 0", /many\.k7/], ["root.bare.x = 1", /bare\.x/], ["root.deep[0].within.x = 2", /deep\[0\]\.within\.x/],
  ["root.account.owner = { name: 'new' }", /account\.owner/, false], ["root.list[0] = () => 1", /list\[0\]/, false],
];

describe("the audit", () => {
  for (const [write, message, canPersist = true] of planted) {
    it(`finds and mends: ${write}`, () => {
      const harness = HeapHarness.planted(makeRoot());
      const audit = harness.heap.openAudit(true);
      audit.everything();
      harness.turn((root) => void (root["kept"] = 1));
      audit.everything();
      assert.deepEqual(audit.takeFound(), []);
      unseen(write)(harness.root);
      audit.everything();
      const found = audit.takeFound();
      assert.equal(found.length, 1);
      assert.equal(found[0]!.canPersist, canPersist);
      const error = harness.heap.report(found[0]!);
      assert.equal(error.code, "MK_HEAP_UNTRACKED_WRITE");
      assert.match(error.message, message);
      if (!canPersist) return;
      // The next turn logs it, and nothing is found again.
      harness.turn((root) => void (root["kept"] = 2));
      audit.everything();
      assert.deepEqual(audit.takeFound(), []);
      const copy = harness.recovered();
      assert.deepEqual(copy.root, harness.root);
    });
  }

  it("says nothing of undone turns, equal rewrites, matching, lazy stacks, volatile fields and private ones", () => {
    const harness = HeapHarness.planted(makeRoot());
    const audit = harness.heap.openAudit(true);
    audit.everything();
    const turns: ((root: any) => void)[] = [
      (root) => { const [first] = root.list; root.list[0] = first; }, (root) => void root.pattern.test("aa"), (root) => void root.account.bump(), (root) => void root.error.stack,
      (root) => void root.map.set("a", 1), (root) => void root.bytes.fill(0), (root) => { root.account.cache = 5; }, (root) => void root.long.reverse(),
    ];
    for (const turn of turns) {
      harness.turn(turn);
      audit.everything();
      harness.undone(turn);
      audit.everything();
      assert.deepEqual(audit.takeFound(), [], String(turn));
    }
  });

  it("in slices comes round to everything, and looks at an object no turn touched against the last time", () => {
    const harness = HeapHarness.planted(makeRoot());
    const audit = harness.heap.openAudit(false);
    const walk = (): void => {
      do audit.slice(3);
      while (!audit.isDone);
    };
    walk();
    unseen("root.deep[0].within.x = 2")(harness.root);
    walk();
    const [found, ...others] = audit.takeFound();
    assert.equal(others.length, 0);
    assert.equal(found!.object, (harness.root as any).deep[0].within);
    assert.match(harness.heap.report(found!).message, /^\.?deep\[0\]\.within/);
    assert.notEqual(checksumOf(found!.object), 0);
  });
});

class Shelf extends Service {
  static readonly messages: Messages<Shelf> = { put: true, poke: true, count: true };
  items = { n: 1 };
  put(n: number) { this.items.n = n; }
  poke(n: number) { unseen("root.n = value")(this.items, n); }
  count() { return this.items.n; }
}

describe("a node's audit", () => {
  it("full: ends the node in the turn that wrote unseen; rolling: notes it, counts it, and logs it with the next turn", async (context) => {
    const directory = temporaryDirectory("audit");
    context.after(() => removeDirectory(directory));
    const shelf = app({ version: 1 }).service("shelf", () => new Shelf());
    let fatal: unknown;
    const full = await startNode({ app: shelf, name: "full", data: `${directory}/full`, onFatal: (error) => void (fatal = error) });
    await (full.client("shelf") as any).put(2);
    void (full.client("shelf") as any).poke(3).catch(() => undefined);
    for (let i = 0; fatal === undefined && i < 500; i++) await new Promise((next) => setTimeout(next, 10));
    assert.equal((fatal as { code?: string }).code, "MK_HEAP_UNTRACKED_WRITE");
    assert.match(String(fatal), /shelf\.items\.n/);
    await full.stop();

    const notes: string[] = [];
    const options = { app: shelf, name: "rolling", data: `${directory}/rolling`, audit: "rolling" as const, onNote: (note: { code?: string; message: string }) => void notes.push(`${note.code} ${note.message}`) };
    let node = await startNode(options);
    const { kernel } = nodeInternals(node);
    await (node.client("shelf") as any).put(2);
    while (kernel.audit(100));
    await (node.client("shelf") as any).poke(3);
    while (kernel.audit(100));
    assert.equal(kernel.counters.untrackedWrites, 1);
    await (node.client("shelf") as any).count();
    assert.ok(notes.some((note) => /^MK_HEAP_UNTRACKED_WRITE .*shelf\.items/.test(note)), notes.join());
    await node.stop();
    node = await startNode(options);
    assert.equal(await (node.client("shelf") as any).count(), 3);
    await node.stop();
  });
});
