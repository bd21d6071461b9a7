/**
 * Goal: a leaf set holds the nearest on either side, and knows for which keys that decides. Method: random rings, against sorting all
 * nodes; a node holds one across a restart, so its class is known to the heap.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { app, ref, Service, startNode, type Messages } from "maceken";
import { clockwise, keyOf, LeafSet, nearestOf, type Place } from "maceken/services";
import { removeDirectory, temporaryDirectory } from "../lib/consumer-project.ts";

const place = (name: string): Place => ({ key: keyOf(name), ref: ref<object>(`${name}/overlay`) });

test("the nearest on either side, whatever came when and went", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 40 })), (numbers, side, leaving) => {
    const [own, ...others] = numbers.map((number) => place(`n${number}`));
    const leaves = new LeafSet(own!, side);
    for (const other of others) leaves.add(other);
    const gone = new Set(leaving.flatMap((at) => others[at]?.key ?? []));
    for (const key of gone) leaves.remove(key);
    for (const other of others) if (!gone.has(other.key)) leaves.add(other);
    const left = others.filter(({ key }) => !gone.has(key)).sort((a, b) => (clockwise(own!.key, a.key) < clockwise(own!.key, b.key) ? -1 : 1));
    assert.deepEqual(leaves.after, left.slice(0, side));
    assert.deepEqual(leaves.before, left.reverse().slice(0, side));
    const all = [own!, ...left];
    for (const key of numbers.map((number) => keyOf(`key ${number}`))) if (leaves.covers(key)) assert.equal(leaves.nearest(key).key, nearestOf(all, key)!.key);
    assert.ok(leaves.covers(own!.key));
    if (left.length <= side) for (const { key } of left) assert.ok(leaves.covers(key), "it knows all");
  }));
});

class Holder extends Service {
  static readonly messages: Messages<Holder> = { add: true, names: true };
  readonly leaves = new LeafSet(place("own"), 2);
  add(name: string): boolean {
    return this.leaves.add(place(name));
  }
  names(): readonly string[] {
    return this.leaves.members.map(({ ref: { address } }) => address).sort();
  }
}

const data = temporaryDirectory("leaf-set");
after(() => removeDirectory(data));

test("the library's classes are known to the heap", async () => {
  const holder = app({ version: 1 }).service("holder", () => new Holder());
  for (const [name, names] of [["a", ["a/overlay"]], ["b", ["a/overlay", "b/overlay"]]] as const) {
    await using node = await startNode({ app: holder, name: "node", data });
    assert.equal(await node.client("holder").add(name), true);
    assert.deepEqual(await node.client("holder").names(), names);
  }
});
