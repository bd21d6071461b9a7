/**
 * Goal: K1-K10 hold whichever effect a crash strikes before. Method: two real kernels exchange three messages, with a
 * continuation, a timer and an outside effect; the run is repeated with a crash of either node at every effect boundary, for
 * every outcome of the disk, and with a second crash at every boundary of what follows. Each run must end as the failure-free one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, ref, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { DiskOutcome, SimulatedNode } from "#maceken/sim/simulated-node.js";

class Sink extends Service {
  static readonly messages: Messages<Sink> = { put: true };
  got: string[] = [];
  put(item: string): number {
    this.got.push(item);
    return this.got.length;
  }
}

const labels = { label: ([item]: [item: string]) => item };

class Source extends Service<typeof labels> {
  static readonly messages: Messages<Source> = { begin: true };
  sink: Ref<Sink> = ref<Sink>("b/sink");
  answers: number[] = [];
  fired = 0;
  labelled: string[] = [];

  begin(items: string[]): number {
    for (const item of items) this.turn.when(this.sink.put(item), this.onAnswer, item);
    this.turn.schedule(this.onTimer, 5);
    return items.length;
  }
  private onAnswer(outcome: Outcome<number>, item: string) {
    this.answers.push(outcome.value ?? -1);
    this.turn.when(this.turn.outside("label", item), this.onLabel, item);
  }
  private onTimer() {
    this.fired++;
  }
  private onLabel(outcome: Outcome<string>, item: string) {
    if (outcome.ok) this.labelled.push(item);
  }
}

const sourceApp = app({ version: 1 }).service("source", () => new Source()).outside(labels) as unknown as AppDefinition;
const sinkApp = app({ version: 1 }).service("sink", () => new Sink()) as unknown as AppDefinition;
const items = ["x", "y", "z"];

interface Strike {
  readonly boundary: number;
  readonly outcome: DiskOutcome;
}

function run(strikes: readonly Strike[], options: { snapshots?: boolean } = {}): { world: KernelWorld; a: SimulatedNode; b: SimulatedNode; crashed: number; request: number } {
  const world = new KernelWorld(() => 0);
  const marks = new Map<string, { executed: number; durable: number; life: number }>();
  let crashed = 0;
  world.crashBefore = (_, __, boundary) => {
    const strike = strikes.find((each) => each.boundary === boundary);
    if (strike !== undefined) crashed++;
    return strike?.outcome;
  };
  world.afterStep = (node) => {
    const { executed, durable } = node.kernel!;
    const before = marks.get(node.name);
    assert.ok(durable <= executed, "K7: durable is not ahead of executed");
    if (before !== undefined && before.life === node.crashes) assert.ok(executed >= before.executed && durable >= before.durable, "K7: marks are monotone within a life");
    if (before !== undefined && before.life !== node.crashes) assert.ok(executed >= before.durable, "K1: what was reported durable is recovered");
    marks.set(node.name, { executed, durable, life: node.crashes });
    if (options.snapshots === true && node.kernel!.executed % 3 === 0 && node.durable.length > 0 && node.effects.length === 0) world.takeSnapshot(node);
  };
  const a = world.add("a", { app: sourceApp, dials: ["b"], limits: { turnsPerStep: 1 } });
  const b = world.add("b", { app: sinkApp, dials: [], limits: { turnsPerStep: 1 } });
  // A client with a key repeats its request until it is answered: exactly once (K10).
  let request = world.request(a, { service: "source", method: "begin", args: [items], key: "k1" });
  for (let round = 0; round < 6; round++) {
    assert.ok(world.run(2_000), "the world becomes quiet");
    if (a.answers.has(request)) break;
    request = world.request(a, { service: "source", method: "begin", args: [items], key: "k1" });
  }
  assert.ok(world.run(10_000), "the world becomes quiet");
  return { world, a, b, crashed, request };
}

function check({ a, b, request }: ReturnType<typeof run>, what: string): void {
  const source = a.kernel!.state.services.get("source") as Source;
  const sink = b.kernel!.state.services.get("sink") as Sink;
  assert.deepEqual(sink.got, items, `${what}: each message once and in order`);
  assert.deepEqual(source.answers, [1, 2, 3], `${what}: each answer once and in order`);
  assert.equal(source.fired, 1, `${what}: the timer fired once`);
  assert.deepEqual([...source.labelled].sort(), items, `${what}: each effect's outcome once`);
  assert.deepEqual(a.answers.get(request), [{ ok: true, value: 3 }], `${what}: the client's answer`);
  const keysOf = new Map<string, Set<string>>();
  for (const { key, args } of a.outside) keysOf.set(String(args[0]), (keysOf.get(String(args[0])) ?? new Set()).add(key));
  for (const item of items) assert.equal(keysOf.get(item)?.size, 1, `${what}: every try of an effect has the same key`);
  for (const node of [a, b]) {
    for (const channel of node.kernel!.channels.all()) assert.equal(channel.outbox.length, 0, `${what}: everything is acknowledged`);
    assert.equal(node.kernel!.state.dead.size, 0, `${what}: nothing was parked`);
    assert.equal(node.kernel!.state.calls.size + node.kernel!.state.effects.size + node.kernel!.state.timers.size, 0, `${what}: nothing is left over`);
  }
}

const outcomes: DiskOutcome[] = ["none", "first", "all"];

test("without a crash", () => {
  const clean = run([]);
  check(clean, "failure-free");
  assert.ok(clean.world.boundaries > 30, "there are boundaries to strike at");
});

test("F01, F39: one crash at every effect boundary, every outcome of the disk", () => {
  const { world } = run([]);
  let struck = 0;
  for (let boundary = 0; boundary < world.boundaries; boundary++) {
    for (const outcome of outcomes) {
      const result = run([{ boundary, outcome }]);
      check(result, `crash at ${boundary}, disk keeps ${outcome}`);
      struck += result.crashed;
    }
  }
  assert.equal(struck, world.boundaries * outcomes.length, "every strike hit");
});

test("F02: two crashes, the second in or after the recovery from the first", () => {
  const { world } = run([]);
  for (let first = 0; first < world.boundaries; first += 2) {
    for (let later = 1; later < 24; later += 3) {
      const outcome = outcomes[(first + later) % 3]!;
      check(run([{ boundary: first, outcome }, { boundary: first + later, outcome: outcomes[later % 3]! }]), `crashes at ${first} and ${first + later}`);
    }
  }
});

test("the same over snapshots", () => {
  const { world } = run([], { snapshots: true });
  for (let boundary = 0; boundary < world.boundaries; boundary++) {
    check(run([{ boundary, outcome: outcomes[boundary % 3]! }], { snapshots: true }), `with snapshots, crash at ${boundary}`);
  }
});
