/**
 * Goal: every value of the contract comes back from the log bit for bit, and everything else is refused with the path to it, never
 * kept in part. Method: each value is planted, recovered from the log and from a snapshot, written again, and compared as a text of all that
 * can be seen of it (lib/exact.ts); each refusal must name code and path and leave the heap as it was.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exactText } from "../lib/exact.ts";
import { HeapHarness } from "../lib/heap-harness.ts";

class Point {
  x = 1;
  #secret: unknown = "s";
  get sum() {
    return this.x + 1;
  }
  tell() {
    return this.#secret;
  }
  keep(value: unknown) {
    this.#secret = value;
  }
}
class NotFound extends Error {
  override name = "NotFound";
  #where: string;
  code: number;
  constructor(where: string, code: number, options?: ErrorOptions) {
    super(`not found: ${where}`, options);
    this.#where = where;
    this.code = code;
  }
  get where() {
    return this.#where;
  }
}
class DeeplyNotFound extends NotFound {
  depth = 3;
}
class Bounded extends Map<string, unknown> {
  #refused = 0;
  bound = 2;
  override set(key: string, value: unknown): this {
    if (this.size >= (this.bound ?? 9) && !this.has(key)) {
      this.#refused++;
      return this;
    }
    return super.set(key, value);
  }
  get refused() {
    return this.#refused;
  }
}
class Tags extends Set<string> {
  note = "";
}
class Stack extends Array<unknown> {
  #peak = 0;
  override push(...values: unknown[]): number {
    this.#peak = Math.max(this.#peak, this.length + values.length);
    return super.push(...values);
  }
  get peak() {
    return this.#peak;
  }
}
class Day extends Date {
  zone = "UTC";
}
class Clock {
  readonly started = new Date(NaN);
}

const define = (object: object, key: string, descriptor: PropertyDescriptor) => Object.defineProperty(object, key, descriptor);
/** Made anew for each test: what is persistent in one heap cannot be in another. */
function manyKeys(): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i]));
}

