/**
 * Goal: a simulation is the same for the same seed, does everything to a world that it says it does, and finds nothing wrong with Ken.
 * Method: small worlds (worlds.ts) over many seeds; handlers that look behind the world's back.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { app, Service, type Messages } from "#maceken/index.js";
import { RecordedChoices, ReplayedChoices, SeededChoices, type ChoiceSource } from "#maceken/sim/choices.js";
import { drawPlan } from "#maceken/sim/fault-plan.js";
import { always, call, eventually, maskedFaults, simulate, unmaskedFaults, world, type FaultKind, type TraceLine, type WorldView } from "#maceken/sim/sim.js";
import { World } from "#maceken/sim/world.js";
import { drawSettings } from "#maceken/sim/world-settings.js";
import { shops } from "./worlds.ts";

const campaignSeeds = 150;

test("a seed that is run twice does the same", async () => {
  for (const seed of [1, 2, 3, 4]) {
    const first = await simulate(shops(), { seed, seeds: 1 });
    const again = await simulate(shops(), { seed, seeds: 1 });
    assert.equal(first.traceHash, again.traceHash, `seed ${seed}`);
    assert.equal(first.figures.events, again.figures.events);
    const { traceHash } = await simulate(shops(), { seed: seed + 100, seeds: 1 });
    assert.notEqual(first.traceHash, traceHash);
  }
});

test(`Ken keeps its promises over ${campaignSeeds} seeds, in which every kind of fault happens`, async (t) => {
  const { violation, figures } = await simulate(shops(), { seeds: campaignSeeds, shrink: false });
  assert.equal(violation, undefined, violation === undefined ? "" : `seed ${violation.seed}: ${violation.property}: ${violation.what}`);
  for (const kind of maskedFaults) assert.ok((figures.faults[kind] ?? 0) > 0, `${kind} never happened`);
  assert.ok(figures.crashes > 50 && figures.powerLosses > 20 && figures.crashesInRecovery > 10);
  assert.ok(figures.turnsUndone > 0, "no crash has undone a turn");
  const { turns, events, realMs, simulatedMs } = figures;
  t.diagnostic(`${turns} turns, ${events} events, ${Math.round((turns / realMs) * 1000)} turns/s, ${Math.round(simulatedMs / realMs)} simulated seconds a second`);
  t.diagnostic(JSON.stringify(figures));
});

test("a world of one node, and one without clients", async () => {
  const { violation } = await simulate(world({ nodes: { only: app({ version: 1 }).service("counter", () => new Counter()) } }), { seeds: 10 });
  assert.equal(violation, undefined);
});

test("a property sees what the last call was answered, though no turn comes after it", async () => {
  const { violation, figures } = await simulate(world({
    nodes: { only: app({ version: 1 }).service("counter", () => new Counter()) },
    clients: { x: [call<Counter>("only/counter").add(), call<Counter>("only/counter").add()] },
    properties: [eventually("x is answered", (view) => view.answers("x").length === 2)],
  }), { seeds: 10, faults: [] });
  assert.equal(violation, undefined, violation && `seed ${violation.seed}: ${violation.property}`);
  assert.ok(figures.simulatedMs < 10 * 100_000, "no run has waited for it to its last moment");
});

describe("what Ken does not mask", () => {
  const kinds: readonly FaultKind[] = unmaskedFaults;
  for (const kind of kinds) {
    test(`${kind} happens when it is asked for`, async () => {
      const { figures } = await simulate(shops(), { seeds: 10, faults: [kind], shrink: false, faultyMs: 2_000, settleMs: 60_000 });
      assert.ok((figures.faults[kind] ?? 0) > 0);
    });
  }
});

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true };
  count = 0;
  add(): number {
    return ++this.count;
  }
}

test("a property that does not hold ends the run, with what led there", async () => {
  const definition = world({
    nodes: { only: app({ version: 1 }).service("counter", () => new Counter()) },
    clients: { ann: [1, 2, 3, 4].map(() => call<Counter>("only/counter").add()) },
    properties: [always("it stays small", (view) => (view.service<Counter>("only/counter")?.count ?? 0) < 3 || "it is 3")],
  });
  const lines: TraceLine[] = [];
  const { violation, figures } = await simulate(definition, { seed: 7, seeds: 3, onTrace: (line) => void lines.push(line) });
  assert.equal(violation?.property, "it stays small");
  assert.equal(violation.what, "it is 3");
  assert.equal(violation.seed, 7);
  assert.equal(figures.runs, 1);
  assert.deepEqual(violation.faults, []);
  assert.equal(violation.calls["ann"]?.length, 3, "one of the calls is not needed");
  assert.ok(violation.trace.some(({ node }) => node === "only") && lines.length > 0);
});

test("a property that asks for what is not there is refused", async () => {
  const asks: readonly [RegExp, (view: WorldView) => unknown][] = [
    [/no node "onyl"/, (view) => view.service("onyl/counter")],
    [/no service "conuter"/, (view) => view.service("only/conuter")],
    [/services "conuter"/, (view) => view.services("conuter")],
    [/client "nan"/, (view) => view.answers("nan")],
  ];
  for (const [message, ask] of asks) {
    const definition = world({ nodes: { only: app({ version: 1 }).service("counter", () => new Counter()) }, properties: [always("it is there", (view) => ask(view) === undefined)] });
    await assert.rejects(simulate(definition, { seeds: 1 }), (error: Error) => (error as { code?: string }).code === "MK_WORLD_INVALID" && message.test(error.message));
  }
});

describe("a handler that looks behind the world's back", () => {
  let outside = 0;
  const doings: Readonly<Record<string, () => unknown>> = {
    setTimeout: () => setTimeout(() => {}, 1),
    "performance.now": () => performance.now(),
    "crypto.randomUUID": () => crypto.randomUUID(),
    "randomUUID of node:crypto": () => randomUUID(),
    fetch: () => void fetch("http://localhost:1"),
    queueMicrotask: () => queueMicrotask(() => {}),
  };
  class Peeper extends Service {
    static readonly messages: Messages<Peeper> = { peep: true, look: true, count: true };
    seen: unknown[] = [];
    peep(what: string): void {
      doings[what]!();
    }
    look(): void {
      this.seen.push(Date.now(), new Date().getTime(), Math.random(), new Date(5).getTime());
    }
    count(): number {
      return ++outside;
    }
  }
  const worldOf = (method: "peep" | "look" | "count", what: string) =>
    world({ nodes: { only: app({ version: 1 }).service("peeper", () => new Peeper()) }, clients: { ann: Array.from({ length: 5 }, () => ({ node: "only", service: "peeper", method, args: method === "peep" ? [what] : [] })) } });

  for (const what of Object.keys(doings)) {
    test(`is told that ${what} is not the world's, with its line`, async () => {
      const { violation } = await simulate(worldOf("peep", what), { seeds: 1, faults: [] });
      assert.equal(violation?.property, "MK_NONDETERMINISTIC");
      assert.match(violation.what, /only: peeper\.peep: a handler used .*simulate\.test\.ts:\d+/);
    });
  }

  test("gets the world's time and chance", async () => {
    const first = await simulate(worldOf("look", ""), { seed: 3, seeds: 2 });
    assert.equal(first.violation, undefined, first.violation?.what);
    assert.equal(first.traceHash, (await simulate(worldOf("look", ""), { seed: 3, seeds: 2 })).traceHash);
  });

  test("is found out when what it keeps outside of the heap changes what it answers", async () => {
    const { violation } = await simulate(worldOf("count", ""), { seeds: 1, faults: [] });
    assert.equal(violation?.property, "a run with failures is like one without");
  });

  test("finds everything as it was afterwards", () => {
    assert.ok(new Date() instanceof Date && new Date().constructor === Date);
    assert.ok(Math.abs(Date.now() - new Date().getTime()) < 1_000);
    assert.equal(typeof randomUUID(), "string");
    assert.ok(performance.now() > 0);
  });
});

test("a run whose choices were recorded is replayed without its seed", () => {
  const definition = shops();
  const seeded = new SeededChoices(11);
  const settings = drawSettings(seeded, 2_000);
  const plan = drawPlan(seeded, { nodes: [...definition.nodes.keys()], kinds: maskedFaults, horizonMs: 2_000, most: 10 });
  const run = (choices: ChoiceSource): World => {
    const run = new World(definition, { choices, settings, plan, settleMs: 60_000, checksReference: true });
    run.run();
    return run;
  };
  const recorded = new RecordedChoices(new SeededChoices(12));
  const first = run(recorded);
  assert.equal(first.violation, undefined);
  assert.ok(recorded.record.length > 1_000);
  assert.equal(run(new ReplayedChoices(recorded.record)).timeline.hash.text, first.timeline.hash.text);
});

describe("choices", () => {
  test("each kind has a sequence of its own", () => {
    const [one, two] = [new SeededChoices(5), new SeededChoices(5)];
    const alone = Array.from({ length: 20 }, () => one.choose(1000, "a"));
    const mixed = Array.from({ length: 20 }, () => {
      two.choose(10, "b");
      return two.choose(1000, "a");
    });
    assert.deepEqual(mixed, alone);
  });

  test("are replayed, and what decides otherwise is found", () => {
    const recorded = new RecordedChoices(new SeededChoices(9));
    const asked: readonly (readonly [number, string])[] = [[6, "a"], [2, "b"], [6, "a"]];
    const answers = asked.map(([options, what]) => recorded.choose(options, what));
    const replayed = new ReplayedChoices(recorded.record);
    assert.deepEqual(asked.map(([options, what]) => replayed.choose(options, what)), answers);
    assert.throws(() => replayed.choose(2, "a"), { code: "MK_NONDETERMINISTIC" });
    assert.throws(() => new ReplayedChoices(recorded.record).choose(7, "a"), { code: "MK_NONDETERMINISTIC" });
  });
});

test("nodes that meet when needed come to the same, with connections for those alone that talk", async () => {
  const connections: number[] = [];
  for (const connects of ["at once", "when needed"] as const) {
    const { violation, figures } = await simulate(shops(["north", "south", "east", "west"], 2), { seeds: 6, connects });
    assert.equal(violation, undefined, violation && `${violation.property}: ${violation.what}, seed ${violation.seed}`);
    connections.push(figures.connections);
  }
  assert.ok(connections[1]! <= connections[0]!, connections.join(" "));
});
