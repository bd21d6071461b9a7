/**
 * Goal: a turn is atomic in memory and in the log (K1): what commits is recovered bit for bit, what is undone leaves no trace.
 * Method: each case changes a heap in a turn, compares after undo with a deep copy from before, and after recovery with the heap.
 */
import assert from "node:assert/strict";
import { inspect, isDeepStrictEqual } from "node:util";
import { describe, it } from "node:test";
import { volatile } from "#maceken/index.js";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";

class Point {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  get sum() {
    return this.x + this.y;
  }
}

class Secret extends Point {
  #hidden: unknown;
  #count = 0;
  cache = volatile(() => new WeakMap<object, number>());
  constructor(hidden: unknown) {
    super(1, 2);
    this.#hidden = hidden;
  }
  set(hidden: unknown) {
    this.#hidden = hidden;
    this.#count++;
  }
  read() {
    return [this.#hidden, this.#count, this.#secretly()];
  }
  #secretly() {
    return `${String(this.#hidden)}!`;
  }
}

class Trouble extends Error {
  override name = "Trouble";
  extra = 7;
}

/** Prints everything that matters: order of keys, identity, prototypes. */
const show = (value: unknown) => inspect(value, { depth: 20, showHidden: false, maxArrayLength: null, maxStringLength: null, sorted: false });

function base(): Root {
  const shared = { name: "shared" };
  const cyclic: Record<string, unknown> = { a: 1 };
  cyclic.self = cyclic;
  return {
    number: 1, list: [1, 2, 3], nested: { deep: { deeper: [shared] } }, shared, cyclic,
    map: new Map<unknown, unknown>([["a", 1], ["b", shared], [shared, "key by identity"]]),
    set: new Set<unknown>([1, "two", shared]),
    date: new Date(1e12), point: new Point(3, 4), secret: new Secret("s"),
    nothing: Object.assign(Object.create(null) as object, { z: 1 }),
    holes: [1, , 3], extra: Object.assign([1, 2], { tag: "t" }),
    odd: { ["__proto__"]: 1, "": 2, " ": 3, 10: "ten", 9: "nine" },
    numbers: [NaN, -0, 0, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 0.1, 127, 128, -1],
    strings: ["", "é", "\ud800", "😀", "a".repeat(5000), "ж".repeat(5000), "\0"],
    bigints: [0n, -1n, 2n ** 200n], booleans: [true, false, null, undefined],
    regexp: /a+/gu, bytes: new Uint8Array([1, 2, 3]), error: new TypeError("bad"), trouble: new Trouble("worse"),
    frozen: Object.freeze({ a: 1 }), sealed: Object.seal({ b: 2 }),
  };
}

const changes: Record<string, (root: Root & any) => void> = {
  "a property": (r) => void (r.number = 2),
  "a new and a deleted property": (r) => { r.fresh = { a: [1] }; delete r.number; },
  "key order": (r) => { delete r.nested; r.nested = { again: true }; },
  "array push, pop, splice, sort, length": (r) => { r.list.push(9, 8); r.list.splice(0, 1); r.list.sort(); r.list.length = 2; r.holes[5] = 6; },
  "an element": (r) => void (r.list[1] = { new: r.shared }),
  "array with extra properties": (r) => { r.extra.tag = "u"; r.extra.more = 1; delete r.holes[0]; r.list.name = "now it has one"; },
  "map set, delete, clear": (r) => { r.map.set("a", 2); r.map.set("new", r.list); r.map.delete("b"); r.map.set("b", "at the end"); },
  "map clear": (r) => { r.map.clear(); r.map.set("only", 1); },
  "set add, delete": (r) => { r.set.delete(1); r.set.add(3); r.set.add(1); },
  "date": (r) => void r.date.setFullYear(2030),
  "class instance": (r) => { r.point.x += 10; r.other = new Point(5, 6); },
  "private fields": (r) => { r.secret.set({ private: r.point }); r.secret.y = 0; },
  "a cycle": (r) => { r.cyclic.other = { back: r.cyclic }; r.list.push(r.list); },
  "shared references": (r) => { r.shared.name = "renamed"; r.x = r.shared; r.map.set(r.shared, r.shared); },
  "Object.assign and defineProperty": (r) => { Object.assign(r.point, { x: 0 }); Object.defineProperty(r.nested, "d", { value: 1, writable: true, enumerable: true, configurable: true }); Reflect.set(r.nothing, "w", 2); Reflect.deleteProperty(r.nothing, "z"); },
  "destructuring and updates": (r) => { [r.point.x, r.point.y] = [r.point.y, r.point.x]; ({ a: r.a } = { a: 5 }); r.number++; r.number **= 3; r.missing ??= []; for (r.last of [1, 2]); },
  "typed array": (r) => { r.bytes[1] = 99; },
  "regexp lastIndex": (r) => { r.regexp.lastIndex = 4; },
  "freezing": (r) => { r.point = Object.freeze(new Point(1, 2)); r.nested = Object.freeze({ ...r.nested }); },
  "errors": (r) => { r.error.message = "other"; r.trouble.extra = 8; r.list.push(new RangeError("r", { cause: r.point })); },
  "__proto__ key": (r) => { delete r.odd[""]; Object.defineProperty(r.odd, "__proto__", { value: r.shared, writable: true, enumerable: true, configurable: true }); },
  "call, apply and computed calls of mutators": (r) => { Array.prototype.push.call(r.list, 1); [].push.apply(r.list, [2] as never); const m = "reverse"; r.list[m](); r.list?.push(3); },
  "everything twice": (r) => { r.map.set("a", 1); r.map.set("a", 2); r.number = 5; r.number = 6; r.list = r.list.concat(1); },
};

