/** What the heap keeps beside an object: invisible, for objects of any form, and for as many ids as a long life gives out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Heap } from "#maceken/heap/heap.js";
import { checksumOf, idOf, isPersistent, mark, setId, setState, shapeIn, stateOf, unmark } from "#maceken/heap/mark.js";

const { shapes } = new Heap(() => []);
const map = shapes.fixed["map"]!;
const set = shapes.fixed["set"]!;

test("ids beyond 2^31 and 2^32, before and after small ones, on objects of one form", () => {
  const ids = [1, 2 ** 31 - 1, 2 ** 31, 7, 2 ** 32 + 5, 2 ** 53 - 1, 8];
  const objects = ids.map((id) => {
    const object = { a: 1, b: 2 };
    mark(object, id, map);
    return object;
  });
  assert.deepEqual(objects.map(idOf), ids);
  setId(objects[0]!, 2 ** 40);
  assert.equal(idOf(objects[0]!), 2 ** 40);
});

test("it cannot be seen, and does not open what is closed", () => {
  for (const object of [Object.freeze({ a: 1 }), Object.freeze([1]), new Map(), () => {}, Object.create(null) as object]) {
    const before = [Reflect.ownKeys(object), Object.isFrozen(object)];
    mark(object, 3, map);
    assert.deepEqual([Reflect.ownKeys(object), Object.isFrozen(object)], before);
    assert.equal(idOf(object), 3);
  }
});

test("one state at a time", () => {
  const object = {};
  assert.ok(!isPersistent(object) && idOf(object) === 0 && shapeIn(object) === undefined);
  mark(object, 4, map);
  setState(object, ~2);
  assert.ok(stateOf(object) === ~2 && checksumOf(object) === 0);
  setState(object, 2 ** 31 - 1);
  assert.equal(checksumOf(object), 2 ** 31 - 1);
  unmark(object);
  assert.ok(!isPersistent(object) && shapeIn(object) === undefined && checksumOf(object) === 0);
  mark(object, 9, set);
  assert.ok(isPersistent(object) && idOf(object) === 9 && shapeIn(object) === set && checksumOf(object) === 0);
});
