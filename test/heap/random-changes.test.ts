/**
 * Goal: whatever a turn does to Maps, Sets, dictionaries, arrays and buffers of any size, undo leaves no trace and recovery finds
 * the same, to the bit (K1). Method: random turns over one graph; some are thrown away and compared with the text from before,
 * the others are recovered from the patches, and from a snapshot with later patches. Prints its seed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exactText } from "../lib/exact.ts";
import { generator } from "../lib/generator.ts";
import { HeapHarness } from "../lib/heap-harness.ts";

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

class Pile extends Array<unknown> {
  label = "pile";
}

type Random = (below: number) => number;

function world(size: number) {
  const dictionary: Record<string, unknown> = {};
  for (let i = 0; i < size + 41; i++) dictionary[`k${i}`] = i;
  const buffer = new ArrayBuffer(size * 300 + 16);
  const bag = new Bag();
  for (let i = 0; i < size; i++) bag.set(i, i);
  return {
    map: new Map<unknown, unknown>(Array.from({ length: size }, (_, i) => [i % 3 === 0 ? `k${i}` : i, i])),
    set: new Set<unknown>(Array.from({ length: size }, (_, i) => i)),
    dictionary,
    array: Array.from({ length: size }, (_, i): unknown => i),
    queue: Array.from({ length: size }, (_, i): unknown => i),
    bytes: new Uint8Array(buffer), doubles: new Float64Array(buffer, 8, size * 30), view: new DataView(buffer),
    bag, pile: Pile.from([1, 2, 3]) as Pile, pattern: /a/g, error: new Error("e", { cause: 1 }), date: new Date(5),
  };
}

type World = ReturnType<typeof world>;

function change(r: World & Record<string, any>, random: Random): void {
  const key = random(4) === 0 ? `k${random(200)}` : random(200);
  const value = [random(1000), `v${random(9)}`, { n: random(5) }, r.map, -0, NaN, undefined][random(7)];
  const at = random(Math.max(1, r.array.length));
  switch (random(44)) {
    case 0: case 1: r.map.set(key, value); break;
    case 2: case 3: r.map.delete(key); break;
    case 4: r.map.delete(key); r.map.set(key, value); break;
    case 5: if (random(8) === 0) r.map.clear(); break;
    case 6: r.set.add(key); break;
    case 7: case 8: r.set.delete(key); break;
    case 9: case 10: r.dictionary[key] = value; break;
    case 11: case 12: delete r.dictionary[key]; break;
    case 13: delete r.dictionary[key]; r.dictionary[key] = value; break;
    case 14: r.dictionary[`a${key}`] = (delete r.dictionary[key], r.dictionary[`b${key}`] = 1, value); break;
    case 15: Object.assign(r.dictionary, { [key]: value, other: 1 }); break;
    case 16: (r.dictionary as any).named = value; break;
    case 17: case 18: r.array[at] = value; break;
    case 19: r.array.push(value, 1); break;
    case 20: r.array.pop(); break;
    case 21: r.array.splice(at, 1); break;
    case 22: r.array.splice(at, random(3), value, 2); break;
    case 23: [r.array[0], r.array[at]] = [r.array[at], r.array[0]]; break;
    case 24: if (random(6) === 0) r.array.sort(); break;
    case 25: if (random(6) === 0) r.array.reverse(); break;
    case 26: if (random(10) === 0) r.array.length = at; break;
    case 27: if (random(10) === 0) delete r.array[at]; break;
    case 28: if (random(10) === 0) r.array[r.array.length + random(3)] = value; break;
    case 29: r.queue.shift(); break;
    case 30: r.queue.push(value); break;
    case 31: r.queue[0] = r.queue.shift(); break;
    case 32: if (random(5) === 0) r.queue.unshift(value); break;
    case 33: r.bytes[random(r.bytes.length)] = random(256); break;
    case 34: r.doubles[random(r.doubles.length)] = random(9) / 3; break;
    case 35: r.view.setInt16(random(r.view.byteLength - 2), random(9)); break;
    case 36: r.bytes.set([1, 2, 3], random(r.bytes.length - 3)); break;
    case 37: r.bytes.fill(7, random(r.bytes.length)); break;
    case 38: r.bag.set(key, value); r.bag.label = String(key); break;
    case 39: r.bag.delete(key); break;
    case 40: r.pile.push(value); r.pile.label = "p"; break;
    case 41: r.pattern.lastIndex = random(5); r.error.message = String(key); r.date.setTime(random(99)); break;
    case 42: Array.prototype.push.call(r.array, value); Map.prototype.set.call(r.map, key, value); break;
    case 43: if (random(12) === 0) (r.array as any).named = value; else if (random(3) === 0) delete (r.array as any).named; break;
  }
}

for (const size of [3, 40, 400]) {
  test(`random turns over collections of ${size}, seed ${seed}`, () => {
    const random = generator(seed + size);
    for (let round = 0; round < 12 * effort; round++) {
      const harness = HeapHarness.planted(world(size));
      for (let turn = 0; turn < 25; turn++) {
        const before = exactText(harness.root);
        const steps = random(12) + 1;
        const run = (root: unknown) => {
          for (let i = 0; i < steps; i++) change(root as World, random);
        };
        const where = `seed ${seed}, size ${size}, round ${round}, turn ${turn}`;
        if (random(3) === 0) {
          harness.undone(run);
          assert.equal(exactText(harness.root), before, `undo: ${where}`);
        } else harness.turn(run);
        if (turn === 12) {
          const copy = harness.recoveredFromSnapshot(200 + random(5000), (root) => change(root as unknown as World, random));
          assert.equal(exactText(copy.root), exactText(harness.root), `snapshot: ${where}`);
        }
      }
      assert.equal(exactText(harness.recovered().root), exactText(harness.root), `recovery: seed ${seed}, size ${size}, round ${round}`);
      assert.equal(exactText(harness.recoveredOver().root), exactText(harness.root), `recovery over the snapshot: seed ${seed}, size ${size}, round ${round}`);
    }
  });
}
