/**
 * Goal: directories written by every released format stay readable, for ever. Method: committed directories are unpacked and read,
 * without running them and by starting the program that wrote them; every value and all pending work must be there.
 * Should this fail for a format that is not released, the format was changed: make its fixture again (CONTRIBUTING.md).
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect, isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { startNode } from "#maceken/index.js";
import { readDirectory } from "#maceken/cli/read-directory.js";
import { nodeInternals } from "#maceken/node/node.js";
import everythingApp, { everything, Item } from "../fixtures/everything-app.ts";

const root = mkdtempSync(join(tmpdir(), "maceken-fixtures-"));
after(() => rmSync(root, { recursive: true, force: true }));

function unpack(format: string): string {
  const from = fileURLToPath(new URL(`../fixtures/${format}/data/`, import.meta.url));
  const target = mkdtempSync(join(root, `${format}-`));
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(from)) writeFileSync(join(target, name.replace(/\.gz$/, "")), gunzipSync(readFileSync(join(from, name))));
  return target;
}

/** What the service's turns made of the values. */
function expected(): Record<string, unknown> {
  const values = everything() as any;
  for (let step = 1; step <= 3; step++) {
    values.map.set(`step ${step}`, step);
    values.map.delete("a");
    values.set.delete("y");
    values.set.add(`step ${step}`);
    values.large.push(step);
    values.large[7] = -step;
    values.bytes[5_000 + step] = 255;
    values.wide[`step ${step}`] = step;
    delete values.wide["key 3"];
    values.dates[0].setTime(step);
    values.numbers.length = 9 - step;
  }
  return values;
}

function compare(found: any): void {
  const values = expected() as any;
  assert.deepEqual(Object.keys(found), Object.keys(values));
  for (const key of Object.keys(values)) {
    if (key === "deep" || key === "protoKey" || key === "dates" || key === "items") continue;
    assert.ok(isDeepStrictEqual(found[key], values[key]), `${key}: ${inspect(found[key], { depth: 4 })}`);
  }
  let depth = 0;
  for (let at = found.deep; typeof at === "object"; at = at.deep) depth++;
  assert.equal(depth, 5_000);
  assert.deepEqual(Object.entries(found.protoKey), [["a", 1], ["__proto__", { own: true }], ["b", 2]]);
  // What structural equality does not see.
  assert.deepEqual(found.dates.map(Number), [3, 1_700_000_000_123, NaN]);
  assert.ok(!(1 in found.holes) && found.holes.length === 3);
  assert.equal(found.pattern.lastIndex, 3);
  assert.deepEqual([...found.map.keys()].map(String), ["b", "NaN", "3", "[object Object]", "step 1", "step 2", "step 3"]);
  assert.equal(found.cycle.map.get(found.cycle), "itself");
  assert.ok(found.cycle.set.has(found.cycle));
  assert.ok(found.shared[0] === found.shared[1] && found.map.get(found.shared[0]) === found.shared[0] && found.set.has(found.shared[0]));
  for (const i of [0, 1, 4]) assert.equal(found.views[i].buffer, found.buffer);
  assert.deepEqual(found.views.map(({ byteOffset }: { byteOffset: number }) => byteOffset), [4, 2, 0, 0, 0]);
  assert.equal(Object.getPrototypeOf(found.bare), null);
  assert.deepEqual(Object.keys(found.numericKeys), ["2", "10", "b", "a"]);
  assert.ok(Object.isFrozen(found.frozen) && Object.isSealed(found.sealed) && !Object.isFrozen(found.sealed));
  assert.ok(found.items[0] instanceof Item && found.errors[1] instanceof TypeError);
  assert.equal(found.refs[0], found.refs[1]);
}

for (const format of readdirSync(fileURLToPath(new URL("../fixtures/", import.meta.url))).filter((name) => name.startsWith("format-"))) {
  test(`${format}: read without running it`, () => {
    const { kernel, unknownClasses } = readDirectory(unpack(format));
    const { state, channels } = kernel;
    assert.deepEqual(unknownClasses, []);
    assert.equal(state.version, 3);
    const facts = JSON.parse(readFileSync(new URL(`../fixtures/${format}/facts.json`, import.meta.url), "utf8")) as { incarnation: string; turn: number };
    assert.deepEqual({ incarnation: state.incarnation, turn: kernel.executed }, facts);
    const service = state.services.get("everything") as any;
    assert.ok(isDeepStrictEqual(service.values.errors, everything()["errors"]));
    assert.deepEqual([...state.timers.values()].map(({ method, args, periodMs }) => [method, args[0], periodMs]), [["onTimer", "once", 0], ["onTimer", "again", 86_400_000_000]]);
    assert.equal([...state.timers.values()][0], service.handles[0]);
    assert.equal([...state.timers.values()][0]!.args[1], service.values.cycle);
    assert.deepEqual([...state.calls.values()].map(({ method, context, what }) => [method, context, what]), [["onPut", ["context"], "peer/shelf.put"], ["onEffect", [], "outside never"]]);
    assert.deepEqual([...state.deferred.values()].map(({ method, args }) => [method, args]), [["later", ["before"]], ["later", ["after"]]]);
    assert.deepEqual([...state.dead.values()].map(({ attempts, input }) => [attempts, (input as { method: string }).method]), [[4, "explode"]]);
    assert.equal(state.effects.size, 1);
    assert.equal(state.keys.size >= 3, true);
    assert.equal(state.sessions.size, 1);
    const channel = channels.get("peer")!;
    assert.equal(channel.consumed, 3);
    assert.equal(channel.outbox.length, 3);
  });

  test(`${format}: started by the program that wrote it, twice, over a snapshot of its own`, async () => {
    const data = unpack(format);
    for (const life of [1, 2]) {
      const node = await startNode({ app: everythingApp, name: "everything", data, peers: { peer: null } });
      const { submit, snapshot, kernel } = nodeInternals(node);
      const service = kernel.state.services.get("everything") as any;
      compare(service.values);
      assert.deepEqual(service.values.items.map((item: Item) => [item.label, item.base(), item.own(), item.cache]), [["one, step 3", "base", { secret: 1 }, "cache of one, step 3"], ["two", "base", { secret: 1 }, "cache of two"]]);
      const ask = (method: string, args: unknown[], key?: string) => submit({ service: "everything", method, args, via: "client", ...(key === undefined ? {} : { key }) });
      assert.deepEqual(await ask("add", ["keyed"], "key before the snapshot"), { ok: true, value: 1 });
      assert.deepEqual(await ask("add", ["keyed"], "key after the snapshot"), { ok: true, value: 2 });
      if (life === 1) {
        void ask("slow", [], "key that waits");
        await ask("open", []);
        // The directory's last life was not stopped in order, so its deferred messages come one by one.
        for (let i = 0; i < 500 && service.log.length < 2; i++) await new Promise((next) => setTimeout(next, 5));
        assert.deepEqual(service.log, ["later before", "later after"]);
        await snapshot();
      }
      await node.stop();
    }
  });
}
