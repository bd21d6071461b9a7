/**
 * Goal: mutators that are borrowed, bound, stored under another name or uncurried are noticed as direct calls are. Method: each is
 * applied to a persistent object in a turn that is undone (nothing may be left of it) and outside any turn (it must be refused).
 */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";

const uncurry = Function.prototype.bind.bind(Function.prototype.call as never) as unknown as (method: unknown) => (self: unknown, ...list: unknown[]) => unknown;
const grow = Array.prototype.push;
const { set: put } = Map.prototype;
const bytesSet = Uint8Array.prototype.set;

interface State extends Root {
  list: unknown[];
  map: Map<unknown, unknown>;
  set: Set<unknown>;
  date: Date;
  bytes: Uint8Array;
  like: { length: number };
}

const writes: Readonly<Record<string, (state: State) => unknown>> = {
  "call of a prototype's method": ({ list }) => Array.prototype.push.call(list, 9),
  "call under another name": ({ list }) => grow.call(list, 9),
  "apply": ({ list }) => grow.apply(list, [9]),
  "Reflect.apply": ({ list }) => Reflect.apply(grow, list, [9]),
  "bound": ({ list }) => list.push.bind(list)(9),
  "uncurried by call.bind": ({ list }) => Function.prototype.call.bind(grow as never)(list as never, 9 as never),
  "uncurried by bind.bind": ({ list }) => uncurry(grow)(list, 9),
  "uncurried apply": ({ list }) => Function.prototype.apply.bind(grow as never)(list as never, [9] as never),
  "call of call": ({ list }) => (Function.prototype.call as unknown as { call(...list: unknown[]): unknown }).call(grow, list, 9),
  "an object like an array": ({ like }) => grow.call(like, 9),
  "Map": ({ map }) => put.call(map, 9, 9),
  "Set": ({ set }) => Set.prototype.delete.call(set, 1),
  "Date": ({ date }) => Date.prototype.setTime.call(date, 5),
  "typed array": ({ bytes }) => bytesSet.call(bytes, [9]),
  "DataView": ({ bytes }) => DataView.prototype.setInt8.call(new DataView(bytes.buffer), 0, 9),
  "tag of a template": ({ list }) => (list.reverse as (...list: unknown[]) => unknown)`x`,
};

for (const [name, write] of Object.entries(writes)) {
  test(name, () => {
    const harness = HeapHarness.planted({ list: [3, 1, 2], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(1), bytes: new Uint8Array(4), like: { length: 0 } });
    const state = harness.root as State;
    const before = inspect(state);
    harness.undone(() => {
      write(state);
      assert.notEqual(inspect(state), before);
    });
    assert.equal(inspect(state), before);
    assert.throws(() => write(state), { code: "MK_WRITE_OUTSIDE_TURN" });
    assert.equal(inspect(state), before);
    harness.turn(() => write(state));
    assert.equal(inspect(harness.recovered().root), inspect(state));
  });
}
