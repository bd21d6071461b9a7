/**
 * Goal: `maceken log` tells what turns consumed, changed and sent as the program did it. Method: a simulated node runs a program
 * with every kind of change; its log is read into a second kernel, by stand-ins for the classes too, and the lines are compared.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Kernel } from "#maceken/kernel/kernel.js";
import { noPeers } from "#maceken/kernel/kernel-options.js";
import { KernelLoader } from "#maceken/kernel/recovery.js";
import { TurnWords, span, type TurnInWords } from "#maceken/observe/turn-words.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";
import { programVersion } from "../lib/program-version.ts";

/** A program whose service does `bodies`, each as a method. */
const programOf = (bodies: readonly string[]): string => `
  class Account { balance = 0; #moves = 0; constructor(balance) { this.balance = balance; } move(by) { this.balance += by; this.#moves++; } }
  class Bank extends Service {
    accounts = new Map(); list = [1, 2, 3]; names = new Set(); flags = {}; when = new Date(0); bytes = new Uint8Array(4); log = []; chain = null; open = false;
    other = ref("b/shelf");
    static messages = { keyed: true, later: { guard: (bank) => bank.open, otherwise: "defer" }, ${bodies.map((_, i) => `do${i}: true`).join(", ")} };
    ${bodies.map((body, i) => `do${i}() { ${body} }`).join("\n")}
    keyed() { this.log.push("keyed"); return 5; }
    later(what) { this.log.push(what); }
    onPut(outcome, id) { this.log.push([id, outcome.ok]); }
    onTimer(what) { this.log.push(what); }
    onTick() {}
    fail() { throw new Error("no\\nway"); }
  }
  exports.default = app({ version: 1 }).service("bank", () => new Bank()).outside({ mail: () => 1 });`;

function wordsOf(a: TestNode, first = 1): TurnInWords[] {
  const app = { version: 1, removed: [], missingMethods: "refuse", factories: new Map(), effects: {} } as unknown as AppDefinition;
  const kernel = new Kernel({ name: "a", app, peering: noPeers, random: () => 0, newIncarnation: () => "", durable: true });
  const loader = new KernelLoader(kernel);
  const told: TurnInWords[] = [];
  const words = new TurnWords((index) => kernel.channels.at(index)?.peer, (turn) => void (turn.turn >= first && told.push(turn)));
  for (const chunk of a.node.snapshot?.chunks ?? []) loader.snapshotChunk(chunk);
  const root = loader.watch(words);
  if (root !== undefined) words.begin(root);
  for (const { bytes } of a.node.durable) loader.records(bytes);
  return told;
}

const lines = ({ input, changes, kept, sent }: TurnInWords): string[] => [input, ...changes.map(({ text }) => text), ...kept.map(({ text }) => text), ...sent.map(({ to, text }) => `-> ${to}: ${text}`)];

interface Running {
  readonly test: TestWorld;
  readonly a: TestNode;
  /** Does the next of the bodies; answers the lines of its turn behind the first, which names it. */
  next(): string[];
}

function node(...bodies: string[]): Running {
  const test = new TestWorld();
  const a = test.node("a", programVersion(programOf(bodies)));
  test.pass(10);
  let done = 0;
  return {
    test, a,
    next() {
      const from = a.kernel.executed + 1;
      a.value(`bank.do${done++}`);
      const [input, ...told] = wordsOf(a, from).slice(0, 1).flatMap(lines);
      assert.equal(input, `request bank.do${done - 1}`);
      return told;
    },
  };
}

