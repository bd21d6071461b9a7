/**
 * Goal: an upgrade happens once and whole, whichever effect a crash strikes before. Method: a node that has state, a timer and a
 * message under way is started with a new version, which adds fields, sends messages from upgraded() and from a new service, and
 * drops a service; the run is repeated with a crash at every effect boundary from then on, for every outcome of the disk, and
 * with second crashes. Each run must end as the one without a crash.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, Service, type Messages } from "#maceken/index.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { DiskOutcome, SimulatedNode } from "#maceken/sim/simulated-node.js";
import { programVersion } from "../lib/program-version.ts";

class Sink extends Service {
  static readonly messages: Messages<Sink> = { put: true };
  got: string[] = [];
  put(item: string): number {
    return this.got.push(item);
  }
}
const sinkApp = app({ version: 1 }).service("sink", () => new Sink()) as unknown as AppDefinition;

const v1 = `
  class Item { constructor(n) { this.n = n; } }
  class Source extends Service {
    sink = ref("b/sink"); items = [1, 2, 3].map((n) => new Item(n)); answers = []; #old = 5;
    born() { this.turn.when(this.sink.put("born"), this.onAnswer); this.turn.schedule(this.onTimer, 200); }
    onAnswer(outcome) { this.answers.push(outcome.value); }
    onTimer() { this.fired = (this.fired ?? 0) + 1; }
  }
  class Gone extends Service { items = []; }
  exports.default = app({ version: 1 }).service("source", () => new Source()).service("gone", () => new Gone());`;

const v2 = `
  class Item { double = this.n * 2; constructor(n) { this.n = n; } }
  class Source extends Service {
    sink; items; answers; runs = 0; #old = 0; #sum = this.items.reduce((sum, item) => sum + item.double, this.#old);
    upgraded(from) { this.runs++; this.turn.when(this.sink.put("upgraded " + from), this.onAnswer); }
    sum() { return this.#sum; }
    onAnswer(outcome) { this.answers.push(outcome.value); }
    onTimer() { this.fired = (this.fired ?? 0) + 1; }
  }
  class Fresh extends Service {
    constructor(source) { super(); this.sum = source.sum(); source.sink.put("fresh " + this.sum); }
    born() { this.turn.schedule(this.later, 100); }
    later() { this.done = (this.done ?? 0) + 1; }
  }
  exports.default = app({ version: 2, removed: ["gone"] }).service("source", () => new Source()).service("fresh", ({ source }) => new Fresh(source));`;

interface Strike {
  readonly boundary: number;
  readonly outcome: DiskOutcome;
}

function run(strikes: readonly Strike[], snapshots = false): { a: SimulatedNode; b: SimulatedNode; from: number; boundaries: number; crashed: number } {
  const world = new KernelWorld(() => 0);
  const a = world.add("a", { app: programVersion(v1), dials: ["b"], limits: { turnsPerStep: 1 } });
  const b = world.add("b", { app: sinkApp, dials: [], limits: { turnsPerStep: 1 } });
  assert.ok(world.run(50));
  if (snapshots) world.takeSnapshot(a);
  world.crash(a, "all");
  (a.options as { app: AppDefinition }).app = programVersion(v2);
  const from = world.boundaries;
  let crashed = 0;
  world.crashBefore = (_, __, boundary) => {
    const strike = strikes.find((each) => from + each.boundary === boundary);
    if (strike !== undefined) crashed++;
    return strike?.outcome;
  };
  if (snapshots) {
    world.afterStep = (node) => {
      if (node === a && a.kernel!.executed % 2 === 0 && a.durable.length > 0 && a.effects.length === 0) world.takeSnapshot(a);
    };
  }
  assert.ok(world.run(10_000), "the world becomes quiet");
  return { a, b, from, boundaries: world.boundaries - from, crashed };
}

function check({ a, b }: ReturnType<typeof run>, what: string): void {
  const { state } = a.kernel!;
  const source = state.services.get("source") as any;
  const fresh = state.services.get("fresh") as any;
  assert.deepEqual((b.kernel!.state.services.get("sink") as Sink).got, ["born", "upgraded 1", "fresh 17"], `${what}: each message once and in order`);
  assert.deepEqual([source.runs, source.sum(), source.fired, source.answers], [1, 17, 1, [1, 2]], what);
  assert.deepEqual(source.items.map(({ n, double }: any) => [n, double]), [[1, 2], [2, 4], [3, 6]], what);
  assert.deepEqual([fresh.sum, fresh.done], [17, 1], what);
  assert.deepEqual([...state.services.keys()], ["source", "fresh"], what);
  assert.equal(state.version, 2, what);
  assert.equal(state.dead.size + state.calls.size + state.timers.size, 0, `${what}: nothing is left over`);
}

const outcomes: DiskOutcome[] = ["none", "first", "all"];

for (const snapshots of [false, true]) {
  const over = snapshots ? "over snapshots" : "over the log";
  test(`an upgrade ${over}: one crash at every effect boundary, every outcome of the disk`, () => {
    const clean = run([], snapshots);
    check(clean, "without a crash");
    assert.ok(clean.boundaries > 10, "there are boundaries to strike at");
    for (let boundary = 0; boundary < clean.boundaries; boundary++) {
      for (const outcome of outcomes) {
        const result = run([{ boundary, outcome }], snapshots);
        assert.equal(result.crashed, 1);
        check(result, `crash at ${boundary}, disk keeps ${outcome}`);
      }
    }
  });
}

test("two crashes, the second in or after the recovery from the first", () => {
  const { boundaries } = run([]);
  for (let first = 0; first < boundaries; first += 2) {
    for (let later = 1; later < 16; later += 3) {
      const outcome = outcomes[(first + later) % 3]!;
      check(run([{ boundary: first, outcome }, { boundary: first + later, outcome: outcomes[later % 3]! }]), `crashes at ${first} and ${first + later}`);
    }
  }
});
