/**
 * Goal: a message that ends its process is parked after five deaths, however it comes, and nothing else ever is (fault 17). Method:
 * services on simulated nodes; a handler that "ends the process" makes the world drop the node, with all that its step did, before
 * any effect of the step is performed. Then the same under random kills of both nodes at any effect, over snapshots.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, ref, Service, type Messages, type Outcome } from "#maceken/index.js";
import type { AppDefinition } from "#maceken/service/app.js";
import type { KernelLimits } from "#maceken/kernel/kernel-options.js";
import { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { DiskOutcome, SimulatedNode } from "#maceken/sim/simulated-node.js";
import { generator } from "../lib/generator.ts";
import { codeOf, TestWorld, type TestNode } from "../lib/lone-node.ts";

const effort = Number(process.env["MACEKEN_EFFORT"] ?? 1);
const effects = { echo: ([item]: [item: string]) => item };

/** What `kill` does to the process that runs it. */
let isDeadly = true;
let isDying = false;

class Tool extends Service<typeof effects> {
  static readonly messages: Messages<Tool> = {
    fine: true, kill: true, peer: true, spoil: true, spoilt: true, own: true, timer: true, tick: true, continuation: true, effect: true, open: true, work: true,
    deferred: { guard: (tool) => tool.isOpen, otherwise: "defer" },
  };
  isOpen = false;
  log: string[] = [];

  fine(text: string): void {
    this.log.push(text);
  }
  kill(): void {
    if (isDeadly) isDying = true;
    this.log.push("survived");
  }
  peer(): void {
    this.turn.when(ref<Tool>("b/tool").kill(), this.onAnswer);
    ref<Tool>("b/tool").fine("behind it");
  }
  private onAnswer(outcome: Outcome<unknown>): void {
    this.log.push(codeOf(outcome));
  }
  spoilt(): void {
    ref<Tool>("b/tool").spoil();
  }
  spoil(): void {
    throw new Error("broken");
  }
  own(): void {
    this.turn.send(this.kill);
  }
  timer(): void {
    this.turn.schedule(this.kill, 5);
  }
  tick(): void {
    this.turn.every(this.kill, 40);
  }
  continuation(): void {
    this.turn.when(ref<Tool>("a/tool").fine("asked"), this.onFatal);
  }
  effect(): void {
    this.turn.when(this.turn.outside("echo", "x"), this.onFatal);
  }
  private onFatal(_: Outcome<unknown>): void {
    this.kill();
  }
  deferred(): void {
    this.kill();
  }
  open(): void {
    this.isOpen = true;
  }
  /** Everything that a message can set going. */
  work(id: string): void {
    this.log.push(id);
    this.turn.when(ref<Tool>("b/tool").fine(`${id} at b`), this.onWork, `${id} answered`);
    this.turn.when(this.turn.outside("echo", id), this.onWork, `${id} echoed`);
    this.turn.schedule(this.fine, 3, `${id} rang`);
    this.turn.send(this.fine, `${id} own`);
  }
  private onWork(_: Outcome<unknown>, text: string): void {
    this.log.push(text);
  }
}

const toolApp = app({ version: 1 }).service("tool", () => new Tool()).outside(effects) as unknown as AppDefinition;
const logOf = (node: TestNode): string[] => node.service<Tool>("tool").log;

/** Lets time pass, and looks between any two things that happen; true ends it. */
function watching({ world }: TestWorld, ms: number, look: () => boolean): boolean {
  const until = world.nowMs + ms;
  for (let i = 0; i < 100_000; i++) {
    if (world.run(until - world.nowMs, 1)) return false;
    if (look()) return true;
  }
  throw new Error("the world does not become quiet");
}

/** Two nodes; whoever runs something deadly dies on the spot, and starts again by itself. */
function pair(options: { snapshots?: boolean; limits?: Partial<KernelLimits> } = {}) {
  isDeadly = true;
  isDying = false;
  const test = new TestWorld();
  const died = { count: 0 };
  test.world.afterStep = (node) => {
    if (!isDying) return;
    isDying = false;
    died.count++;
    test.world.crash(node, "all");
  };
  const a = test.node("a", toolApp, ["b"], options.limits);
  const b = test.node("b", toolApp, ["a"], options.limits);
  if (options.snapshots === true) {
    // At every instant at which it is allowed.
    const snapshot = (): false => {
      for (const node of [a.node, b.node]) if (node.kernel !== undefined && node.effects.length === 0 && node.durable.length > 0) test.world.takeSnapshot(node);
      return false;
    };
    test.pass = (ms) => void watching(test, ms, snapshot);
  }
  test.pass(50);
  return { test, a, b, died };
}

