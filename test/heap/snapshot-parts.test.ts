/**
 * Goal: objects that come into a snapshot in parts (large-image.ts) are recovered exactly, whatever the turns between the parts do
 * to them (K1). Method: random turns, kept, undone and refused, between small slices, over a graph whose containers are all larger
 * than a part; then the live heap and the recovered one are compared to the bit, also after each later turn, and the recovered
 * heap lives on through the next round. In half of the rounds the audit looks on and must find nothing. Prints its seed.
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { HeapSnapshot } from "#maceken/heap/heap-snapshot.js";
import { largeMin } from "#maceken/heap/large-image.js";
import { exactText } from "../lib/exact.ts";
import { generator, type Random } from "../lib/generator.ts";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";

const effort = Number(process.env["MACEKEN_EFFORT"] ?? 1);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

class Bag extends Map<unknown, unknown> {
  #changes = 0;
  label = "bag";
  override set(key: unknown, value: unknown): this {
    this.#changes++;
    return super.set(key, value);
  }
}

class Pile extends Set<unknown> {
  #adds = 0;
  override add(value: unknown): this {
    this.#adds++;
    return super.add(value);
  }
}

class Stack extends Array<unknown> {
  top = 0;
}

const large = largeMin.elements + 20;
const numbers = (count: number): unknown[] => Array.from({ length: count }, (_, i) => i);

function makeWorld(random: Random): Root {
  const objects = Array.from({ length: large }, (_, n) => ({ n }));
  const map = new Map<unknown, unknown>(numbers(large).map((i) => [random(3) === 0 ? `k${i as number}` : i, i]));
  const members = new Set<unknown>(objects);
  const owned = Object.assign(new Map<unknown, unknown>(objects.map((object, i) => [object, i])), { name: "owned" });
  const bag = new Bag();
  const pile = new Pile();
  for (let i = 0; i < large; i++) bag.set(i, objects[i]), pile.add(i);
  // Large ones that refer to each other and to themselves.
  map.set("members", members).set("map", map);
  members.add(map);
  const buffer = new ArrayBuffer(largeMin.bytes + 4096);
  const array = [...numbers(large), ...objects.slice(0, 50), map];
  return {
    here: { map, set: new Set(numbers(large)), members, owned, bag, pile, array, list: numbers(large), stack: Stack.from(numbers(200)), bytes: new Uint8Array(buffer), doubles: new Float64Array(buffer, 8, 900), view: new DataView(buffer, 100) },
    there: {}, objects, small: 0,
  };
}

const names = ["map", "set", "members", "owned", "bag", "pile", "array", "list", "stack", "bytes", "doubles", "view"];

/** Those that a turn took out of the graph, in a variable of the program. */
type Kept = Map<string, object>;

function change(root: any, random: Random, kept: Kept): void {
  const name = names[random(names.length)]!;
  const { here, there, objects } = root;
  const holder = name in here ? here : name in there ? there : undefined;
  const at = random(large);
  const key = [at, `k${at}`, objects[at], { fresh: at }, at + large, "members"][random(6)];
  const value = [at, `v${at}`, { n: at }, objects[at], -0, NaN, undefined, here.map, here.array, "long ".repeat(random(40))][random(10)];
  if (holder === undefined) {
    if (random(2) === 0) (random(2) === 0 ? here : there)[name] = kept.get(name) ?? (makeWorld(random).here as Root)[name];
    return;
  }
  const target = holder[name];
  if (random(12) === 0) {
    if (random(3) > 0) {
      delete holder[name];
      (holder === here ? there : here)[name] = target;
    } else {
      kept.set(name, target);
      delete holder[name];
    }
    return;
  }
  if (target instanceof Map) changeMap(target, random, key, value);
  else if (target instanceof Set) changeSet(target, random, key);
  else if (Array.isArray(target)) changeArray(target as any, random, at, value);
  else changeBytes(target, random);
  if (random(20) === 0) objects[at].n = value;
}

function changeMap(map: Map<unknown, unknown> & { name?: unknown; label?: unknown }, random: Random, key: unknown, value: unknown): void {
  const present = [...Map.prototype.keys.call(map)];
  const some = present.length === 0 ? key : present[random(4) === 0 ? 0 : random(present.length)];
  switch (random(14)) {
    case 0: case 1: map.set(some, value); break;
    case 2: case 3: map.set(key, value); break;
    case 4: case 5: map.delete(some); break;
    case 6: map.delete(some); map.set(some, value); break;
    case 7: for (const each of present.slice(0, 300)) map.delete(each); break;
    case 8: if (random(6) === 0) map.clear(); break;
    case 9: if (random(4) === 0) { map.clear(); for (let i = 0; i < large; i++) map.set(random(2 * large), i); } break;
    case 10: for (const each of present.slice(-200)) { map.delete(each); map.set(each, value); } break;
    case 11: for (let i = 0; i < 200; i++) map.set(`n${random(5000)}`, i); break;
    case 12: if (random(2) === 0) map.name = value; else delete map.name; break;
    case 13: map.set(some, value); map.delete(some); map.set(key, map); if (map.label !== undefined) map.label = value; break;
  }
}

