/**
 * Goal: what a turn costs does not grow with the Maps, Sets, dictionaries, arrays and buffers it changes, but with what it changes of them.
 * Method: the same turn over collections of ten and of a million; the bytes of its record, and the values that were kept for
 * its undo, are counted and compared. Nothing here depends on time.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shapeIn, stateOf } from "#maceken/heap/mark.js";
import { ArrayChanges } from "#maceken/heap/array-changes.js";
import { ByteChanges } from "#maceken/heap/byte-changes.js";
import { KeyedChanges } from "#maceken/heap/keyed-changes.js";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";

const small = 10;
const large = 1_000_000;

/** Values kept for undo, of one object in the turn that runs. */
function kept(object: object): number {
  const before = shapeIn(object)!.heap.dirty.befores[~stateOf(object)];
  if (before instanceof ArrayChanges) return before.oldIndexes.length + before.front.length + (before.whole?.length ?? 0);
  if (before instanceof ByteChanges) return [...before.pages.values()].reduce((sum, page) => sum + page.length, 0);
  if (Array.isArray(before)) return before.length;
  assert.ok(before instanceof KeyedChanges);
  return before.undoKeys.length + (before.copy?.length ?? 0) + ("whole" in before && before.whole !== undefined ? 1e9 : 0);
}

interface Cost {
  readonly bytes: number;
  readonly kept: number;
}

type Make = (size: number) => object;
type Change = (target: any, size: number) => void;

/** The cost of the turn, the second time: what is made once (the order of a large Map) has been made. */
function costOf(make: Make, size: number, change: Change): Cost {
  const harness = planted(make, size);
  let count = 0;
  const turn = (root: Root) => {
    change(root.target, size);
    count = kept(root.target as object);
  };
  harness.turn(turn);
  return { bytes: harness.turn(turn), kept: count };
}

/** Making a million takes longer than all that is tested, so the cases share them. */
const harnesses = new Map<string, HeapHarness>();

function planted(make: Make, size: number): HeapHarness {
  const name = `${make.name} ${size}`;
  let harness = harnesses.get(name);
  if (harness === undefined) harnesses.set(name, (harness = HeapHarness.planted({ target: make(size) })));
  return harness;
}

const mapOf: Make = (size) => new Map(Array.from({ length: size }, (_, i) => [`key ${i}`, i]));
const setOf: Make = (size) => new Set(Array.from({ length: size }, (_, i) => `key ${i}`));
const dictionaryOf: Make = (size) => Object.fromEntries(Array.from({ length: size + 41 }, (_, i) => [`key ${i}`, i]));
const arrayOf: Make = (size) => Array.from({ length: size }, (_, i) => i % 100);
const bytesOf: Make = (size) => new ArrayBuffer(size * 8);

const numbered: Make = (size) => Array.from({ length: size }, (_, i) => i);

let fresh = 0;
const cases: [string, Make, Change][] = [
  ["Map: set of a key that is there", mapOf, (map) => map.set("key 5", fresh++ % 100)],
  ["Map: set of a new key", mapOf, (map) => map.set(`new ${fresh++}`, 1)],
  ["Map: delete", mapOf, (map) => map.delete(map.keys().next().value)],
  ["Map: delete of the last", mapOf, (map, size) => map.delete(`key ${size - 3 - (fresh++ % 2)}`)],
  ["Map: delete and set again", mapOf, (map) => { map.delete("key 3"); map.set("key 3", fresh++ % 100); }],
  ["Map: the oldest out, a new one in", mapOf, (map) => { map.delete(map.keys().next().value); map.set(`new ${fresh++}`, 1); }],
  ["Set: add", setOf, (set) => set.add(`new ${fresh++}`)],
  ["Set: delete and add again", setOf, (set) => { set.delete("key 3"); set.add("key 3"); }],
  ["dictionary: write", dictionaryOf, (o) => { const key = "key 7"; o[key] = fresh++ % 100; }],
  ["dictionary: a new key", dictionaryOf, (o) => { o[`new ${fresh++}`] = 1; }],
  ["dictionary: update", dictionaryOf, (o) => { const key = "key 7"; o[key]++; }],
  ["dictionary: delete", dictionaryOf, (o) => { delete o[`key ${11 + (fresh++ % 20)}`]; }],
  ["dictionary: delete and write again", dictionaryOf, (o) => { delete o["key 9"]; o["key 9"] = 1; }],
  ["array: write of an element", arrayOf, (list) => { list[3] = fresh++; }],
  ["array: swap", arrayOf, (list, size) => { [list[1], list[size - 1]] = [list[size - 1], list[1]]; }],
  ["array: push", arrayOf, (list) => list.push(fresh++ % 100)],
  ["array: push of several", arrayOf, (list) => list.push(1, 2, Math.abs(-3))],
  ["array: pop", arrayOf, (list) => list.pop()],
  ["array: push and pop", arrayOf, (list) => { list.push(1); list.pop(); list.pop(); list.push(fresh++ % 100); }],
  ["array: splice at the end", arrayOf, (list) => { const at = list.length - 2; list.splice(at, 1); list.push(fresh++ % 100); }],
  ["array: splice at the end, counted from there", arrayOf, (list) => { list.splice(-2); list.push(1, fresh++ % 100); }],
  ["array: shift and push, as a queue", arrayOf, (list) => { list.push(list.shift()); }],
];

