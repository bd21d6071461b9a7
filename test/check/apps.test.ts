/**
 * Apps checked as production runs them: what is right is found right in every order of its turns, what is wrong is found wrong with a
 * shortest trace, and whatever the programming model offers is an action of the model.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, ref, Rejection, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { always, call, check, world, type ClientCall, type Property, type WorldOptions, type WorldView } from "#maceken/check/check.js";
import { codeOf } from "../lib/lone-node.ts";
import { commitWorld, HastyCoordinator } from "../../examples/two-phase-commit/world.ts";

test("two-phase commit as services is right in every order of its turns", async (t) => {
  for (const participants of [2, 3, 4]) {
    const result = await check(commitWorld(participants));
    assert.equal(result.violation, undefined, JSON.stringify(result.violation));
    assert.equal(result.end, "complete");
    t.diagnostic(`${participants} participants: ${result.states} states, ${result.transitions} transitions in ${result.seconds.toFixed(2)} s, ${result.turnsExecuted} turns of ${result.turnsLookedUp}, depth ${result.depth}`);
  }
});

test("a coordinator that decides at the first vote is found out, by a shortest trace", async () => {
  const { violation } = await check(commitWorld(2, HastyCoordinator));
  assert.equal(violation!.property, "no two participants decide differently");
  assert.equal(violation!.trace.length, 6, "of five turns");
});

const effects = { send: async ([_to]: [string]) => {} };

class Counter extends Service<typeof effects> {
  static readonly messages: Messages<Counter> = {
    add: true, slow: true, later: true, taken: { guard: (service) => service.open, otherwise: "defer" }, unlock: true, picky: { guard: (service) => service.open, otherwise: "reject" },
    fails: true, refuses: true, mail: true, lazy: true, settle: true, tick: true, forwarded: true,
  };
  total = 0;
  open = false;
  log: string[] = [];
  waiting: { resolve(value: number): void }[] = [];
  readonly other: Ref<Counter>;
  constructor(other: Ref<Counter>) {
    super();
    this.other = other;
  }
  add(amount: number): number {
    return (this.total += amount);
  }
  /** Two turns to do what one should: what comes between is lost. */
  slow(amount: number) {
    this.turn.send(this.store, this.total + amount);
  }
  private store(total: number) {
    this.total = total;
  }
  later(amount: number) {
    this.turn.schedule(this.fired, 100, amount);
    this.turn.schedule(this.fired, 200, amount * 10);
  }
  private fired(amount: number) {
    this.log.push(`${amount}`);
  }
  tick() {
    this.turn.every(this.ticked, 1000);
  }
  private ticked() {
    this.total = (this.total + 1) % 3;
  }
  taken(what: string): string {
    this.log.push(what);
    return what;
  }
  picky(): string {
    return "in";
  }
  unlock() {
    this.open = true;
  }
  fails() {
    throw new TypeError("nothing there");
  }
  refuses() {
    throw new Rejection("not today", { code: "CLOSED" });
  }
  mail(to: string) {
    this.turn.when(this.turn.outside("send", to), this.sent, to);
  }
  private sent(outcome: Outcome<unknown>, to: string) {
    this.log.push(`${to} ${outcome.ok}`);
  }
  lazy() {
    const later = this.turn.deferReply<number>();
    this.waiting.push(later);
    return later;
  }
  settle() {
    for (const each of this.waiting) each.resolve(this.total);
    this.waiting = [];
  }
  forwarded(amount: number) {
    return this.other.add(amount);
  }
}

const counterApp = (other: string) => app({ version: 1 }).service("counter", () => new Counter(ref<Counter>(`${other}/counter`) as Ref<Counter>)).outside(effects);
const at = call<Counter>("a/counter");

/** Everything that comes of some clients' calls: what `tell` says of each quiet state, sorted. */
async function outcomes(clients: Record<string, ClientCall[]>, tell: (world: WorldView) => unknown, options: Partial<WorldOptions> = {}): Promise<string[]> {
  const found = new Set<string>();
  const result = await check(world({
    nodes: { a: counterApp("b"), b: counterApp("a") }, clients,
    properties: [always("told", (world) => {
      if (world.isQuiet) found.add(JSON.stringify(tell(world)));
      return true;
    })],
    ...options,
  }), { maxStates: 20_000 });
  assert.equal(result.violation, undefined, JSON.stringify(result.violation));
  assert.equal(result.end, "complete");
  return [...found].sort();
}
const counter = (world: WorldView) => world.service<Counter>("a/counter")!;
const answers = (world: WorldView, client: string) => world.answers(client).map((outcome) => (outcome.ok ? outcome.value : codeOf(outcome)));

test("an update in two turns loses another's, in some orders; one in one turn in none", async () => {
  assert.deepEqual(await outcomes({ x: [at.add(1)], y: [at.add(2)] }, (world) => counter(world).total), ["3"]);
  assert.deepEqual(await outcomes({ x: [at.slow(1)], y: [at.slow(2)] }, (world) => counter(world).total), ["1", "2", "3"]);
});