function changeSet(set: Set<unknown> & { name?: unknown }, random: Random, key: unknown): void {
  const present = [...Set.prototype.values.call(set)];
  const some = present.length === 0 ? key : present[random(4) === 0 ? 0 : random(present.length)];
  switch (random(10)) {
    case 0: case 1: set.add(key); break;
    case 2: case 3: set.delete(some); break;
    case 4: set.delete(some); set.add(some); break;
    case 5: for (const each of present.slice(0, 300)) set.delete(each); break;
    case 6: if (random(6) === 0) set.clear(); break;
    case 7: if (random(4) === 0) { set.clear(); for (let i = 0; i < large; i++) set.add(random(2 * large)); } break;
    case 8: for (const each of present.slice(-200)) { set.delete(each); set.add(each); } break;
    case 9: if (random(4) === 0) set.name = key; else if (random(3) === 0) delete set.name; else for (let i = 0; i < 200; i++) set.add(`n${random(5000)}`); break;
  }
}

function changeArray(array: unknown[] & { name?: unknown; top?: number }, random: Random, index: number, value: unknown): void {
  const at = array.length === 0 ? 0 : index % array.length;
  switch (random(20)) {
    case 0: case 1: case 2: if (array.length > 0) array[at] = value; break;
    case 3: array.push(value, 1); break;
    case 4: array.pop(); break;
    case 5: array.shift(); break;
    case 6: array.push(array.shift()); array.shift(); break;
    case 7: array.unshift(value); break;
    case 8: array.splice(at, 1); break;
    case 9: array.splice(at, random(300), value, 2); break;
    case 10: if (random(3) === 0) array.sort(); break;
    case 11: if (random(3) === 0) array.reverse(); break;
    case 12: if (random(5) === 0) array.length = at; break;
    case 13: for (let i = 0; i < 500; i++) array.push(i); break;
    case 14: if (random(5) === 0) delete array[at]; break;
    case 15: if (random(5) === 0) array[array.length + random(3)] = value; break;
    case 16: if (random(5) === 0) array.name = value; else delete array.name; break;
    case 17: for (let i = 0; i < array.length; i++) array[i] = i; break;
    case 18: if (array.top !== undefined) array.top = at; array.fill(value, at, at + 5); break;
    case 19: for (let i = 0; i < 300; i++) array.pop(); break;
  }
}

function changeBytes(bytes: Uint8Array | Float64Array | DataView, random: Random): void {
  if (bytes instanceof DataView) bytes.setInt32(random(bytes.byteLength - 4), random(9999));
  else if (bytes instanceof Float64Array) bytes[random(bytes.length)] = random(9) / 3;
  else if (random(3) > 0) bytes[random(bytes.length)] = random(256);
  else bytes.fill(random(256), random(bytes.length));
}

test(`random turns between the parts of a snapshot, seed ${seed}`, () => {
  let mostSlices = 0;
  for (let world = 0; world < 8 * effort; world++) {
    const random = generator(seed * 100 + world);
    let harness = HeapHarness.planted(makeWorld(random));
    const kept: Kept = new Map();
    for (let round = 0; round < 3; round++) {
      let audit = random(2) === 0 ? harness.heap.openAudit(random(2) === 0) : undefined;
      let where = `seed ${seed}, world ${world}, round ${round}`;
      const turn = (): void => {
        const steps = random(5) + 1;
        const run = (root: unknown): void => {
          for (let i = 0; i < steps; i++) change(root, random, kept);
        };
        const kind = random(8);
        if (kind > 3) harness.turn(run);
        else if (kind > 1) {
          const before = world % 4 === 0 ? exactText(harness.root) : "";
          harness.undone(run);
          if (world % 4 === 0) assert.equal(exactText(harness.root), before, `undo: ${where}`);
        } else {
          // Refused when it is written, after the snapshot has heard of what it changed.
          assert.throws(() => harness.turn((root: any) => {
            run(root);
            root.refused = () => 1;
          }), { code: "MK_VALUE_NOT_PERSISTENT" });
        }
      };
      for (let i = 0; i < 3; i++) turn();
      const from = harness.patches.length;
      const snapshot = new HeapSnapshot(harness.heap);
      const chunks: Uint8Array[] = [];
      const sliceBytes = 500 + random(8000);
      while (!snapshot.done || chunks.length === 0) {
        chunks.push(snapshot.slice(harness.patches.length, sliceBytes).slice());
        for (let i = random(4); i > 1; i--) turn();
        if (random(4) === 0) audit?.slice(random(10));
        else if (random(10) === 0) audit?.everything();
      }
      snapshot.end();
      harness.snapshot = { chunks, from };
      mostSlices = Math.max(mostSlices, chunks.length);
      for (let later = 0; later < 4; later++) {
        if (later > 0) turn();
        assertSame(harness.recoveredOver(), harness, `${later} turns after the snapshot: ${where}`);
      }
      audit?.everything();
      assert.deepEqual((audit?.takeFound() ?? []).map((found) => harness.heap.report(found).message), [], `untracked writes: ${where}`);
      const copy = harness.recoveredOver();
      copy.snapshot = harness.snapshot;
      harness = copy;
      // What the program kept were objects of the process before.
      kept.clear();
    }
  }
  assert.ok(mostSlices > 15, `${mostSlices} slices`);
});