interface Way {
  readonly name: string;
  begin(nodes: ReturnType<typeof pair>): void;
}

/** By a client with a key, which repeats its request until it is answered. */
const asked = (target: string): Way => ({
  name: target,
  begin({ test, b }) {
    for (let tries = 0; tries < 5; tries++) {
      const request = b.ask(`tool.${target}`, [], { key: target });
      test.pass(50);
      if (b.answerOf(request) !== undefined) return;
    }
    assert.fail(`${target} was not answered`);
  },
});
const ways: Way[] = [
  { name: "a peer's message", begin: ({ a }) => void a.call("tool.peer") },
  asked("own"), asked("timer"), asked("tick"), asked("continuation"), asked("effect"),
  {
    name: "deferred",
    begin({ test, b }) {
      b.ask("tool.deferred");
      test.pass(20);
      // The turn that opens it may be lost with the process, and its client asks again.
      for (let i = 0; i < 10 && !b.service<Tool>("tool").isOpen; i++) {
        b.ask("tool.open");
        test.pass(50);
      }
    },
  },
];

for (const snapshots of [false, true]) {
  for (const { name, begin } of ways) {
    test(`F17: what ends its process is parked after five deaths, and runs when it is mended: ${name}${snapshots ? ", over snapshots" : ""}`, () => {
      const nodes = pair({ snapshots });
      const { test: world, a, b, died } = nodes;
      begin(nodes);
      world.pass(10_000);
      // The first death may come before anything is suspected.
      assert.ok(died.count === 5 || died.count === 6, `${died.count} deaths`);
      const { state, counters, ledger } = b.kernel;
      assert.deepEqual([...state.dead.values()].map(({ attempts }) => attempts), [5]);
      assert.match([...state.dead.values()][0]!.error, /the process ended 5 times while tool\.\w+ ran/);
      assert.equal(counters.parked, 1);
      assert.equal(ledger.deaths.size, 0, "it is not counted any more");
      assert.equal(state.timers.size + state.local.size + state.deferred.size + state.effects.size + state.calls.size, 0, "nothing of it is left");
      if (name === "a peer's message") {
        assert.deepEqual(logOf(a), ["MK_PARKED"]);
        assert.deepEqual(logOf(b), ["behind it"]);
      }
      b.value("tool.fine", "still works");
      isDeadly = false;
      const [id] = [...state.dead.keys()];
      world.world.operate(b.node, { kind: "retryDeadLetter", id: id! });
      world.pass(30);
      assert.equal(logOf(b).at(-1), "survived");
      assert.equal(b.kernel.state.dead.size, 0);
      const before = logOf(b).length;
      world.pass(120);
      assert.equal(logOf(b).length, name === "tick" ? before + 3 : before, "a timer with a period goes on");
    });
  }
}

for (const key of ["a key", undefined]) {
  test(`F17: a request from outside that its client repeats ${key === undefined ? "without" : "with"} a key is parked as well, and answered`, () => {
    const { test, b, died } = pair();
    let answer: Outcome<unknown> | undefined;
    for (let tries = 0; tries < 20 && answer === undefined; tries++) {
      const request = b.ask("tool.kill", [], key === undefined ? {} : { key });
      test.pass(200);
      answer = b.answerOf(request);
    }
    assert.equal(codeOf(answer!), "MK_PARKED");
    assert.ok(died.count === 5 || died.count === 6, `${died.count} deaths`);
    assert.equal(b.kernel.state.dead.size, 1);
    // Bound to its key, the answer stays; without one the next is a new request.
    isDeadly = false;
    assert.equal(codeOf(b.call("tool.kill", [], key === undefined ? {} : { key })), key === undefined ? "ok" : "MK_PARKED");
  });
}

test("F17: a request that comes late each time is caught by the longer guard of each fourth start, and suspected from then on", () => {
  const { test, b, died } = pair();
  let answer: Outcome<unknown> | undefined;
  let asked = 0;
  for (; asked < 40 && answer === undefined; asked++) {
    // More than the usual guard suspects.
    for (let i = 0; i < 110; i++) b.ask("tool.fine", ["x"]);
    test.pass(50);
    const request = b.ask("tool.kill");
    test.pass(50);
    answer = b.answerOf(request);
  }
  assert.equal(codeOf(answer!), "MK_PARKED");
  assert.ok(died.count >= 8 && died.count <= 9, `${died.count} deaths`);
});

