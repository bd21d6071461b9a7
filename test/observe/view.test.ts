/**
 * Goal: what `inspect` shows is the state, whole where it fits and bounded where it does not, and looking runs no user code.
 * Method: pictures of made-up states, as data and as text; classes of this file are compiled with the barrier.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ref } from "#maceken/index.js";
import { inspectState } from "#maceken/observe/inspect.js";
import { printView } from "#maceken/observe/print-view.js";
import { viewOf } from "#maceken/observe/view.js";
import { NodeState } from "#maceken/turn/node-state.js";

class Account {
  owner = "a";
  #balance = 5;
  get trap(): never {
    throw new Error("a getter ran");
  }
  read(): number {
    return this.#balance;
  }
}

const show = (value: unknown, bounds = {}): string => printView(viewOf(value, { depth: 4, items: 100, stringUnits: 1000, total: 10_000, ...bounds }));

test("every kind of value", () => {
  const cases: [unknown, string][] = [
    [undefined, "undefined"], [null, "null"], [true, "true"], [-0, "-0"], [NaN, "NaN"], [1.5, "1.5"], [12n, "12n"], ["a\"b", '"a\\"b"'],
    [new Date(0), "1970-01-01T00:00:00.000Z"], [new Date(NaN), "Invalid Date"], [/a\/b/g, "/a\\/b/g"], [Uint8Array.of(1, 255), "Uint8Array(2) <01ff>"],
    [new ArrayBuffer(0), "ArrayBuffer(0)"], [[], "[]"], [{}, "{}"], [[1, , 3], "[ 1, undefined, 3 ]"], [new Map(), "Map(0) {}"],
    [new Map<unknown, unknown>([["a", 1], [{ k: 1 }, [2]]]), 'Map(2) { "a" => 1, { k: 1 } => [ 2 ] }'], [new Set([1, "x"]), 'Set(2) { 1, "x" }'],
    [Object.create(null), "[null prototype] {}"], [{ "not a name": 1, $ok: 2 }, '{ "not a name": 1, $ok: 2 }'], [new Account(), 'Account { owner: "a", #balance: 5 }'],
    [new TypeError("bad"), 'TypeError { message: "bad" }'], [ref<never>("bank/bank" as never), "ref bank/bank"], [Object.assign([1], { more: 2 }), "[ 1, more: 2 ]"],
    [() => 1, "[Function ]"],
  ];
  for (const [value, expected] of cases) assert.equal(show(value), expected);
});

test("cycles and shared objects are shown once and referred to", () => {
  const cycle: Record<string, unknown> = { name: "x" };
  cycle["self"] = cycle;
  assert.equal(show(cycle), '{ name: "x", self: -> (this) (cycle) }');
  const shared = { a: 1 };
  assert.equal(show({ left: shared, right: shared }), "{ left: { a: 1 }, right: -> (this).left }");
  const map = new Map<unknown, unknown>();
  map.set(map, map);
  assert.equal(show(map), "Map(1) { -> (this) (cycle) => -> (this) (cycle) }");
});

test("bounds: depth, items, length of strings, and all together", () => {
  assert.equal(show({ a: { b: { c: { d: { e: 1 } } } } }, { depth: 2 }), "{ a: { b: [object (1)] } }");
  assert.equal(show([1, 2, 3, 4], { items: 2 }), "[ 1, 2, … 2 more ]");
  assert.equal(show("x".repeat(20), { stringUnits: 3 }), '"xxx"… 17 more characters');
  const million = new Map(Array.from({ length: 1_000_000 }, (_, i) => [i, i]));
  assert.match(show(million), /^Map\(1,000,000\) \{[^]*… 999,900 more\n\}$/);
  const wide = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 1)));
  assert.ok(show(wide).length < 200_000);
});

test("long things are broken into lines, short ones are not", () => {
  const text = show({ accounts: new Map(Array.from({ length: 10 }, (_, i) => [`account ${i}`, { balance: i }])) });
  assert.match(text, /^\{\n {2}accounts: Map\(10\) \{\n {4}"account 0" => \{ balance: 0 \},\n/);
});

test("the JSON form is JSON, and plain values stand for themselves", () => {
  const view = viewOf({ a: [1, "x", null, NaN], m: new Map([[1, 2]]) });
  assert.deepEqual(JSON.parse(JSON.stringify(view)), view);
  assert.deepEqual(view, {
    $: "object", size: 2,
    fields: [["a", { $: "array", size: 4, items: [1, "x", null, { $: "number", value: "NaN" }] }], ["m", { $: "map", size: 1, entries: [[1, 2]] }]],
  });
});

function stateWith(services: Record<string, object>): NodeState {
  const state = new NodeState(1, "life");
  for (const [name, service] of Object.entries(services)) state.services.set(name, service);
  return state;
}

test("paths lead through fields, private ones, Maps by key, arrays and Sets by position", () => {
  const lots = new Map<unknown, unknown>([["x", { bids: [{ by: "ann" }] }], [7, "seven"], ["a.b", 1]]);
  const state = stateWith({ auction: { lots, tags: new Set(["p", "q"]), account: new Account() }, "a.b": { inner: 1 } });
  const at = (path: string): string => printView(inspectState(state, path).view);
  assert.equal(at("auction.lots[\"x\"].bids[0].by"), '"ann"');
  assert.equal(at("auction.lots['x'].bids"), '[ { by: "ann" } ]');
  assert.equal(at("auction.lots[7]"), '"seven"');
  assert.equal(at("auction.lots[\"a.b\"]"), "1");
  assert.equal(at("auction[\"tags\"][1]"), '"q"');
  assert.equal(at("auction.account.#balance"), "5");
  assert.equal(at("a.b.inner"), "1");
  assert.match(at(""), /^\{\n? *auction: \{/);
});

test("paths that lead nowhere say how far they came and what is there", () => {
  const state = stateWith({ bank: { accounts: new Map([["a", 1]]), limit: 5 } });
  const cases: [string, RegExp][] = [
    ["nobody", /no service "nobody"; there is bank/], ["bonk.x", /no service "bonk"; did you mean bank\?; there is bank/], ["bank.accounts.A", /did you mean \["a"\]\?; it is a Map of 1 entries/], ["bank.account", /bank has no \.account; did you mean \.accounts\?; it has accounts, limit/], ["bank.accounts[\"z\"]", /it is a Map of 1 entries/],
    ["bank.limit.x", /bank\.limit has no \.x/], ["bank..x", /cannot be read at "\.\.x"/], ["bank.accounts[", /cannot be read/], ["bank.accounts[\"\\x\"]", /cannot be read/],
    ["bank.constructor", /has no/], ["bank.__proto__", /has no/], ["bank.accounts.size", /has no/],
  ];
  for (const [path, message] of cases) assert.throws(() => inspectState(state, path), (error) => (error as { code: string }).code === "MK_PATH_UNKNOWN" && message.test((error as Error).message), path);
});
