/**
 * Goal: IdSet is a set of whole numbers, in any order, above 2^32 too, and says of each whether it is new. Method: against a Set, with
 * patterns that cross the border between list and bitmap.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { IdSet } from "#maceken/heap/id-set.js";

function check(ids: readonly number[], absent: readonly number[]): void {
  const set = new IdSet();
  const model = new Set<number>();
  for (const id of ids) {
    const isNew = !model.has(id);
    model.add(id);
    assert.equal(set.has(id), !isNew);
    assert.equal(set.add(id), isNew, `${id}`);
    assert.ok(set.has(id));
  }
  assert.equal(set.size, model.size);
  for (const id of model) assert.ok(set.has(id), `${id}`);
  for (const id of absent) assert.equal(set.has(id), model.has(id), `${id}`);
}

const around = (ids: readonly number[]): number[] => ids.flatMap((id) => [id - 1, id + 1, id + 32_768, id + 2 ** 32]).filter((id) => id >= 0);

/** Every number below `count` once, scattered. */
const scattered = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 7919) % count);

for (const [name, ids] of Object.entries({
  "in order": Array.from({ length: 70_000 }, (_, i) => i + 1),
  "backwards": Array.from({ length: 5_000 }, (_, i) => 40_000 - i),
  "scattered": scattered(40_009),
  "sparse": scattered(5_003).map((i) => i * 1_000_003),
  "above 2^32, up to the largest": [2 ** 32, 2 ** 32 - 1, 2 ** 40 + 5, 2 ** 53 - 1, 2 ** 53 - 2, 0, 1, 32_767, 32_768, 65_535, 65_536],
  "again and again": [5, 5, 4, 5, 4, 6, 32_768 + 5, 5],
  "as many as a list holds, and one more": scattered(2_049).map((i) => i * 15 + 7),
})) {
  test(`ids ${name}`, () => check(ids, around(ids)));
}