function makeValues(): Record<string, unknown> {
  const shared = new ArrayBuffer(24);
  const cycle: Record<string, unknown> = {};
  cycle.map = new Map<unknown, unknown>([[cycle, cycle]]);
  cycle.set = new Set<unknown>([cycle.map, cycle]);
  (cycle.set as Set<unknown>).add(cycle.set);
  
  const sparse: unknown[] = [];
  sparse[4_000_000_000] = "far";
  return {
  "numbers": [NaN, -0, 0, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, -(2 ** 53) - 2, 0.1, 2 ** 31, 2 ** 32, -1],
  "strings": ["", "\0", "é", "ж", "\ud800", "\udfff\ud800", "😀", "a\ud83d", "x".repeat(70_000), "ж".repeat(70_000)],
  "bigints": [0n, -1n, 2n ** 64n, -(2n ** 300n)], "the others": [true, false, null, undefined],
  "__proto__ as a key": { ["__proto__"]: { a: 1 }, constructor: 1, hasOwnProperty: 2 }, "null prototype": Object.assign(Object.create(null), { b: 1, a: 2, 3: 4 }),
  "keys in order": { b: 1, a: 2, 10: 3, 9: 4, "-1": 5, "01": 6, " ": 7, "": 8, "\ud800": 9 },
  "holes": [1, , 3, , ], "a far element": sparse, "an array with properties": Object.assign([1, , 2], { tag: "t", "-1": 2, "01": 3 }), "an empty array": [],
  "dates": [new Date(0), new Date(NaN), new Date(-1), new Date(8.64e15), new Clock()],
  "patterns": [/a/, /[/\]]\n/giu, Object.assign(/x/y, { lastIndex: 3 }), Object.assign(/x/g, { lastIndex: -1 }), new RegExp(""), /(?<n>a)/dms],
  "a pattern with a property": Object.assign(/a/, { note: 1 }),
  "views that share a buffer": [new Uint8Array(shared, 1, 3), new Float64Array(shared, 8, 2), new DataView(shared, 2, 5), shared, new BigInt64Array(shared)],
  "every typed array": [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array].map((make) => make.from([1, 2, 3])),
  "bits of NaN in a buffer": new Float64Array(new BigUint64Array([0x7ff8000000000001n, 0xfff0000000000000n]).buffer), "an empty buffer": new ArrayBuffer(0),
  "a typed array with a property": Object.assign(new Uint8Array(2), { note: 1 }), "a buffer with a property": Object.assign(new ArrayBuffer(2), { note: 1 }),
  "maps": [new Map<unknown, unknown>([[NaN, 1], [0, 2], ["0", 3], [null, 4], [undefined, 5], [cycle, 6]]), new Map()], "sets": [new Set([1, "1", NaN, undefined]), new Set()],
  "a map with a property": Object.assign(new Map([[1, 2]]), { note: { deep: 1 } }), "a set with a property": Object.assign(new Set([1]), { note: 1 }), "a date with a property": Object.assign(new Date(1), { note: 1 }),
  "cycles through Map and Set": cycle,
  "errors": [new Error("e"), new TypeError("t", { cause: new RangeError("r") }), new AggregateError([new Error("in"), 1], "all"), Object.assign(new Error("coded"), { code: "E" }), new Error()],
  "an error with its own message property": Object.assign(new Error(), { message: "late", name: "Named" }),
  "an error without stack": (() => { const e = new Error("x"); delete e.stack; return e; })(),
  "errors of classes": [new NotFound("here", 4), new DeeplyNotFound("there", 5, { cause: cycle })],
  "instances": [new Point(), new Point()],
  "a Map of a class": (() => { const m = new Bounded(); m.set("a", 1); m.set("b", m); m.set("c", 3); return m; })(), "a Set of a class": new Tags(["a", "b"]), "an Array of a class": (() => { const s = new Stack(); s.push(1, 2); return s; })(), "a Date of a class": new Day(77),
  "frozen and sealed objects": [Object.freeze({ a: 1 }), Object.seal({ a: 1 }), Object.freeze({}), Object.freeze(new Point())],
  "frozen and sealed arrays": [Object.freeze([1, 2]), Object.seal([1, , 2]), Object.freeze([]), Object.freeze(Object.assign([1], { tag: 1 }))],
  "a frozen null-prototype object": Object.freeze(Object.assign(Object.create(null), { a: 1 })), "a closed typed array": Object.preventExtensions(new Uint8Array(2)), "a frozen error": Object.freeze(new Error("cold")), "a frozen pattern": Object.freeze(/a/g),
  "a frozen Map of a class": Object.freeze(new Bounded([["a", 1]])),
  "very many keys, frozen and sealed": [Object.freeze(manyKeys()), Object.seal(manyKeys()), Object.freeze(Object.assign(Object.create(null), manyKeys())), define(manyKeys(), "id", { value: 7, configurable: true })],
  "hidden and read-only properties": (() => { const o = { usual: 1 }; define(o, "hidden", { value: 1, writable: true, configurable: true }); define(o, "constant", { value: 2, enumerable: true, configurable: true }); return o; })(),
  "an instance with a hidden property": define(new Point(), "id", { value: 7, configurable: true }),
  "the same, frozen": Object.freeze(define({ a: 1 }, "id", { value: 7 })),
  "many keys": manyKeys(),
  "many keys without prototype": Object.assign(Object.create(null), Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${(i * 7) % 500}`, i]))),
};
}

const values = makeValues();

describe("values", () => {
  for (const name of Object.keys(values)) {
    it(`come back exactly: ${name}`, () => {
      const value = makeValues()[name];
      const expected = exactText({ value });
      const harness = HeapHarness.planted({ value });
      assert.equal(exactText(harness.root), expected, "persisting changes nothing");
      const copy = harness.recovered();
      assert.equal(exactText(copy.root), expected, "from the log");
      // A recovered heap goes on: what is written again is the same too.
      copy.turn((root) => void (root.again = 1));
      copy.undone((root: any) => { root.again = 2; root.value = null; });
      const snapshot = copy.recoveredFromSnapshot(100, (root, slice) => void (root.again = slice));
      assert.equal(exactText({ value: snapshot.root.value }), expected, "from a snapshot of what was recovered");
    });
  }

  it("of classes work after recovery as before", () => {
    const { value } = HeapHarness.planted({ value: makeValues() }).recovered().root as { value: any };
    const [error] = value["errors of classes"];
    assert.ok(error instanceof NotFound && error instanceof Error && error.where === "here" && error.name === "NotFound");
    assert.match(String(error.stack), /not found: here/);
    assert.equal(value.instances[0].tell(), "s");
    assert.equal(value.instances[0].sum, 2);
    assert.equal(value["a Map of a class"].refused, 1);
    assert.equal(value["an Array of a class"].peak, 2);
    assert.ok(Array.isArray(value["an Array of a class"]) && value["an Array of a class"] instanceof Stack);
    assert.equal(value["a Map of a class"].get("b"), value["a Map of a class"]);
    assert.equal(value["views that share a buffer"][0].buffer, value["views that share a buffer"][3]);
  });

  it("of classes that extend Map, Set, Array and Date are tracked through what the class overrides", () => {
    const harness = HeapHarness.planted({ map: new Bounded(), set: new Tags(), stack: new Stack(), day: new Day(1), point: new Point() });
    const change = (r: any) => {
      r.map.set("a", 1);
      r.map.set("b", 2);
      r.map.set("c", 3);
      r.map.bound = 5;
      r.set.add("x");
      r.set.note = "n";
      r.stack.push(1, r.map);
      r.stack[5] = 2;
      r.day.setFullYear(2031);
      r.day.zone = "CET";
      r.point.keep(r.map);
    };
    const before = exactText(harness.root);
    harness.undone(change);
    assert.equal(exactText(harness.root), before);
    harness.turn(change);
    assert.equal((harness.root.map as Bounded).refused, 1);
    assert.equal(exactText(harness.recovered().root), exactText(harness.root));
    assert.throws(() => (harness.root.map as Bounded).set("z", 1), { code: "MK_WRITE_OUTSIDE_TURN" });
    assert.throws(() => (harness.root.set as Tags).delete("x"), { code: "MK_WRITE_OUTSIDE_TURN" });
    assert.throws(() => (harness.root.day as Day).setTime(1), { code: "MK_WRITE_OUTSIDE_TURN" });
  });
});

class Unmade extends Point {}
class Remote extends URL {}
class Later extends Promise<unknown> {}
function* endless() {
  yield 1;
}
function listed(..._: unknown[]) {
  // biome-ignore lint: the object itself is meant
  return arguments;
}
const { proxy } = Proxy.revocable({ a: 1 }, {});

const refused: [what: string, value: () => unknown, message: RegExp][] = [
  ["a function", () => () => 1, /^at\.deep\[0\] is a function/],
  ["a class", () => Point, /is the class Point/],
  ["a symbol", () => Symbol("s"), /is a symbol/],
  ["a symbol as key", () => ({ [Symbol("s")]: 1 }), /^at\.deep\[0\]\[Symbol\(s\)\] is a symbol/],
  ["a symbol as key of an array", () => Object.assign([1], { [Symbol("s")]: 1 }), /Symbol\(s\)/],
  ["a symbol as key of a Map", () => Object.assign(new Map(), { [Symbol("s")]: 1 }), /Symbol\(s\)/],
  ["a promise", () => Promise.resolve(1), /is a promise/],
  ["a promise of a class", () => new Later(() => {}), /^at\.deep\[0\] is an instance of a class that extends Promise/],
  ["WeakMap", () => new WeakMap(), /is an instance of WeakMap/], ["WeakSet", () => new WeakSet(), /WeakSet/], ["WeakRef", () => new WeakRef({}), /WeakRef/],
  ["an own getter", () => ({ get a() { return 1; } }), /^at\.deep\[0\]\.a is an own accessor/],
  ["an own setter", () => ({ set a(_: number) {} }), /is an own accessor/],
  ["an own getter, where the same keys were seen before", () => [{ same: 1 }, { get same() { return 1; } }], /\.same is an own accessor/],
  ["a getter that was defined", () => define(new Point(), "late", { get: () => 1, enumerable: true, configurable: true }), /\.late is an own accessor/],
  ["a getter of an array", () => define([1], "0", { get: () => 1 }), /is an array with elements or properties that Object\.defineProperty made/],
  ["a getter of a Map", () => define(new Map(), "a", { get: () => 1 }), /own accessor/],
  ["a getter through __defineGetter__", () => { const o: any = {}; o.__defineGetter__("a", () => 1); return o; }, /own accessor/],
  ["a read-only element", () => define([1], "0", { value: 1, writable: false }), /array with elements or properties/],
  ["a Proxy", () => new Proxy({ a: 1 }, {}), /^at\.deep\[0\] is a Proxy/], ["a revocable Proxy", () => proxy, /is a Proxy/], ["a Proxy of an array", () => new Proxy([], {}), /is a Proxy/],
  ["a boxed number", () => Object(1), /is a boxed number: keep the number itself/], ["a boxed string", () => Object("s"), /boxed string/], ["a boxed symbol", () => Object(Symbol("s")), /boxed symbol/],
  ["a generator", () => endless(), /is an instance of/], ["an iterator", () => [1].values(), /is an instance of/], ["an iterator of a Map", () => new Map().keys(), /is an instance of/],
  ["arguments", () => listed(1), /Symbol\(Symbol\.iterator\)/],
  ["a module's namespace", () => import.meta, /./],
  ["URL", () => new URL("http://localhost/"), /is a URL: keep its href/], ["a class of URL", () => new Remote("http://localhost/"), /extends URL/],
  ["Buffer", () => Buffer.from("b"), /is a Buffer: keep a Uint8Array/], ["SharedArrayBuffer", () => new SharedArrayBuffer(1), /is shared memory/], ["a view of one", () => new Uint8Array(new SharedArrayBuffer(1)), /shared memory/],
  ["a resizable buffer", () => new (ArrayBuffer as any)(1, { maxByteLength: 4 }), /a resizable ArrayBuffer/], ["a view of one", () => new Uint8Array(new (ArrayBuffer as any)(1, { maxByteLength: 4 })), /a resizable ArrayBuffer/],
  ["an uncompiled class", () => new (new Function("return class Wild { a = 1 }")())(), /is an instance of Wild, a class the heap does not know/],
  ["no Map", () => Object.create(Map.prototype), /an object with a prototype that is not its own/], ["no Date", () => Object.create(Date.prototype), /not its own/],
  ["an instance without its private fields", () => Object.create(Unmade.prototype), /not its own/],
  ["a Map turned into an object", () => Object.setPrototypeOf(new Map([[1, 1]]), Object.prototype), /an object whose prototype was changed/],
  ["an instance turned into another", () => Object.setPrototypeOf(new Point(), Object.prototype), /an object whose prototype was changed/],
  ["a frozen Map", () => Object.freeze(new Map()), /is a closed or frozen Map, whose changes nobody would see/], ["a frozen Set", () => Object.freeze(new Set()), /frozen Set/],
  ["a property that is not configurable", () => define({ a: 1 }, "id", { value: 7 }), /a property that is not configurable/], ["the same of an instance", () => define(new Point(), "id", { value: 7 }), /not configurable/],
  ["a closed object that is not sealed", () => Object.preventExtensions({ a: 1 }), /closed to new properties but not sealed/], ["a closed array", () => Object.preventExtensions([1]), /not sealed/],
  ["the strings of a tagged template", () => ((strings: TemplateStringsArray) => strings)`x`, /array with elements or properties/],
  ["Intl", () => new Intl.NumberFormat("en"), /is an instance of NumberFormat/], ["AbortController", () => new AbortController(), /AbortController/],
];

describe("what cannot persist", () => {
  for (const [what, make, message] of refused) {
    it(`is refused with its path: ${what}`, async () => {
      const value = what === "a module's namespace" ? await import("node:path") : make();
      const harness = HeapHarness.planted({ kept: 1, same: { same: 1 }, at: { deep: [] as unknown[], map: new Map() } });
      const before = exactText(harness.root);
      const places: ((r: any) => void)[] = [(r) => r.at.deep.push(value), (r) => { r.at = { deep: [value] }; }];
      for (const place of places) {
        assert.throws(() => harness.turn(place), (error: { code: string; message: string }) => {
          assert.equal(error.code, "MK_VALUE_NOT_PERSISTENT");
          assert.match(error.message, message);
          assert.match(error.message, /^at\.deep/);
          return true;
        });
        assert.equal(exactText(harness.root), before);
      }
      assert.throws(() => harness.turn((r: any) => r.at.map.set("k", { in: value })), /at\.map\.get\("k"\)\.in/);
      assert.throws(() => harness.turn((r: any) => r.at.map.set({ in: value }, 1)), /at\.map\.keys\(…\)\.in/);
      harness.turn((root) => void (root.kept = 2));
      assert.equal(exactText(harness.recovered().root), exactText(harness.root));
    });
  }

  it("is refused on objects that persist already, too", () => {
    const harness = HeapHarness.planted({ o: { a: 1 }, point: new Point(), list: [1], map: new Map(), many: { ...(values["many keys"] as object) }, bytes: new Uint8Array(2), date: new Date(1) });
    const before = exactText(harness.root);
    const cases: [(r: any) => void, RegExp][] = [
      [(r) => { r.o[Symbol("s")] = 1; }, /^o\[Symbol\(s\)\] is a symbol/], [(r) => { r.list[Symbol("s")] = 1; }, /^list\[Symbol/], [(r) => { r.many[Symbol("s")] = 1; }, /^many\[Symbol/], [(r) => { r.map[Symbol("s")] = 1; }, /^map\[Symbol/],
      [(r) => { r.o.a = 1; r.o[Symbol("s")] = 1; }, /^o\[Symbol\(s\)\] is a symbol/],
      [(r) => define(r.o, "a", { get: () => 1, configurable: true }), /^o\.a is an own accessor/], [(r) => r.o.__defineGetter__("b", () => 1), /^o\.b is an own accessor/], [(r) => define(r.map, "b", { get: () => 1, configurable: true }), /^map\.b is an own accessor/],
      [(r) => Object.setPrototypeOf(r.point, Object.prototype), /^point is an object whose prototype was changed/], [(r) => Reflect.setPrototypeOf(r.map, Object.prototype), /^map is an object whose prototype/], [(r) => { r.list.__proto__ = Object.prototype; }, /^list is an object whose prototype/],
      [(r) => { r.map.set = () => 1; }, /^map\.set is a function/],
    ];
    for (const [change, message] of cases) {
      assert.throws(() => harness.turn(change), (error: { code: string; message: string }) => error.code === "MK_VALUE_NOT_PERSISTENT" && (assert.match(error.message, message), true), String(message));
      assert.equal(exactText(harness.root), before, String(message));
    }
  });

  it("objects may get and lose hidden and read-only properties, and another plain prototype", () => {
    const harness = HeapHarness.planted({ o: { a: 1, b: 2 }, bare: Object.assign(Object.create(null), { x: 1 }) });
    const before = exactText(harness.root);
    const change = (r: any) => {
      define(r.o, "a", { value: 5, enumerable: false, configurable: true });
      define(r.o, "c", { value: 6, enumerable: true, configurable: true, writable: false });
      Object.setPrototypeOf(r.bare, Object.prototype);
    };
    harness.undone(change);
    assert.equal(exactText(harness.root), before);
    harness.turn(change);
    assert.equal(exactText(harness.recovered().root), exactText(harness.root));
    harness.turn((r: any) => define(r.o, "a", { enumerable: true, writable: true }));
    assert.equal(exactText(harness.recovered().root), exactText(harness.root));
  });

  it("freezing what is persistent already is refused, because no undo could take it back; frozen copies are the way", () => {
    const harness = HeapHarness.planted({ o: { a: 1 }, list: [1], cold: Object.freeze({ a: 1 }) });
    const before = exactText(harness.root);
    for (const freeze of [(r: any) => Object.freeze(r.o), (r: any) => Object.seal(r.list), (r: any) => Object.preventExtensions(r.o), (r: any) => Reflect.preventExtensions(r.o), (r: any) => define(r.o, "b", { value: 1 }), (r: any) => define(r.o, "a", { configurable: false })]) {
      assert.throws(() => harness.turn(freeze), { code: "MK_FREEZE_PERSISTENT" });
      assert.equal(exactText(harness.root), before);
    }
    harness.turn((r: any) => { Object.freeze(r.cold); r.o = Object.freeze({ ...r.o }); });
    assert.equal(exactText(harness.recovered().root), exactText(harness.root));
  });
});