describe("heap", () => {
  for (const [name, change] of Object.entries(changes)) {
    it(`commits and recovers: ${name}`, () => {
      const harness = HeapHarness.planted(base());
      harness.turn(change);
      const copy = harness.recovered();
      assert.equal(show(copy.root), show(harness.root));
      assert.ok(isDeepStrictEqual(Object.keys(copy.root), Object.keys(harness.root)));
      assert.deepEqual((copy.root.secret as Secret).read(), (harness.root.secret as Secret).read());
    });
    it(`undoes: ${name}`, () => {
      const harness = HeapHarness.planted(base());
      const before = show(harness.root);
      const secret = (harness.root.secret as Secret).read();
      harness.undone(change);
      assert.equal(show(harness.root), before);
      assert.deepEqual((harness.root.secret as Secret).read(), secret);
      // What was undone is not in the log either, and the heap works on.
      harness.turn((root) => void (root.after = 1));
      assert.equal(show(harness.recovered().root), show(harness.root));
    });
  }

  it("keeps identity through recovery", () => {
    const { root } = HeapHarness.planted(base()).recovered() as { root: any };
    assert.equal(root.nested.deep.deeper[0], root.shared);
    assert.equal(root.map.get("b"), root.shared);
    assert.equal(root.map.get(root.shared), "key by identity");
    assert.ok(root.set.has(root.shared));
    assert.equal(root.cyclic.self, root.cyclic);
    assert.ok(root.point instanceof Point && root.point.sum === 7);
    assert.ok(root.trouble instanceof Trouble && root.trouble instanceof Error && root.trouble.message === "worse");
    assert.ok(root.secret.cache instanceof WeakMap, "a volatile field is made again");
    assert.ok(Object.isFrozen(root.frozen) && Object.isSealed(root.sealed) && !Object.isFrozen(root.sealed));
    assert.ok(Object.is(root.numbers[1], -0));
  });

  it("writes nothing for a turn that changes nothing, and little for a small change in a large heap", () => {
    const big: Root = { map: new Map(Array.from({ length: 100_000 }, (_, i) => [i, { i }])), small: new Map([[1, 1]]) };
    const harness = HeapHarness.planted(big);
    const large = harness.turn((root) => void (root.map as Map<number, unknown>).set(5, 1));
    const small = harness.turn((root) => void (root.small as Map<number, unknown>).set(5, 1));
    assert.ok(large <= small + 4, `a set costs ${large} bytes in a large map, ${small} in a small one`);
    assert.ok(small < 20);
  });

  it("F19: refuses what cannot persist, with its path, and undoes the turn", () => {
    const harness = HeapHarness.planted(base());
    const before = show(harness.root);
    const cases: [string, (root: any) => void, RegExp][] = [
      ["function", (r) => r.list.push({ cb: () => 1 }), /list\[3\]\.cb is a function/],
      ["promise", (r) => { r.p = Promise.resolve(); }, /p is a promise/],
      ["symbol", (r) => r.map.set("k", Symbol("s")), /map\.get\("k"\) is a symbol/],
      ["symbol key", (r) => { r.k = { [Symbol("s")]: 1 }; }, /Symbol\(s\)/],
      ["accessor", (r) => { r.k = { get a() { return 1; } }; }, /k\.a is an own accessor/],
      ["weak map", (r) => { r.point.x = new WeakMap(); }, /point\.x is an instance of WeakMap/],
      ["foreign class", (r) => { r.u = new URL("http://localhost/"); }, /u is a URL: keep its href/],
      ["private", (r) => r.secret.set(() => 1), /secret\.#hidden is a function/],
    ];
    for (const [what, change, message] of cases) {
      assert.throws(() => harness.turn(change), (error: { code: string; message: string }) => error.code === "MK_VALUE_NOT_PERSISTENT" && message.test(error.message) || assert.fail(`${what}: ${error.message}`));
      assert.equal(show(harness.root), before, what);
    }
    harness.turn((root) => void (root.fine = 1));
    assert.equal(show(harness.recovered().root), show(harness.root));
  });

  it("F20: refuses writes outside a turn, by compiled code, by collections and by the engine", () => {
    const { root } = HeapHarness.planted(base()) as { root: any };
    for (const write of [() => { root.number = 2; }, () => root.map.set(1, 1), () => root.set.delete(1), () => root.date.setTime(0), () => root.list.push(1), () => Object.assign(root.point, { x: 2 })]) {
      assert.throws(write, { code: "MK_WRITE_OUTSIDE_TURN" });
    }
  });

  it("takes 10^5 levels of nesting without overflowing the stack", () => {
    let chain: unknown = null;
    for (let i = 0; i < 100_000; i++) chain = i % 2 === 0 ? { next: chain } : [chain];
    const harness = HeapHarness.planted({ chain });
    let depth = 0;
    for (let at: any = harness.recovered().root.chain; at !== null; at = Array.isArray(at) ? at[0] : at.next) depth++;
    assert.equal(depth, 100_000);
  });

  it("objects of an undone turn may be kept by the program and persist later", () => {
    const harness = HeapHarness.planted({ list: [] });
    const kept = { a: new Map([[1, 1]]) };
    assert.throws(() => harness.turn((root: any) => { root.list.push(kept); root.bad = () => 1; }));
    kept.a.set(2, 2);
    harness.turn((root: any) => root.list.push(kept));
    assert.equal(show(harness.recovered().root), show(harness.root));
  });
});

describe("snapshots", () => {
  it("are fuzzy and still exact: turns between slices change, move, delete and add", () => {
    for (const sliceBytes of [1, 50, 500]) {
      const root: Root = base();
      root.many = Array.from({ length: 60 }, (_, i) => ({ i, items: new Map([[i, { i }]]) }));
      const harness = HeapHarness.planted(root);
      const moved: unknown[] = [];
      const copy = harness.recoveredFromSnapshot(sliceBytes, (r: any, slice) => {
        if (slice > 120) return;
        // Move objects from the end, not yet scanned, to the front, scanned already, and out of sight meanwhile.
        const last = r.many.pop();
        if (last !== undefined) r.point.x = last;
        if (slice % 3 === 0) moved.push(slice);
        r.map.delete("a");
        r.map.set("a", slice);
        r.map.set("j", { slice });
        r.set.add({ slice });
        r.date.setTime(slice);
        if (slice % 7 === 0) r.fresh = { [`shape${slice}`]: slice, old: r.fresh };
        r.secret.set(slice);
      });
      assert.equal(show(copy.root), show(harness.root), `slices of ${sliceBytes}`);
      assert.deepEqual((copy.root.secret as Secret).read(), (harness.root.secret as Secret).read());
    }
  });

  it("hold what an open snapshot's turn took out of reach and wrote", () => {
    const many: Record<string, unknown> = {};
    for (let i = 0; i < 50; i++) many[`k${i}`] = { i, last: { items: new Map([[i, i]]) } };
    const harness = HeapHarness.planted({ many });
    const copy = harness.recoveredFromSnapshot(20, (root: any, slice) => {
      const key = Object.keys(root.many).at(-1);
      if (key === undefined || slice > 40) return;
      const taken = root.many[key];
      delete root.many[key];
      taken.last.items.set("written", slice);
      taken.i = "out of reach";
    });
    assert.equal(show(copy.root), show(harness.root));
  });

  it("forget what is out of reach, and take it back as new when the program kept it", () => {
    const kept: any = { name: "kept", map: new Map([[1, { deep: 1 }]]), list: [1], self: null };
    kept.self = kept;
    const harness = HeapHarness.planted({ kept, other: 1 });
    harness.turn((root) => void delete root.kept);
    const mid = harness.recoveredFromSnapshot(1e6, (root: any) => void (root.other = 2));
    assert.deepEqual(Object.keys(mid.root), ["other"]);
    // Written while out of reach: no image, and no harm.
    harness.turn((root: any) => {
      kept.name = "renamed";
      kept.map.set(2, 2);
      root.other = 3;
    });
    harness.turn((root: any) => {
      kept.list.push(2);
      root.again = kept;
      root.alias = kept.map;
    });
    harness.turn((root: any) => void root.again.map.get(1).deep++);
    const loaded = harness.recoveredOver();
    assert.equal(show(loaded.root), show(harness.root));
    assert.equal((loaded.root as any).again.self, (loaded.root as any).again);
    assert.equal((loaded.root as any).alias, (loaded.root as any).again.map);
  });

  it("leave garbage behind", () => {
    const harness = HeapHarness.planted({ keep: 1, drop: Array.from({ length: 1000 }, (_, i) => ({ text: `garbage ${i}` })) });
    harness.turn((root) => void (root.drop = null));
    const chunks: number[] = [];
    harness.recoveredFromSnapshot(1e6, (_, slice) => void chunks.push(slice));
    assert.equal(chunks.length, 1);
  });
});