describe("one change of a large collection", () => {
  for (const [name, make, change] of cases) {
    it(name, () => {
      const at10 = costOf(make, small, change);
      const atMillion = costOf(make, large, change);
      assert.ok(atMillion.bytes <= 2 * at10.bytes, `${atMillion.bytes} bytes at ${large}, ${at10.bytes} at ${small}`);
      assert.ok(atMillion.bytes <= 40, `${atMillion.bytes} bytes`);
      assert.ok(atMillion.kept <= 2 * Math.max(at10.kept, 1), `${atMillion.kept} values kept at ${large}, ${at10.kept} at ${small}`);
    });
  }

  it("of a buffer keeps a page and writes the bytes that differ", () => {
    const pageBytes = 4096;
    for (const change of [
      (bytes: Uint8Array) => { bytes[77] = 1 + (fresh++ % 200); },
      (bytes: Uint8Array) => { const at = 5000, values = [fresh++ % 200, 2, 3]; bytes.set(values, at); },
      (bytes: Uint8Array) => { const view = new DataView(bytes.buffer); const at = 9, value = fresh++; view.setUint16(at, value); },
    ]) {
      const cost = costOf(bytesOf, large, (buffer) => change(new Uint8Array(buffer)));
      assert.ok(cost.bytes < 24, `${cost.bytes} bytes`);
      assert.ok(cost.kept === pageBytes, `${cost.kept} bytes kept`);
    }
  });

  it("sorts, reverses and unshifts: all is kept, but only what changed is written", () => {
    const one = costOf(numbered, 100_000, (list) => { [list[5], list[6]] = [list[6], list[5]]; list.sort((a: number, b: number) => a - b); });
    assert.ok(one.bytes < 16, `${one.bytes}`);
    const front = costOf(arrayOf, 100_000, (list) => list.unshift(fresh++ % 100));
    assert.ok(front.bytes < 16, `${front.bytes}`);
    const middle = costOf(arrayOf, 100_000, (list) => list.splice(list.length / 2, 2, "x"));
    assert.ok(middle.bytes < 20, `${middle.bytes}`);
  });

  it("is undone with the order of the keys, also when the key stood in the middle of a million", () => {
    for (const make of [mapOf, setOf]) {
      const harness = HeapHarness.planted({ target: make(100_000) });
      const target = harness.root.target as Map<string, number>;
      for (let round = 0; round < 3; round++) {
        const before = [...target.keys()];
        assert.throws(() => harness.turn(({ target: t }: any) => {
          for (let i = 0; i < 50; i++) t.delete(`key ${i * 997}`);
          if (t instanceof Map) t.set("key 997", 1).set("later", 1);
          else t.add("key 997").add("later");
          throw new Error("no");
        }), /no/);
        assert.deepEqual([...target.keys()], before);
        harness.turn(({ target: t }: any) => { t.delete(`key ${round}`); if (t instanceof Map) t.set(`key ${round}`, 2); });
      }
      assert.deepEqual([...(harness.recovered().root.target as Map<string, number>).keys()], [...target.keys()]);
    }
  });
});

describe("a sealed dictionary", () => {
  const sealed = () => Object.seal(dictionaryOf(small)) as Record<string, unknown>;

  it("is logged by key", () => {
    const harness = HeapHarness.planted({ target: sealed() });
    const bytes = harness.turn((root) => void ((root["target"] as Record<string, unknown>)["key 3"] = "changed"));
    assert.ok(bytes < 40, `${bytes} bytes`);
    const recovered = harness.recovered().root["target"] as Record<string, unknown>;
    assert.equal(recovered["key 3"], "changed");
    assert.ok(Object.isSealed(recovered));
    assert.deepEqual(Object.keys(recovered), Object.keys(sealed()));
  });

  it("is undone, also when the barrier could not tell what would change", () => {
    const harness = HeapHarness.planted({ target: sealed() });
    const target = harness.root["target"] as Record<string, unknown>;
    harness.undone(() => {
      target["key 3"] = "changed";
      Object.assign(target, { "key 4": "too" });
      assert.throws(() => delete target["key 3"], TypeError);
    });
    assert.deepEqual(target, { ...sealed() });
  });
});
