/** Goal: Queue is first in, first out, at every place, across its segments. Method: random steps against an array. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "#maceken/base/queue.js";

test("as an array, of any length", () => {
  const queue = new Queue<number>();
  const model: number[] = [];
  let next = 0;
  for (const [pushed, shifted] of [[3, 1], [0, 5], [1024, 1023], [1, 2], [5000, 3000], [100, 2048], [10, 9999], [1024, 1024], [1025, 1], [0, 1024], [2, 1]] as const) {
    for (let i = 0; i < pushed; i++) queue.push(next), model.push(next++);
    for (let i = 0; i < shifted; i++) assert.equal(queue.shift(), model.shift());
    assert.equal(queue.length, model.length);
    assert.equal(queue.peek(), model[0]);
    assert.deepEqual([...queue], model);
    for (const at of [0, 1, 1023, 1024, 1025, model.length - 1, model.length]) assert.equal(queue.at(at), model[at], `at ${at}`);
  }
  queue.clear();
  assert.equal(queue.length, 0);
  assert.equal(queue.shift(), undefined);
  queue.push(7);
  assert.deepEqual([...queue], [7]);
});