test("timers of a node fire in the order of their times; one that fires again and again makes no new states", async () => {
  assert.deepEqual(await outcomes({ x: [at.later(1)] }, (world) => counter(world).log), ['["1","10"]']);
  const result = await check(world({ nodes: { a: counterApp("a") }, clients: { x: [at.tick()] } }), { maxStates: 1000 });
  assert.deepEqual([result.end, result.states], ["complete", 4], "before, and for each of the three values");
});

test("guards: deferred messages run when they may, in order; others are refused at once", async () => {
  assert.deepEqual(
    await outcomes({ x: [at.taken("p")], y: [at.taken("q")], z: [at.unlock()] }, (world) => [counter(world).log, answers(world, "x"), answers(world, "y")]),
    ['[["p","q"],["p"],["q"]]', '[["q","p"],["p"],["q"]]'],
  );
  assert.deepEqual(await outcomes({ x: [at.picky()], z: [at.unlock()] }, (world) => answers(world, "x")), ['["MK_GUARDED"]', '["in"]']);
});

test("a handler that throws is a violation, with its stack; a Rejection is an answer", async () => {
  const { violation } = await check(world({ nodes: { a: counterApp("b"), b: counterApp("a") }, clients: { x: [at.add(1), at.fails()] } }));
  assert.equal(violation!.property, "no handler throws");
  assert.match(violation!.what, /^TypeError: nothing there\n.*fails.*apps\.test\.ts/);
  assert.equal(violation!.trace.length, 3);
  assert.deepEqual(await outcomes({ x: [at.refuses()] }, (world) => answers(world, "x")), ['["rejection"]']);
});

test("effects end in every way that the world says", async () => {
  const fail: Outcome<unknown> = { ok: false, error: new Rejection("no such address") };
  assert.deepEqual(await outcomes({ x: [at.mail("ann")] }, (world) => counter(world).log), ['["ann true"]']);
  assert.deepEqual(await outcomes({ x: [at.mail("ann")] }, (world) => counter(world).log, { effects: { send: () => [{ ok: true, value: 1 }, fail] } }), ['["ann false"]', '["ann true"]']);
});

test("deferred and forwarded replies reach the client, across nodes too", async () => {
  assert.deepEqual(await outcomes({ x: [at.lazy()], y: [at.add(5), at.settle()] }, (world) => [answers(world, "x"), answers(world, "y").length]), ["[[5],2]", "[[],2]"]);
  assert.deepEqual(await outcomes({ x: [at.forwarded(3)], y: [call<Counter>("b/counter").add(1)] }, (world) => [answers(world, "x"), answers(world, "y")]), ["[[3],[4]]", "[[4],[1]]"]);
});

test("a constraint bounds a world that grows for ever", async () => {
  class Growing extends Service {
    static readonly messages: Messages<Growing> = { grow: true };
    size = 0;
    grow() {
      this.size++;
      this.turn.send(this.grow);
    }
  }
  const result = await check(world({
    nodes: { a: app({ version: 1 }).service("growing", () => new Growing()) },
    clients: { x: [call<Growing>("a/growing").grow()] },
    constraint: (world) => world.service<Growing>("a/growing")!.size < 10,
  }));
  assert.deepEqual([result.end, result.states], ["complete", 11]);
});

test("a world that cannot be is refused, with what is wrong", () => {
  assert.throws(() => world({ nodes: {} }), { code: "MK_WORLD_INVALID" });
  assert.throws(() => world({ nodes: { a: counterApp("b") }, clients: { x: [call<Counter>("b/counter").add(1)] } }), /client x calls b\/counter/);
  assert.throws(() => world({ nodes: { a: counterApp("b") }, properties: [always("p", () => true), always("p", () => true)] }), /two properties/);
});

test("numbers of calls come back, so an app that goes in circles has finitely many states", async () => {
  class Ball extends Service {
    static readonly messages: Messages<Ball> = { play: true, hit: true };
    hits = 0;
    readonly other: Ref<Ball>;
    constructor(other: Ref<Ball>) {
      super();
      this.other = other;
    }
    play() {
      this.turn.when(this.other.hit(), this.returned);
      this.turn.send(this.count);
    }
    hit() {}
    private returned() {
      this.turn.send(this.again);
    }
    private again() {
      this.turn.when(this.other.hit(), this.returned);
    }
    private count() {
      this.hits = (this.hits + 1) % 2;
      this.turn.send(this.count);
    }
  }
  const ball = (other: string) => app({ version: 1 }).service("ball", () => new Ball(ref<Ball>(`${other}/ball`) as Ref<Ball>));
  const result = await check(world({ nodes: { a: ball("b"), b: ball("a") }, clients: { x: [call<Ball>("a/ball").play()] } }), { maxStates: 10_000 });
  assert.equal(result.end, "complete");
  assert.ok(result.states < 40, `${result.states} states`);
});