test("what programs change, as they would say it", () => {
  const cases: [body: string, ...expected: string[]][] = [
    [`this.accounts.set("anna", new Account(90)); this.accounts.set("bob", new Account(1))`, 'bank.accounts.set("anna", Account { balance: 90, #moves: 0 })', 'bank.accounts.set("bob", Account { balance: 1, #moves: 0 })'],
    [`this.accounts.get("anna").move(-5)`, 'bank.accounts["anna"].balance: 90 -> 85', 'bank.accounts["anna"].#moves: 0 -> 1'],
    [`this.accounts.set("bob", this.accounts.get("anna")); this.accounts.delete("anna")`, 'bank.accounts.set("bob", Account { balance: 85, #moves: 1 }) (was Account { balance: 1, #moves: 0 })', 'bank.accounts.delete("anna") (was Account { balance: 85, #moves: 1 })'],
    [`this.accounts.get("bob").balance = -0`, 'bank.accounts["bob"].balance: 85 -> -0'],
    ["this.list.push(4, 5)", "bank.list.push(4, 5)"],
    ["this.list.pop()", "bank.list: its last item 5 went"],
    ["this.list[1] = 'x'", 'bank.list[1]: 2 -> "x"'],
    ["this.list.shift()", "bank.list at 0: 1 out (1)"],
    ["this.list.splice(1, 1, 'a', 'b')", 'bank.list at 1: 1 out (3), 2 in ("a", "b")'],
    ["this.names.add('n'); this.names.add('m'); this.names.delete('n')", 'bank.names.add("m")'],
    ["this.names.clear()", "bank.names.clear() (had 1)"],
    ["this.flags.on = true; this.flags['not a name'] = [{}]", "bank.flags.on = true", 'bank.flags["not a name"] = [ {} ]'],
    ["delete this.flags.on", "delete bank.flags.on (was true)"],
    ["this.flags['not a name'][0].deep = 1", 'bank.flags["not a name"][0].deep = 1'],
    ["this.when.setTime(1000)", "bank.when: 1970-01-01T00:00:00.000Z -> 1970-01-01T00:00:01.000Z"],
    ["this.chain = undefined", "bank.chain: null -> undefined"],
  ];
  const { next } = node(...cases.map(([body]) => body), "this.bytes[2] = 7");
  for (const [body, ...expected] of cases) assert.deepEqual(next(), expected, body);
  assert.match(next().join("\n"), /^bank\.bytes\.buffer: 4 bytes \(0\) -> 4 bytes \(\w+\)$/);
});

test("a chain of 100,000 objects, and objects that move, have paths", () => {
  const { next } = node(
    "let at = null; for (let i = 0; i < 100_000; i++) at = { next: at, n: i }; this.chain = at",
    "let at = this.chain; while (at.next !== null) at = at.next; at.n = -1",
    "this.chain = { holder: { n: 1 } }",
    "this.flags.moved = this.chain.holder; this.chain = null",
    "this.flags.moved.n++",
  );
  next();
  assert.match(next()[0]!, /^…(\.next){24}\.n: 0 -> -1$/);
  next();
  next();
  assert.deepEqual(next(), ["bank.flags.moved.n: 1 -> 2"]);
});

test("what the programming model keeps, and what the input was", () => {
  const { test, a, next } = node(
    "this.turn.schedule(this.onTimer, 1000, 'x'); this.turn.every(this.onTick, 90_000)",
    "this.turn.when(this.other.put('a', { n: 1 }), this.onPut, 7); this.turn.when(this.turn.outside('mail', 'to', 1), this.onPut, 8)",
    "this.open = true",
    "this.turn.send(this.fail)",
  );
  const from = a.kernel.executed + 1;
  next();
  test.pass(1_100);
  next();
  test.pass(10);
  a.ask("bank.later", ["deferred"]);
  test.pass(10);
  next();
  test.pass(10);
  a.call("bank.keyed", [], { key: "k1" });
  next();
  test.pass(5_000);
  const told = wordsOf(a, from).map((turn) => lines(turn).map((line) => line.replace(/(call|letter) \d+/, "$1 N")));
  assert.deepEqual(told, [
    ["request bank.do0", 'timer bank.onTimer("x") due in 1 s', "timer bank.onTick() due in 1.5 min, then every 1.5 min"],
    ["timer bank.onTimer", 'bank.log.push("x")'],
    ["request bank.do1", "bank.onPut waits for b/shelf.put", "bank.onPut waits for outside mail", 'outside mail("to", 1)', '-> b: shelf.put("a", { n: 1 })'],
    ["outcome of outside mail for bank.onPut", "bank.log.push([ 8, true ])"],
    ["request bank.later", 'deferred: bank.later("deferred")'],
    ["request bank.do2", "bank.open: false -> true"],
    ['deferred message bank.later("deferred")', 'bank.log.push("deferred")'],
    ['request bank.keyed with key "k1"', 'bank.log.push("keyed")'],
    ["request bank.do3", "to itself: bank.fail()"],
    ["own message bank.fail()", "dead letter N: Error: no"],
  ]);
});