/** Says where two graphs begin to differ: their texts are long. */
function assertSame(copy: HeapHarness, { root }: HeapHarness, where: string): void {
  const [left, right] = [exactText(copy.root), exactText(root)];
  if (left === right) return;
  let at = 0;
  while (left[at] === right[at]) at++;
  assert.fail(`${where}: recovered …${left.slice(Math.max(0, at - 80), at + 80)}…, live …${right.slice(Math.max(0, at - 80), at + 80)}…`);
}

const unseen = (body: string): ((root: unknown) => void) => new Function("root", body) as never;

describe("a snapshot of large objects", () => {
  const plain = (): Root => ({
    map: new Map(numbers(large).map((i) => [i, i])), set: new Set(numbers(large)), array: numbers(large), bytes: new Uint8Array(largeMin.bytes + 1),
    owned: Object.assign(new Map(numbers(large).map((i) => [i, i])), { name: "owned" }),
  });

  for (const [write, path] of [
    ["Map.prototype.set.call(root.map, 7, 8)", "map"], ["Set.prototype.add.call(root.set, -1)", "set"], ["root.array[900] = 1", "array"],
    ["new Uint8Array(root.bytes.buffer)[70] = 1", "bytes"], ["root.owned.name = 1", "owned"], ["root.owned.other = 1", "owned"], ["root.map.other = 1", "map"],
  ] as const) {
    it(`finds what was written unseen: ${write}`, () => {
      const harness = HeapHarness.planted(plain());
      const audit = harness.heap.openAudit(true);
      const snapshot = (): void => {
        harness.recoveredFromSnapshot(700, (root) => void (root["other"] = [1]));
        // A walk between two parts leaves what they have seen so far alone.
        audit.everything();
      };
      snapshot();
      snapshot();
      assert.deepEqual(audit.takeFound(), []);
      unseen(write)(harness.root);
      harness.recoveredFromSnapshot(700, (root) => void (root["other"] = [1]));
      const found = audit.takeFound();
      assert.equal(found.length, 1);
      assert.match(harness.heap.report(found[0]!).message, new RegExp(`^\\.?${path}`));
    });
  }

  it("holds a large object once, also when a refused turn had made it first", () => {
    const harness = HeapHarness.planted(plain());
    const made = { array: numbers(large), map: new Map(numbers(large).map((i) => [i, i])) };
    let turn = 0;
    const copy = harness.recoveredFromSnapshot(700, (root) => {
      turn++;
      if (turn === 4) made.map.delete(3);
      if (turn === 2) root["made"] = made;
    });
    assertSame(copy, harness, "recovered");
    const again = HeapHarness.planted(plain());
    const from = again.patches.length;
    const snapshot = new HeapSnapshot(again.heap);
    const chunks = [snapshot.slice(from, 700).slice()];
    const deep: { refused?: unknown } = { refused: () => 1 };
    const fresh = { array: numbers(large), map: new Map(numbers(large).map((i) => [i, i])), deep };
    assert.throws(() => again.turn((root) => Object.assign(root, { fresh })), { code: "MK_VALUE_NOT_PERSISTENT" });
    delete deep.refused;
    again.turn((root) => void (root["fresh"] = fresh));
    while (!snapshot.done) {
      chunks.push(snapshot.slice(again.patches.length, 700).slice());
      again.turn((root: any) => void root.fresh.map.delete(chunks.length));
    }
    snapshot.end();
    again.snapshot = { chunks, from };
    assertSame(again.recoveredOver(), again, "recovered");
  });

  it("ends, and is no alarm for the audit, when undone turns put keys back behind others", () => {
    const harness = HeapHarness.planted(plain());
    const audit = harness.heap.openAudit(false);
    audit.everything();
    const copy = harness.recoveredFromSnapshot(700, (root: any, slices) => {
      assert.ok(slices < 1000, "the snapshot ends");
      harness.heap.undo();
      for (let i = 0; i < 20; i++) {
        harness.heap.begin();
        root.map.delete(i);
        root.map.set("inserted", 1);
        root.set.delete([...root.set][i]);
        if (i === 19) root.map.clear();
        harness.heap.undo();
      }
      harness.heap.begin();
    });
    audit.everything();
    assert.deepEqual(audit.takeFound(), []);
    assertSame(copy, harness, "recovered");
  });

  it("ends, whatever the turns between its slices make", () => {
    const harness = HeapHarness.planted(plain());
    let turns = 0;
    // As a queue, faster than the slices: what is inserted since is in the patches.
    const copy = harness.recoveredFromSnapshot(700, ({ map, array }: any) => {
      assert.ok(++turns < 200, "the snapshot ends");
      for (let i = 0; i < 300; i++) {
        map.delete(map.keys().next().value);
        map.set({ turns, i }, [i]);
        array.push({ i }, array.shift());
      }
    });
    assertSame(copy, harness, "recovered");
  });
});
