/**
 * Goal: inspect measures a graph of any size and form, each object once, in a time that a person waits and without the stack.
 * Method: a real kernel's heap with a million objects, long chains, shared objects and cycles; the sum of the parts is the whole.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectState } from "#maceken/observe/inspect.js";
import { printService, printView } from "#maceken/observe/print-view.js";
import { printPending } from "#maceken/observe/pending.js";
import type { ContainerView } from "#maceken/observe/view.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";
import { programVersion } from "../lib/program-version.ts";

function node(fields: string, born = ""): TestNode {
  const test = new TestWorld();
  const a = test.node("a", programVersion(`
    class Item { constructor(n) { this.n = n; } }
    class Bank extends Service { ${fields} born() { ${born} } tick() {} onAnswer() {} }
    exports.default = app({ version: 1 }).service("bank", () => new Bank());`));
  test.pass(10);
  return a;
}

const look = (a: TestNode, path: string, bounds = {}, mostObjects = Number.POSITIVE_INFINITY) => inspectState(a.kernel.state, path, bounds, { heap: a.kernel.heap, mostObjects });

test("each object counts once, where it is reached first; the parts sum up", () => {
  const a = node("shared = { s: 1 }; left = { a: this.shared, own: [1] }; right = new Map([['b', this.shared], ['me', this]]); buffer = new Uint8Array(100);");
  const { view, measured } = look(a, "bank") as { view: ContainerView; measured: boolean };
  assert.equal(measured, true);
  const part = (name: string): ContainerView => view.fields!.find(([field]) => field === name)![1] as ContainerView;
  assert.deepEqual(["shared", "left", "right"].map((name) => part(name).objects), [1, 2, 1]);
  assert.equal(view.objects, 1 + 1 + 2 + 1 + 2);
  assert.ok(view.bytes! > 100 && view.bytes! < 250);
  assert.equal(printView(view).replace(/\d+ B/g, "N B").replace(/<0+…>/, "<…>"), [
    "Bank {  // 7 objects, N B", "  shared: { s: 1 },", "  left: { a: -> bank.shared, own: [ 1 ] },", '  right: Map(2) { "b" => -> bank.shared, "me" => -> bank (cycle) },', "  buffer: Uint8Array(100) <…>", "}",
  ].join("\n"));
});

test("a million objects, and a chain of 200,000", () => {
  const a = node("items = new Map(); chain = null;", "for (let i = 0; i < 800_000; i++) this.items.set(i, new Item(i)); for (let i = 0; i < 200_000; i++) this.chain = { next: this.chain };");
  const before = performance.now();
  const { view } = look(a, "bank", { depth: 2, items: 3 }) as { view: ContainerView };
  assert.equal(view.objects, 1_000_002);
  const text = printView(view);
  assert.match(text, /^Bank \{ {2}\/\/ 1,000,002 objects, [\d.]+ MiB\n {2}items: Map\(800,000\) \{ {2}\/\/ 800,001 objects, [\d.]+ MiB\n {4}0 => \[Item \(1\)\],\n/);
  assert.match(text, /… 799,997 more\n {2}\},\n {2}chain: \{ next: \[object \(1\): 199,999 objects, [\d.]+ (?:Ki|Mi)B\] \}\n\}$/);
  assert.ok(printView(look(a, "bank.chain", { depth: 100_000 }).view).length > 1000);
  assert.match(printService("bank", (look(a, "").view as ContainerView).fields![0]![1]), /^bank {2}Bank {2}1,000,002 objects/);
  const bounded = look(a, "bank", { depth: 1 }, 5_000);
  assert.equal(bounded.measured, false);
  assert.ok((bounded.view as ContainerView).objects! <= 5_001);
  console.log(`# looked at in ${Math.round(performance.now() - before)} ms`);
});

test("what is pending is listed, the soonest timers first", () => {
  const a = node("", "this.turn.every(this.tick, 90_000, { long: true }); this.turn.schedule(this.tick, 50_000); this.turn.when(ref('b/x').put(1), this.onAnswer)");
  const { pending } = look(a, "");
  assert.match(printPending(pending!), /^timers \(2\)\n {2}\S+ \S+Z {2}bank\.tick\(\)\n {2}\S+ \S+Z {2}bank\.tick\(\{ long: true \}\), every 90000 ms\nwaiting \(1\)\n {2}bank\.onAnswer, for b\/x\.put\n$/);
  assert.match(printPending(look(a, "", { items: 1 }).pending!), /timers \(2\)\n.*\n {2}… 1 more\n/);
});