test("F17: after a stop in order nothing is suspected, and everything runs at full speed; after any other one by one", () => {
  for (const inOrder of [true, false]) {
    const { test, a, b } = pair();
    isDeadly = false;
    for (let i = 0; i < 20; i++) b.ask("tool.deferred");
    test.pass(50);
    b.value("tool.fine", "before");
    b.node.staysDown = true;
    if (inOrder) {
      test.world.end(b.node);
      test.pass(50);
    }
    test.world.crash(b.node, "none");
    for (let i = 0; i < 20; i++) a.call("tool.peer");
    b.node.syncs = 0;
    test.world.start(b.node);
    test.pass(500);
    assert.equal(logOf(b).filter((text) => text === "behind it").length, 20);
    if (inOrder) {
      assert.ok(b.node.syncs < 15, `${b.node.syncs} syncs`);
      assert.equal(b.kernel.guard, undefined);
    } else assert.ok(b.node.syncs >= 40, `${b.node.syncs} syncs`);
  }
});

test("F17: what is due right after a stop in order, or after birth, is noticed as well", () => {
  const { test, b, died } = pair();
  b.value("tool.timer");
  test.world.end(b.node);
  watching(test, 4, () => b.node.effects.length + b.node.unsynced.length === 0);
  assert.equal(b.kernel.ledger.ended, true);
  test.world.crash(b.node, "none");
  test.pass(1_000);
  assert.equal(died.count, 6);
  assert.equal(b.kernel.state.dead.size, 1);
  class Stillborn extends Tool {
    born(): void {
      this.own();
    }
  }
  const c = test.node("c", app({ version: 1 }).service("tool", () => new Stillborn()).outside(effects));
  test.pass(1_000);
  assert.equal(died.count, 12);
  assert.equal(c.kernel.state.dead.size, 1);
});

test("F17: a process that dies before its attempt is durable does not count, however often", () => {
  const { test, a, b } = pair();
  isDeadly = false;
  b.node.staysDown = true;
  test.world.crash(b.node, "none");
  a.call("tool.peer");
  for (let life = 0; life < 20; life++) {
    test.world.start(b.node);
    // The attempt is written, and the disk takes long to sync it.
    assert.ok(watching(test, 500, () => b.kernel.guard?.isAnnounced === true && b.node.unsynced.at(-1)?.turn === b.kernel.executed), "an attempt was on its way");
    test.world.crash(b.node, "all");
  }
  test.world.start(b.node);
  assert.equal(b.kernel.ledger.deaths.size, 0);
  test.pass(500);
  assert.deepEqual(logOf(a), ["ok"]);
});

test("F17: a process that dies after the turn has come to its end does not count, also when the turn left nothing", () => {
  const { test, a, b } = pair({ limits: { retryDelaysMs: [1_000] } });
  b.node.staysDown = true;
  a.call("tool.spoilt");
  for (let life = 0; life < 20; life++) {
    test.world.crash(b.node, "all");
    test.world.start(b.node);
    // It has thrown, and waits for its next try.
    test.pass(500);
    assert.equal(b.kernel.ledger.deaths.size, 0);
  }
  assert.ok(b.kernel.counters.failures > 0);
  test.pass(10_000);
  assert.deepEqual([...b.kernel.state.dead.values()].map(({ attempts }) => attempts), [4], "parked for its own failures alone");
});

test("F17: what runs behind a suspected turn does not take its record with it", () => {
  const { test, a, b, died } = pair({ limits: { guardedInputs: 0 } });
  b.node.staysDown = true;
  test.world.crash(b.node, "none");
  for (let i = 0; i < 10; i++) a.call("tool.work", [`job ${i}`]);
  // Ten messages wait for it; a request that nobody suspects comes as soon as it hears of them.
  for (let life = 0; life < 30; life++) {
    test.world.start(b.node);
    watching(test, 100, () => b.node.kernel === undefined || b.kernel.channels.get("a")!.received > b.kernel.channels.get("a")!.executed);
    b.ask("tool.kill");
    test.pass(100);
    assert.equal(b.node.kernel, undefined);
  }
  assert.equal(died.count, 30);
  test.world.start(b.node);
  test.pass(100);
  assert.equal(b.kernel.ledger.deaths.size + b.kernel.state.dead.size, 0);
  assert.equal(logOf(b).length, 10);
});

