/**
 * Goal: the contract's corners behave as decided. Method: services on simulated nodes, one corner a test; crashes and
 * restarts where the corner is about durability.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { app, ref, Rejection, Service, watch, type Deferred, type Messages, type Outcome, type Ref, type Reply, type Timer } from "#maceken/index.js";
import { codeOf, TestWorld } from "../lib/lone-node.ts";

class Worker extends Service {
  static readonly messages: Messages<Worker> = {
    add: { args: [z.number()] }, get: true, fail: true, reject: true, later: true, settle: true, pair: true, ask: true, keep: true, useKept: true,
    forwarded: true, self: true, echo: true, oneWay: true, take: true, promise: true as never, awaited: true, wrongWhen: true, bad: true, forwardKept: true, dateOf: true, peersOnly: { from: "peers" }, sendBig: true, askBig: true, big: true, askThenFail: true, askForwarded: true, optional: { args: [z.string(), z.number().default(7)] },
  };
  n = 0;
  failures = 0;
  failUntil = 0;
  waiting: Deferred<string>[] = [];
  seen: unknown[] = [];
  kept: Reply<unknown> | null = null;
  other: Ref<Worker> = ref<Worker>("b/worker");

  add(by: number) { this.n += by; return this.n; }
  get() { return this.n; }
  fail(times: number) {
    this.n += 1000;
    this.seen.push("never kept");
    if (times >= 0) throw new Error("broken");
  }
  reject(): number { this.n = -1; throw new Rejection("no", { code: "NO", n: this.n }); }
  later() { const deferred = this.turn.deferReply<string>(); this.waiting.push(deferred); return deferred; }
  settle(value: string) { for (const deferred of this.waiting) deferred.resolve(value); this.waiting = []; }
  pair() { const deferred = this.turn.deferReply<string>(); deferred.resolve("now"); return deferred; }
  ask(what: string) { this.turn.when((this.other as any)[what](1), this.onAnswer, what, this.seen); }
  private onAnswer(outcome: Outcome<unknown>, what: string, sameArray: unknown[]) { sameArray.push([what, codeOf(outcome), outcome.value ?? null]); }
  keep() { this.kept = this.other.get(); }
  useKept() { this.turn.when(this.kept!, this.onAnswer, "kept", this.seen); this.kept = null; }
  forwarded(what: string) { return (this.other as any)[what](5) as Reply<number>; }
  forwardKept() { const kept = this.kept!; this.kept = null; return kept; }
  self() { const list = [1]; this.turn.when(this.turn.send(this.hidden, list), this.onAnswer, "self", this.seen); list.push(2); return "sent"; }
  private hidden(list: number[]) { this.seen.push(list); return list.length; }
  echo(value: unknown) { return value; }
  oneWay() { this.other.fail(1); this.other.add(1); }
  take() { return this.turn.sender; }
  async promise() { return 1; }
  awaited() { return (async () => await this.other.get())() as never; }
  wrongWhen(which: string) {
    const reply = this.other.get();
    if (which === "arrow") this.turn.when(reply, () => {});
    if (which === "foreign") this.turn.when(reply, Other.prototype.method as never);
    if (which === "twice") { this.turn.when(reply, this.seenOne); this.turn.when(reply, this.seenOne); }
    if (which === "bound") this.turn.when(reply, this.seenOne.bind(this));
  }
  private seenOne() {}
  bad() { return new Other() as never; }
  dateOf() { return new Map([[new Date(5), { x: NaN, big: 10n ** 30n }]]); }
  sendBig(bytes: number) { this.turn.when(this.other.echo("x".repeat(bytes)), this.ignored); return 1; }
  askBig(bytes: number) { this.turn.when(this.other.big(bytes), this.onAnswer, "big", this.seen); }
  private ignored() {}
  askThenFail() { this.turn.when(this.other.get(), this.failing); }
  private failing() { throw new Error("broken for good"); }
  askForwarded(bytes: number) { this.turn.when((this.other as unknown as Ref<Forwarder>).pass(bytes), this.onAnswer, "forwarded", this.seen); }
  big(bytes: number) { return "x".repeat(bytes); }
  peersOnly() { return 1; }
  optional(a: string, b: number) { return `${a}${b}`; }
}

class Other extends Service {
  static readonly messages: Messages<Other> = { method: true };
  method() {}
}

class Forwarder extends Service {
  static readonly messages: Messages<Forwarder> = { pass: true };
  next: Ref<Worker> = ref<Worker>("c/worker");
  pass(bytes: number) { return this.next.big(bytes); }
}

const forwarderApp = app({ version: 1 }).service("worker", () => new Forwarder());
const workerApp = app({ version: 1 }).service("worker", () => new Worker());

function two() {
  const test = new TestWorld();
  const a = test.node("a", workerApp, ["b"]);
  const b = test.node("b", workerApp);
  test.pass(50);
  return { test, a, b };
}

describe("requests", () => {
  it("answers values of every kind, and refuses what a message cannot carry", () => {
    const { a } = two();
    assert.deepEqual(a.value("worker.dateOf"), new Map([[new Date(5), { x: NaN, big: 10n ** 30n }]]));
    assert.equal(codeOf(a.call("worker.bad")), "MK_VALUE_NOT_SENDABLE");
  });

  it("a rejection undoes the turn and carries its details", () => {
    const { a } = two();
    const outcome = a.call("worker.reject");
    assert.ok(outcome.error instanceof Rejection);
    assert.deepEqual(outcome.error.details, { code: "NO", n: -1 });
    assert.equal(a.value("worker.get"), 0);
  });

  it("F16: an error of the handler undoes the turn; outside callers get it at once", () => {
    const { a } = two();
    assert.equal(codeOf(a.call("worker.fail", [1])), "MK_HANDLER_FAILED");
    assert.equal(a.value("worker.get"), 0);
    assert.equal(a.kernel.state.dead.size, 0);
  });

  it("F32: reaches only what is listed, with arguments that fit", () => {
    const { a } = two();
    for (const [target, code] of [["worker.constructor", "MK_METHOD_UNKNOWN"], ["worker.__proto__", "MK_METHOD_UNKNOWN"], ["worker.onAnswer", "MK_METHOD_UNKNOWN"], ["nobody.get", "MK_SERVICE_UNKNOWN"], ["worker.peersOnly", "MK_ORIGIN_REFUSED"]] as const) {
      assert.equal(codeOf(a.call(target)), code, target);
    }
    assert.equal(codeOf(a.call("worker.add", ["x"])), "MK_ARGUMENTS_INVALID");
    assert.equal(codeOf(a.call("worker.add", [1, 2])), "MK_ARGUMENTS_INVALID");
    assert.equal(a.value("worker.optional", "a"), "a7");
  });

  it("a turn that only reads writes no record", () => {
    const { a } = two();
    const { records } = a.kernel.counters;
    a.value("worker.get");
    assert.equal(a.kernel.counters.records, records);
    a.value("worker.add", 1);
    assert.equal(a.kernel.counters.records, records + 1);
  });

  it("F20: refuses promises, awaited replies, and continuations that cannot be stored", () => {
    const { a } = two();
    assert.equal(codeOf(a.call("worker.promise")), "MK_TURN_ASYNC");
    assert.equal(codeOf(a.call("worker.awaited")), "MK_TURN_ASYNC");
    assert.equal(codeOf(a.call("worker.wrongWhen", ["arrow"])), "MK_CONTINUATION_ANONYMOUS");
    assert.equal(codeOf(a.call("worker.wrongWhen", ["bound"])), "MK_CONTINUATION_ANONYMOUS");
    assert.equal(codeOf(a.call("worker.wrongWhen", ["foreign"])), "MK_CONTINUATION_FOREIGN");
    assert.equal(codeOf(a.call("worker.wrongWhen", ["twice"])), "MK_REPLY_USED");
  });

  it("F20: refuses this.turn and refs outside a turn", () => {
    const { a } = two();
    assert.throws(() => (a.service<any>("worker") as any).turn, { code: "MK_NO_TURN" });
    assert.throws(() => void ref<Worker>("b/worker").get(), { code: "MK_NO_TURN" });
  });
});

describe("replies", () => {
  it("continue as a turn of their own, with context kept by reference, across restarts", () => {
    const { test, a, b } = two();
    a.call("worker.ask", ["get"]);
    assert.deepEqual(a.service<Worker>("worker").seen, [["get", "ok", 0]]);
    b.test.world.crash(b.node, "none");
    const request = a.ask("worker.ask", ["add"]);
    a.restart();
    test.pass(1000);
    void request;
    a.call("worker.ask", ["add"]);
    a.restart();
    test.pass(1000);
    assert.deepEqual(a.service<Worker>("worker").seen.at(-1), ["add", "ok", b.service<Worker>("worker").n]);
  });

  it("stored, keep their outcome until `when`, also over restarts, and can be forwarded later", () => {
    const { test, a } = two();
    a.call("worker.keep");
    a.restart();
    test.pass(100);
    a.call("worker.useKept");
    assert.deepEqual(a.service<Worker>("worker").seen, [["kept", "ok", 0]]);
    a.call("worker.keep");
    test.pass(100);
    assert.equal(a.value("worker.forwardKept"), 0);
    assert.equal(a.kernel.state.calls.size, 0);
  });

  it("returned, are forwarded; errors too", () => {
    const { a } = two();
    assert.equal(a.value("worker.forwarded", "add"), 5);
    assert.equal(codeOf(a.call("worker.forwarded", ["reject"])), "rejection");
    assert.equal(codeOf(a.call("worker.forwarded", ["nothing"])), "MK_METHOD_UNKNOWN");
  });

  it("deferred, are resolved by a later turn, also after a restart (with a key)", () => {
    const { test, a } = two();
    const plain = a.ask("worker.later");
    const keyed = a.ask("worker.later", [], { key: "k" });
    test.pass(50);
    assert.equal(a.answerOf(plain), undefined);
    a.restart();
    const again = a.ask("worker.later", [], { key: "k" });
    test.pass(50);
    assert.equal(a.service<Worker>("worker").waiting.length, 2, "the repetition joined");
    a.call("worker.settle", ["done"]);
    assert.deepEqual(a.answerOf(again), { ok: true, value: "done" });
    void keyed;
    assert.equal(a.value("worker.pair"), "now");
  });

  it("F34: to oneself are turns of their own, with copies, and may name private methods", () => {
    const { a } = two();
    assert.equal(a.value("worker.self"), "sent");
    assert.deepEqual(a.service<Worker>("worker").seen, [[1], ["self", "ok", 1]]);
  });
});

describe("failures of peers' messages", () => {
  it("F16: are retried, then parked; the next message goes on; the caller is told; the dead letter can run again", () => {
    const { test, a, b } = two();
    a.call("worker.ask", ["fail"]);
    a.call("worker.ask", ["add"]);
    test.pass(5_000);
    assert.deepEqual(a.service<Worker>("worker").seen.map((each) => (each as unknown[]).slice(0, 2)), [["fail", "MK_PARKED"], ["add", "ok"]]);
    assert.equal(b.service<Worker>("worker").n, 1);
    const [id, letter] = [...b.kernel.state.dead][0]!;
    assert.equal(letter.attempts, 4);
    assert.match(letter.error, /broken/);
    b.restart();
    assert.equal(b.kernel.state.dead.size, 1);
    test.world["request"](b.node, { service: "worker", method: "get", args: [] });
    for (const effect of b.kernel.step({ kind: "operate", request: 999, operation: { kind: "dropDeadLetter", id } }, { monotonicMs: 1e6, wallMs: test.world.nowMs + 1e6 })) void effect;
    assert.equal(b.kernel.state.dead.size, 0);
  });

  it("of one-way messages are noted at the sender", () => {
    const { test, a, b } = two();
    a.call("worker.oneWay");
    test.pass(5_000);
    assert.equal(b.service<Worker>("worker").n, 1);
    assert.ok(a.node.notes.some((note) => /failed and nobody waits/.test(note.message)));
  });
});

describe("idempotency keys and sessions", () => {
  it("F38: the same key gets the same answer, also after a restart, and refuses other arguments", () => {
    const { a } = two();
    assert.equal(a.call("worker.add", [2], { key: "k" }).value, 2);
    assert.equal(a.call("worker.add", [2], { key: "k" }).value, 2);
    a.restart();
    assert.equal(a.call("worker.add", [2], { key: "k" }).value, 2);
    assert.equal(codeOf(a.call("worker.add", [3], { key: "k" })), "MK_KEY_REUSED");
    assert.equal(a.value("worker.get"), 2);
  });

  it("rejections are bound, failures and invalid arguments are not", () => {
    const { a } = two();
    assert.equal(codeOf(a.call("worker.reject", [], { key: "r" })), "rejection");
    assert.equal(codeOf(a.call("worker.reject", [], { key: "r" })), "rejection");
    assert.equal(a.kernel.state.keys.size, 1);
    assert.equal(codeOf(a.call("worker.add", ["x"], { key: "v" })), "MK_ARGUMENTS_INVALID");
    assert.equal(a.call("worker.add", [1], { key: "v" }).value, 1);
    assert.equal(codeOf(a.call("worker.fail", [1], { key: "f" })), "MK_HANDLER_FAILED");
    assert.equal(a.kernel.state.keys.has("k f"), false);
  });

  it("F38: two at once with one key: one turn, two answers", () => {
    const { test, a } = two();
    const [one, other] = [a.ask("worker.add", [1], { key: "k" }), a.ask("worker.add", [1], { key: "k" })];
    test.pass(50);
    assert.deepEqual([a.answerOf(one)?.value, a.answerOf(other)?.value, a.value("worker.get")], [1, 1, 1]);
  });

  it("a session costs constant space", () => {
    const { a } = two();
    for (let number = 1; number <= 50; number++) a.call("worker.add", [1], { session: { id: "s", number, acknowledged: number - 1 } });
    assert.equal(a.call("worker.add", [1], { session: { id: "s", number: 50, acknowledged: 49 } }).value, 50);
    assert.equal(a.kernel.state.keys.size, 1);
    assert.equal(codeOf(a.call("worker.add", [1], { session: { id: "s", number: 3, acknowledged: 0 } })), "MK_KEY_REUSED");
    assert.equal(codeOf(a.call("worker.add", [1], { session: { id: "s", number: 2 ** 50, acknowledged: 2 ** 49 } })), "MK_KEY_REUSED");
    assert.equal(a.value("worker.get"), 50);
  });
});

class Door extends Service {
  static readonly messages: Messages<Door> = {
    enter: { guard: (door) => door.open, otherwise: "defer" }, knock: { guard: (door) => door.open }, whisper: { guard: (door) => door.open, otherwise: "drop" },
    set: true, log: true, cheat: { guard: (door) => { door.entered.push("written by a guard"); return true; } },
  };
  static readonly aspects = [watch((door: Door) => door.open, (door, old) => door.turned(old))];
  open = false;
  entered: string[] = [];
  turns: string[] = [];
  private turned(old: boolean) { this.turns.push(`${String(old)}>${String(this.open)}`); }
  enter(who: string) { this.entered.push(who); if (this.entered.length % 2 === 0) this.open = false; return this.entered.length; }
  knock() { return "come in"; }
  whisper() { return "?"; }
  set(open: boolean, fail = false) { this.open = open; if (fail) throw new Rejection("undone"); }
  log() { return [this.entered, this.turns]; }
  cheat() {}
}

describe("guards and aspects", () => {
  it("defer, reject and drop; deferred messages stay in order, durable, and run when the state changes", () => {
    const test = new TestWorld();
    const a = test.node("a", app({ version: 1 }).service("door", () => new Door()));
    const asks = ["x", "y", "z"].map((who) => a.ask("door.enter", [who], { key: who }));
    test.pass(50);
    assert.deepEqual(asks.map((ask) => a.answerOf(ask)), [undefined, undefined, undefined]);
    assert.equal(codeOf(a.call("door.knock")), "MK_GUARDED");
    const dropped = a.ask("door.whisper");
    test.pass(50);
    assert.equal(a.answerOf(dropped), undefined);
    a.restart();
    a.call("door.set", [true]);
    assert.deepEqual(a.value("door.log"), [["x", "y"], ["false>true", "true>false"]]);
    a.call("door.set", [true]);
    assert.deepEqual(a.value("door.log"), [["x", "y", "z"], ["false>true", "true>false", "false>true"]]);
    assert.equal(a.kernel.state.deferred.size, 0);
  });

  it("aspects run in the same turn and are undone with it; guards may not write", () => {
    const test = new TestWorld();
    const a = test.node("a", app({ version: 1 }).service("door", () => new Door()));
    a.call("door.set", [true, true]);
    assert.deepEqual(a.value("door.log"), [[], []]);
    a.call("door.set", [true]);
    a.call("door.set", [true]);
    assert.deepEqual(a.value("door.log"), [[], ["false>true"]]);
    assert.equal(codeOf(a.call("door.cheat")), "MK_GUARD_WROTE");
    assert.deepEqual(a.value("door.log"), [[], ["false>true"]]);
  });
});

class Clock extends Service {
  static readonly messages: Messages<Clock> = { at: true, each: true, stop: true, log: true, now: true, trouble: true, bad: true };
  fired: [string, number][] = [];
  timers: Timer[] = [];
  at(delayMs: number, name: string) { this.timers.push(this.turn.schedule(this.ring, delayMs, name)); return this.timers.at(-1)!.dueAt; }
  each(periodMs: number, name: string) { this.timers.push(this.turn.every(this.ring, periodMs, name)); }
  stop(index: number) { this.timers[index]!.cancel(); }
  #count = 0;
  private ring(name: string) { this.#count++; this.fired.push([name, this.turn.now()]); }
  log() { return this.fired; }
  now() { return this.turn.now(); }
  trouble(period: number) { this.turn.every(this.stumble, period); }
  private stumble() { this.fired.push(["undone", 0]); throw this.turn.now() % 2 === 0 ? new Rejection("not now") : new Error("broken"); }
  bad(delay: number, period: number) { if (delay !== 0) this.turn.schedule(this.ring, delay, "x"); this.turn.every(this.ring, period, "y"); }
}

describe("timers", () => {
  const clockApp = app({ version: 1 }).service("clock", () => new Clock());

  it("F22: fire once, never early, also after a restart, and also when due while the node was down", () => {
    const test = new TestWorld();
    const a = test.node("a", clockApp);
    const due = a.value("clock.at", 1000, "one") as number;
    const late = a.value("clock.at", 5000, "two") as number;
    test.pass(990);
    assert.deepEqual(a.value("clock.log"), [["one", due]].slice(0, a.test.world.nowMs >= due ? 1 : 0));
    a.restart({ downMs: 10_000 });
    test.pass(100);
    const fired = a.value("clock.log") as [string, number][];
    assert.deepEqual(fired.map(([name]) => name), ["one", "two"]);
    assert.ok(fired[0]![1] >= due && fired[1]![1] >= late);
    a.restart({ downMs: 10_000 });
    test.pass(10_000);
    assert.equal((a.value("clock.log") as unknown[]).length, 2);
    assert.equal(a.kernel.state.timers.size, 0);
  });

  it("every: joins missed periods into one and keeps its phase; cancel ends it", () => {
    const test = new TestWorld();
    const a = test.node("a", clockApp);
    const start = a.value("clock.now") as number;
    a.call("clock.each", [1000, "tick"]);
    test.pass(2_500);
    a.restart({ downMs: 10_300 });
    test.pass(2_000);
    const fired = a.value("clock.log") as [string, number][];
    assert.ok(fired.length >= 4 && fired.length <= 6, `${fired.length} ticks`);
    const phases = fired.map(([, at]) => (at - start) % 1000);
    assert.ok(Math.max(...phases.filter((_, i) => i !== 2)) - Math.min(...phases.filter((_, i) => i !== 2)) <= 60, `phases ${phases.join()}`);
    a.call("clock.stop", [0]);
    const count = (a.value("clock.log") as unknown[]).length;
    test.pass(5_000);
    assert.equal((a.value("clock.log") as unknown[]).length, count);
  });

  it("every: goes on after a tick that was rejected or parked", () => {
    const test = new TestWorld();
    const a = test.node("a", clockApp, [], { retryDelaysMs: [1] });
    a.call("clock.trouble", [999]);
    test.pass(4_500);
    assert.deepEqual(a.value("clock.log"), []);
    assert.equal(a.kernel.state.timers.size, 1, "the timer is still set");
    assert.ok(a.kernel.counters.failures > 0 || a.kernel.counters.records > 3, "it ticked");
    const { records } = a.kernel.counters;
    test.pass(3_000);
    assert.ok(a.kernel.counters.records >= records + 3, "and ticks on");
  });

  it("F22, F23: long delays work, senseless ones are refused, now() never goes back", () => {
    const test = new TestWorld();
    const a = test.node("a", clockApp);
    a.call("clock.at", [2 ** 31 * 3, "far"]);
    test.pass(2 ** 31 * 3 + 1000);
    assert.equal((a.value("clock.log") as unknown[]).length, 1);
    assert.equal(codeOf(a.call("clock.bad", [-1, 1])), "MK_TIMER_PERIOD");
    assert.equal(codeOf(a.call("clock.bad", [NaN, 1])), "MK_TIMER_PERIOD");
    assert.equal(codeOf(a.call("clock.bad", [0, 0])), "MK_TIMER_PERIOD");
    // Of what a turn that wrote has seen; a turn that only read leaves no record of when it was.
    const before = (a.value("clock.at", 1e9, "later") as number) - 1e9;
    a.restart({ downMs: -(365 * 24 * 3600 * 1000) });
    assert.ok((a.value("clock.now") as number) >= before);
  });
});

class First extends Service {
  static readonly messages: Messages<First> = { get: true, later: true };
  data = 1;
  history: string[] = ["constructed"];
  born() { this.history.push("born"); }
  restarted() { this.history.push("restarted"); }
  get() { return [this.data, this.history]; }
  later() { this.turn.schedule(this.gone, 1e9); }
  private gone() {}
}

describe("life", () => {
  it("constructor and born once, restarted after each recovery", () => {
    const test = new TestWorld();
    const a = test.node("a", app({ version: 1 }).service("s", () => new First()));
    assert.deepEqual(a.value("s.get"), [1, ["constructed", "born"]]);
    a.restart();
    a.restart();
    assert.deepEqual(a.value("s.get"), [1, ["constructed", "born", "restarted", "restarted"]]);
  });

  it("refuses a lower version, a missing service, a new one without a version, and leaves the data", () => {
    const test = new TestWorld();
    const v2 = app({ version: 2 }).service("s", () => new First());
    const a = test.node("a", v2);
    test.pass(10);
    const refused = (other: unknown, code: string) => {
      assert.throws(() => a.restart({ app: other }), { code });
      a.node.kernel = undefined;
    };
    refused(app({ version: 1 }).service("s", () => new First()), "MK_VERSION_LOWER");
    refused(app({ version: 2 }).service("t", () => new First()), "MK_SERVICE_REMOVED");
    refused(app({ version: 2 }).service("s", () => new First()).service("t", () => new First()), "MK_APP_INVALID");
    (a.node.options as { app: unknown }).app = v2;
    test.world.start(a.node);
    test.pass(10);
    assert.deepEqual(a.value("s.get"), [1, ["constructed", "born", "restarted"]]);
  });

  it("a higher version runs upgraded(from), bears new services, lets removed ones go", () => {
    const test = new TestWorld();
    const a = test.node("a", app({ version: 1 }).service("s", () => new First()).service("old", () => new First()));
    test.pass(10);
    a.restart({ app: app({ version: 2, removed: ["old"] }).service("s", () => new First()).service("t", () => new First()) });
    assert.deepEqual(a.value("t.get"), [1, ["constructed", "born"]]);
    assert.equal(codeOf(a.call("old.get")), "MK_SERVICE_UNKNOWN");
    a.restart();
    assert.deepEqual(a.value("t.get"), [1, ["constructed", "born", "restarted"]]);
  });

  it("an uncompiled class is refused with the remedy", () => {
    const Uncompiled = new Function("Service", "return class Uncompiled extends Service {}")(Service) as new () => Service;
    const test = new TestWorld();
    assert.throws(() => test.node("a", app({ version: 1 }).service("s", () => new Uncompiled())), (error: any) => error.code === "MK_NOT_COMPILED" && /maceken\/register/.test(error.remedy));
    assert.throws(() => test.node("b", app({ version: 1 }).service("s", () => ({}) as never)), { code: "MK_SERVICE_INVALID" });
  });
});

describe("a continuation that fails for good", () => {
  it("is parked, leaves nothing waiting, and answers who it was forwarded for", () => {
    const { test, a } = two();
    a.call("worker.askThenFail");
    test.pass(5_000);
    assert.equal(a.kernel.state.dead.size, 1);
    assert.equal(a.kernel.state.calls.size, 0);
    const limits = { maxMessageBytes: 1000, retryDelaysMs: [1] };
    const small = new TestWorld();
    const front = small.node("a", workerApp, ["b"]);
    const middle = small.node("b", forwarderApp, ["c"], limits);
    small.node("c", workerApp);
    small.pass(50);
    front.call("worker.askForwarded", [2000]);
    small.pass(5_000);
    assert.deepEqual(front.service<Worker>("worker").seen.map((each) => (each as unknown[])[1]), ["MK_PARKED"]);
    assert.equal(middle.kernel.state.calls.size, 0);
  });
});

describe("messages that are too large", () => {
  it("F26: are refused inside the turn that sends them; answers too; the channel goes on", () => {
    const test = new TestWorld();
    const limits = { maxMessageBytes: 1000, retryDelaysMs: [1] };
    const a = test.node("a", workerApp, ["b"], limits);
    const b = test.node("b", workerApp, [], limits);
    test.pass(50);
    assert.equal(codeOf(a.call("worker.sendBig", [2000])), "MK_TOO_LARGE");
    assert.equal(a.value("worker.sendBig", 500), 1);
    a.call("worker.askBig", [2000]);
    a.call("worker.ask", ["add"]);
    test.pass(500);
    assert.deepEqual(a.service<Worker>("worker").seen.map((each) => (each as unknown[])[1]), ["MK_PARKED", "ok"]);
    assert.equal(b.kernel.state.dead.size, 1);
  });
});

describe("a peer that is forgotten", () => {
  it("and lives on: both begin anew, who waited is told, and messages flow again, in either order of events", () => {
    for (const forgetful of ["a", "b"] as const) {
      const { test, a, b } = two();
      for (let i = 0; i < 3; i++) a.call("worker.ask", ["add"]);
      const node = forgetful === "a" ? a : b;
      const peer = forgetful === "a" ? "b" : "a";
      test.world.operate(node.node, { kind: "forgetPeer", peer });
      test.pass(500);
      for (let i = 0; i < 3; i++) a.call("worker.ask", ["add"]);
      b.restart();
      test.pass(500);
      a.call("worker.ask", ["add"]);
      test.pass(500);
      assert.equal(b.service<Worker>("worker").n, 7, `forgotten by ${forgetful}`);
      assert.deepEqual(a.service<Worker>("worker").seen.map((each) => (each as unknown[])[1]), Array(7).fill("ok"));
    }
  });
});

describe("peers that begin a new life", () => {
  it("who waits is told, what was not acknowledged becomes dead letters, and the channel goes on from 1", () => {
    const { test, a, b } = two();
    test.world.crash(b.node, "none");
    a.ask("worker.ask", ["add"]);
    test.world.nowMs += 1;
    b.node.durable.length = 0;
    test.pass(2_000);
    const seen = a.service<Worker>("worker").seen;
    assert.ok(["MK_PEER_LOST", "ok"].includes((seen[0] as string[])[1]!), JSON.stringify(seen));
    a.call("worker.ask", ["add"]);
    test.pass(200);
    assert.equal((a.service<Worker>("worker").seen.at(-1) as string[])[1], "ok");
  });
});

describe("the turn queue", () => {
  it("loses no request when more arrive than a step has turns for", () => {
    const test = new TestWorld();
    const a = test.node("a", workerApp, [], { turnsPerStep: 1 });
    test.pass(10);
    const time = { monotonicMs: 1e6, wallMs: test.world.nowMs };
    // All in one step's reach: the lane holds several, keyed twice among them.
    const { queue } = a.kernel;
    for (let request = 1; request <= 40; request++) queue.addRequest({ kind: "request", request, service: "worker", method: "add", args: [1], via: "client", ...(request % 4 === 0 ? { key: `k${Math.floor(request / 8)}` } : {}) });
    const answered = new Map<number, unknown>();
    for (let step = 0; step < 200; step++) {
      for (const effect of a.kernel.step({ kind: "tick" }, time)) if (effect.kind === "answer") answered.set(effect.request, effect.outcome.value);
      for (const effect of a.kernel.step({ kind: "durable", turn: a.kernel.executed }, time)) if (effect.kind === "answer") answered.set(effect.request, effect.outcome.value);
    }
    assert.equal(answered.size, 40);
    assert.equal(a.service<Worker>("worker").n, 30 + new Set([4, 8, 12, 16, 20, 24, 28, 32, 36, 40].map((request) => Math.floor(request / 8))).size);
  });

  it("bounds deferred messages", () => {
    const test = new TestWorld();
    const a = test.node("a", app({ version: 1 }).service("door", () => new Door()), [], { maxDeferred: 2 });
    a.ask("door.enter", ["x"]);
    a.ask("door.enter", ["y"]);
    assert.equal(codeOf(a.call("door.enter", ["z"])), "MK_DEFER_FULL");
  });
});