test("over a snapshot, by stand-ins, from a turn on", () => {
  const { test, a, next } = node("this.accounts.set('anna', new Account(1))", "this.accounts.get('anna').move(4)");
  next();
  test.world.takeSnapshot(a.node);
  next();
  programVersion("exports.default = 0;");
  assert.deepEqual(wordsOf(a).map(lines), [["request bank.do1", 'bank.accounts["anna"].balance: 1 -> 5', 'bank.accounts["anna"].#moves: 0 -> 1']]);
});

test("messages of peers, meeting them, forgetting them, and dead letters", () => {
  const test = new TestWorld();
  const a = test.node("a", programVersion(programOf(["this.turn.when(this.other.put(1), this.onPut, 9); this.other.put(2)"])), ["b"]);
  const b = test.node("b", programVersion(programOf(["ref('a/bank').keyed(); ref('a/bank').nothing()"]).replace('service("bank"', 'service("shelf"')));
  test.pass(100);
  a.value("bank.do0");
  test.pass(50);
  b.value("shelf.do0");
  test.pass(50);
  test.world.crash(b.node, "all");
  b.node.staysDown = true;
  a.value("bank.do0");
  test.world.operate(a.node, { kind: "forgetPeer", peer: "b" });
  test.pass(50);
  test.world.operate(a.node, { kind: "dropDeadLetter", id: [...a.kernel.state.dead.keys()][0]! });
  test.pass(50);
  const told = (of: TestNode) => wordsOf(of).map(lines).slice(1);
  assert.deepEqual(told(a), [
    ["pin the key of b"],
    ["meet b"],
    ["request bank.do0", "bank.onPut waits for b/shelf.put", "-> b: shelf.put(1)", "-> b: shelf.put(2)"],
    ["outcome of b/shelf.put for bank.onPut", "bank.log.push([ 9, false ])"],
    ["message from b: shelf.put failed, and nobody waits for it"],
    ["message from b: bank.keyed", 'bank.log.push("keyed")'],
    ["message from b: bank.nothing", "-> b: bank.nothing failed: MK_METHOD_UNKNOWN: bank has no message nothing"],
    ["request bank.do0", "bank.onPut waits for b/shelf.put", "-> b: shelf.put(1)", "-> b: shelf.put(2)"],
    ["forget b", "dead letter 5: MK_PEER_LOST, for b: shelf.put(1)", "dead letter 6: MK_PEER_LOST, for b: shelf.put(2)", "to itself: outcome of call 3"],
    ["outcome of b/shelf.put for bank.onPut", "bank.log.push([ 9, false ])"],
    ["drop a dead letter", "dead letter 5 gone"],
  ]);
  assert.deepEqual(told(b).slice(0, 4).map(([input]) => input), ["pin the key of a", "meet a", "message from a: shelf.put", "message from a: shelf.put"]);
});

test("an upgrade", () => {
  const { test, a } = node();
  a.restart({ app: programVersion(programOf([]).replace("version: 1", "version: 2").replace("list =", "notes = 'new'; list =")) });
  test.pass(10);
  assert.deepEqual(wordsOf(a).map(lines).at(-1), ["upgrade from version 1 to 2", 'bank.notes = "new"']);
});

test("spans of time", () => {
  assert.deepEqual([0, 350, 12_500, 60_000, 3 * 3_600_000, 36 * 3_600_000, -2000].map(span), ["0 ms", "350 ms", "12.5 s", "1 min", "3 h", "1.5 d", "-2 s"]);
});