interface Run {
  readonly kills: number;
  readonly deaths: number;
  readonly mostCounted: number;
}

/** Work on two nodes that are killed at random effects; with `deadly`, one message among the others ends b as well. */
function underKills(seed: number, deadly: boolean): Run {
  const random = generator(seed);
  isDeadly = true;
  isDying = false;
  const world = new KernelWorld((below) => random(below));
  const names = Array.from({ length: 40 }, (_, i) => `job ${i}`);
  let [kills, deaths, mostCounted] = [0, 0, 0];
  const outcomes: DiskOutcome[] = ["none", "first", "all"];
  world.crashBefore = () => (kills < 60 && random(40) === 0 ? (kills++, outcomes[random(3)]) : undefined);
  world.afterStep = (node) => {
    if (isDying) {
      isDying = false;
      deaths++;
      return world.crash(node, outcomes[random(3)]!);
    }
    const { ledger } = node.kernel!;
    for (const [input, count] of ledger.deaths) if (node.name === "a" || !deadly || !/kill/.test(input)) mostCounted = Math.max(mostCounted, count);
    if (random(50) === 0 && node.effects.length === 0 && node.durable.length > 0) world.takeSnapshot(node);
  };
  const a = world.add("a", { app: toolApp, dials: ["b"] });
  const b = world.add("b", { app: toolApp, dials: ["a"] });
  const unanswered = new Map<string, number>();
  const ask = (method: string, id: string): void => void unanswered.set(`${method}.${id}`, world.request(a, { service: "tool", method, args: method === "work" ? [id] : [], key: `${method} ${id}` }));
  for (const id of names) {
    ask("work", id);
    if (deadly && id === "job 7") ask("peer", "deadly");
    world.run(20);
    for (let round = 0; round < 200 && unanswered.size > 0; round++) {
      for (const [what, request] of unanswered) {
        if (a.answers.has(request)) unanswered.delete(what);
        else ask(...(what.split(".") as [string, string]));
      }
      world.run(30);
    }
  }
  for (let round = 0; round < 5; round++) assert.ok(world.run(20_000), "the world becomes quiet");
  check(a, b, names, deadly, `seed ${seed}`);
  return { kills, deaths, mostCounted };
}

function check(a: SimulatedNode, b: SimulatedNode, names: readonly string[], deadly: boolean, what: string): void {
  const log = ({ kernel }: SimulatedNode): string[] => [...(kernel!.state.services.get("tool") as Tool).log].sort();
  const expected = names.flatMap((id) => [id, `${id} answered`, `${id} echoed`, `${id} rang`, `${id} own`]);
  assert.deepEqual(log(a), [...expected, ...(deadly ? ["MK_PARKED"] : [])].sort(), `${what}: everything once`);
  assert.deepEqual(log(b), [...names.map((id) => `${id} at b`), ...(deadly ? ["behind it"] : [])].sort(), `${what}: everything once at b`);
  assert.deepEqual([a, b].map(({ kernel }) => kernel!.state.dead.size), [0, deadly ? 1 : 0], `${what}: nothing else was parked`);
  assert.deepEqual([a, b].map(({ kernel }) => kernel!.ledger.deaths.size), [0, 0], `${what}: what came to its end is not counted any more`);
}

test("F17: random kills never park a good message", (context) => {
  let [kills, mostCounted] = [0, 0];
  for (let seed = 1; seed <= 60 * effort; seed++) {
    const run = underKills(seed, false);
    kills += run.kills;
    mostCounted = Math.max(mostCounted, run.mostCounted);
  }
  context.diagnostic(`${kills} kills; a good message was counted ${mostCounted} times at most`);
  assert.ok(kills >= 1_000 && mostCounted < 5);
});

test("F17: under random kills as well, a message that ends its process is parked, and only that", (context) => {
  let [kills, deaths] = [0, 0];
  for (let seed = 1; seed <= 25 * effort; seed++) {
    const run = underKills(seed, true);
    kills += run.kills;
    deaths += run.deaths;
  }
  context.diagnostic(`${kills} kills, and ${deaths} deaths of ${25 * effort} deadly messages`);
});