test("a turn that does two things on one state is named, with what differs", async () => {
  let calls = 0;
  class Leaky extends Service {
    static readonly messages: Messages<Leaky> = { touch: true, tell: true };
    seen = 0;
    touch() {
      this.seen = ++calls;
    }
    tell() {
      return ++calls;
    }
  }
  const leaky = app({ version: 1 }).service("leaky", () => new Leaky());
  const run = (call: ClientCall) => check(world({ nodes: { a: leaky }, clients: { x: [call] } }));
  await assert.rejects(run(call<Leaky>("a/leaky").touch()), { code: "MK_NONDETERMINISTIC", message: /a: leaky\.touch\(\) from client x did two different things on the same state: leaky\.seen: 1 -> 2/ });
  await assert.rejects(run(call<Leaky>("a/leaky").tell()), { code: "MK_NONDETERMINISTIC", message: /what it answered/ });
});

test("time and chance behind the turn's back are the world's; what no world can give is named with its line", async () => {
  class Peeper extends Service {
    static readonly messages: Messages<Peeper> = { now: true, draw: true, wait: true };
    drawn: number[] = [];
    now() {
      return [Date.now() === this.turn.now(), new Date().getTime() === this.turn.now()];
    }
    draw() {
      this.drawn.push(Math.random());
    }
    wait() {
      setTimeout(() => {}, 1);
    }
  }
  const peeper = app({ version: 1 }).service("peeper", () => new Peeper());
  const at = call<Peeper>("a/peeper");
  const run = (each: ClientCall, ...properties: Property[]) => check(world({ nodes: { a: peeper }, clients: { x: [each] }, properties }));
  const now = Date.now;
  assert.equal((await run(at.now(), always("it is the turn's time", (view) => view.answers("x").every((answer) => answer.ok && (answer.value as boolean[]).every(Boolean))))).violation, undefined);
  assert.ok((await run(at.draw())).states > 2, "chance is tried in all its values");
  await assert.rejects(run(at.wait()), { code: "MK_NONDETERMINISTIC", message: /a: peeper\.wait\(\) from client x: a handler used setTimeout, which no world can give it \(at .*apps\.test\.ts:\d+/ });
  assert.equal(Date.now, now, "afterwards all is as it was");
});

test("without Ken one crash is enough to break two-phase commit; under Ken it stays right", async () => {
  assert.equal((await check(commitWorld(2))).violation, undefined);
  const { violation } = await check(commitWorld(2), { persistence: "none" });
  assert.equal(violation!.property, "when all is quiet, everybody knows");
  assert.equal(violation!.trace.filter(({ what }) => /crashes/.test(what)).length, 1);
});

test("nodes that are alike but for their names: as many states as there are without their names", async (t) => {
  for (const [participants, states] of [[2, 55], [3, 517], [4, 5_199]] as const) {
    const all = await check(commitWorld(participants));
    const exchanged = await check(commitWorld(participants, undefined, { symmetric: true }));
    assert.equal(all.states, states);
    assert.equal(exchanged.violation, undefined);
    assert.equal(exchanged.end, "complete");
    t.diagnostic(`${participants} participants: ${all.states} states are ${exchanged.states}`);
    assert.ok(exchanged.states < all.states && exchanged.states * factorial(participants) >= all.states);
  }
  assert.equal((await check(commitWorld(3, HastyCoordinator, { symmetric: true }))).violation!.trace.length, 6);
  const named = app({ version: 1 }).service("counter", () => new Counter(ref<Counter>("a/counter") as Ref<Counter>)).outside(effects);
  await assert.rejects(check(world({ nodes: { a: counterApp("b"), b: named, c: named }, symmetric: [["a", "b"]] })), { code: "MK_WORLD_INVALID", message: /not alike/ });
  await assert.rejects(check(world({ nodes: { a: counterApp("b"), b: counterApp("a") }, clients: { x: [at.add(1)] }, symmetric: [["a", "b"]] })), /client x calls a/);
});

function factorial(number: number): number {
  return number < 2 ? 1 : number * factorial(number - 1);
}

test("random walks find what is wrong too, the same with the same seed", async () => {
  const walk = { steps: 20_000, seed: 7, maxSteps: 100 };
  const [one, other] = [await check(commitWorld(4, HastyCoordinator), { walk }), await check(commitWorld(4, HastyCoordinator), { walk })];
  assert.equal(one.end, "violated");
  assert.equal(one.violation!.property, "no two participants decide differently");
  assert.deepEqual(one.violation, other.violation);
  assert.ok(one.violation!.trace.length >= 6);
  const right = await check(commitWorld(4), { walk });
  assert.deepEqual([right.end, right.violation, right.transitions], ["walked", undefined, 20_000]);
});
