/**
 * F16, docs/guide/failures.md row by row: a handler that throws, for each way an input can come. How often it is tried again and when,
 * who waits meanwhile and who does not, in which order the rest follows, who is told. Method: simulated nodes and virtual time.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, ref, Rejection, Service, type Messages, type Outcome } from "#maceken/index.js";
import type { DeadLetter } from "#maceken/turn/node-state.js";
import type { KernelLimits } from "#maceken/kernel/kernel-options.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { codeOf, TestWorld, type TestNode } from "../lib/lone-node.ts";

/** Tries of the bad input, in virtual time: seen from outside of the heap, since a try that fails leaves nothing in it. */
let tries: number[] = [];
let clock = (): number => 0;
/** Undefined: the bad input always fails. */
let failsUpTo = Infinity;

function tryBad(what: string): void {
  if (what !== "bad") return;
  tries.push(clock());
  if (tries.length <= failsUpTo) throw new Error("a bad one");
}

const effects = { outside: ([what]: [what: string]) => what };

class Desk extends Service<typeof effects> {
  static readonly messages: Messages<Desk> = {
    begin: true, sendTo: true, do: true, quietly: true,
    guarded: { guard: (desk) => desk.open, otherwise: "defer" },
    openUp: true,
  };
  open = false;
  seen: string[] = [];
  outcomes: string[] = [];

  #see(what: string): void {
    this.seen.push(what);
  }
  do(what: string): string {
    tryBad(what);
    this.#see(what);
    if (what === "rejected") throw new Rejection("no");
    return what;
  }
  quietly(what: string): void {
    this.do(what);
  }
  guarded(what: string): void {
    this.do(what);
  }
  openUp(): void {
    this.open = true;
  }
  sendTo(other: string, ...whats: string[]): void {
    for (const what of whats) this.turn.when(ref<Desk>(`${other}/desk`).do(what), this.onOutcome, what);
  }
  begin(kind: "timer" | "self" | "effect" | "continuation", ...whats: string[]): void {
    for (const what of whats) {
      if (kind === "timer") this.turn.schedule(this.quietly, 1, what);
      else if (kind === "self") this.turn.send(this.quietly, what);
      else if (kind === "effect") this.turn.when(this.turn.outside("outside", what), this.onEffect, what);
      else this.turn.when(ref<Desk>("b/desk").do(`for ${what}`), this.onContinuation, what);
    }
  }
  private onOutcome(outcome: Outcome<unknown>, what: string): void {
    this.outcomes.push(`${what}: ${codeOf(outcome)}`);
  }
  private onEffect(_: Outcome<unknown>, what: string): void {
    this.do(what);
  }
  private onContinuation(_: Outcome<unknown>, what: string): void {
    this.do(what);
  }
}

const deskApp = app({ version: 1 }).service("desk", () => new Desk()).outside(effects) as unknown as AppDefinition;

interface Office {
  readonly test: TestWorld;
  readonly a: TestNode;
  readonly b: TestNode;
  readonly c: TestNode;
}

function office(fails: number, limits?: Partial<KernelLimits>): Office {
  const test = new TestWorld();
  const names = ["a", "b", "c"];
  const [a, b, c] = names.map((name) => test.node(name, deskApp, names.filter((other) => other !== name), limits)) as [TestNode, TestNode, TestNode];
  test.pass(100);
  tries = [];
  failsUpTo = fails;
  clock = () => test.world.nowMs;
  return { test, a, b, c };
}

const deskOf = (node: TestNode): Desk => node.service<Desk>("desk");
const pauses = (): number[] => tries.slice(1).map((at, i) => at - tries[i]!);
const lettersOf = (node: TestNode): DeadLetter[] => [...node.kernel.state.dead.values()] as DeadLetter[];

describe("a handler that throws", () => {
  it("F16: a peer's message: tried again after 10, 100 and 1,000 ms, then parked; later messages of that peer wait, nobody else", () => {
    const { test, a, b, c } = office(Infinity);
    a.ask("desk.sendTo", ["b", "first", "bad", "second", "third"]);
    test.pass(50);
    assert.deepEqual(deskOf(b).seen, ["first"]);
    c.ask("desk.sendTo", ["b", "of c"]);
    b.ask("desk.begin", ["timer", "of a timer"]);
    assert.equal(b.value("desk.do", "of a client"), "of a client");
    test.pass(100);
    assert.deepEqual([...deskOf(b).seen].sort(), ["first", "of a client", "of a timer", "of c"].sort());
    test.pass(3_000);
    assert.deepEqual(pauses(), [10, 100, 1000]);
    assert.deepEqual(deskOf(b).seen.filter((what) => !what.startsWith("of ")), ["first", "second", "third"], "in order");
    assert.deepEqual(deskOf(a).outcomes, ["first: ok", "bad: MK_PARKED", "second: ok", "third: ok"]);
    const [letter] = lettersOf(b);
    assert.equal(letter!.attempts, 4);
    assert.match(letter!.error, /a bad one/);
  });

  it("F16: a peer's message that succeeds at a later try keeps its place", () => {
    const { test, a, b } = office(2);
    a.ask("desk.sendTo", ["b", "first", "bad", "second"]);
    test.pass(3_000);
    assert.deepEqual(deskOf(b).seen, ["first", "bad", "second"]);
    assert.deepEqual(deskOf(a).outcomes, ["first: ok", "bad: ok", "second: ok"]);
    assert.equal(b.kernel.state.dead.size, 0);
  });

  for (const kind of ["timer", "self", "effect"] as const) {
    it(`F16: ${kind === "self" ? "a message to itself" : kind === "timer" ? "a timer" : "an effect's outcome"}: the same; others of its kind wait, nothing else`, () => {
      const { test, a } = office(Infinity);
      a.ask("desk.begin", [kind, "first", "bad", "second"]);
      test.pass(50);
      assert.deepEqual(deskOf(a).seen, ["first"], "what comes after it waits");
      a.ask("desk.begin", [kind === "self" ? "timer" : "self", "of another kind"]);
      assert.equal(a.value("desk.do", "of a client"), "of a client");
      assert.ok(deskOf(a).seen.includes("of another kind"));
      test.pass(3_000);
      assert.deepEqual(pauses(), [10, 100, 1000]);
      assert.deepEqual(deskOf(a).seen.filter((what) => !what.startsWith("of ")), ["first", "second"]);
      assert.equal(lettersOf(a).length, 1);
    });
  }

  it("F16: a continuation: as the peer's message that it is", () => {
    const { test, a, b } = office(Infinity);
    a.ask("desk.begin", ["continuation", "first", "bad", "second"]);
    test.pass(50);
    assert.deepEqual(deskOf(a).seen, ["first"]);
    b.ask("desk.sendTo", ["a", "a message behind the outcomes"]);
    assert.equal(a.value("desk.do", "of a client"), "of a client");
    test.pass(3_000);
    assert.deepEqual(pauses(), [10, 100, 1000]);
    assert.deepEqual(deskOf(a).seen.filter((what) => !what.startsWith("of ")), ["first", "second", "a message behind the outcomes"]);
    assert.equal(lettersOf(a).length, 1);
  });

  it("F16: a deferred message: tried again and parked; other deferred ones wait, messages that need not be deferred do not", () => {
    const { test, a, b } = office(Infinity);
    a.ask("desk.sendTo", ["b", "before"]);
    for (const what of ["one", "bad", "two"]) b.ask("desk.guarded", [what]);
    test.pass(50);
    assert.deepEqual(deskOf(b).seen, ["before"]);
    b.ask("desk.openUp");
    test.pass(50);
    assert.deepEqual(deskOf(b).seen, ["before", "one"]);
    assert.equal(b.value("desk.do", "of a client"), "of a client");
    test.pass(3_000);
    assert.deepEqual(pauses(), [10, 100, 1000]);
    assert.deepEqual(deskOf(b).seen.filter((what) => !what.startsWith("of ")), ["before", "one", "two"]);
  });

  it("F16: a request from outside: not tried again, told at once; the next one runs", () => {
    const { test, a } = office(Infinity);
    const bad = a.ask("desk.do", ["bad"]);
    const good = a.ask("desk.do", ["good"]);
    test.pass(5);
    assert.equal(codeOf(a.answerOf(bad)!), "MK_HANDLER_FAILED");
    assert.equal(codeOf(a.answerOf(good)!), "ok");
    test.pass(3_000);
    assert.equal(tries.length, 1);
    assert.equal(a.kernel.state.dead.size, 0);
  });

  it("F16: a rejection is an answer: undone, told, never tried again, and no dead letter", () => {
    const { test, a, b } = office(Infinity);
    a.ask("desk.sendTo", ["b", "first", "rejected", "second"]);
    test.pass(100);
    assert.deepEqual(deskOf(a).outcomes, ["first: ok", "rejected: rejection", "second: ok"]);
    assert.deepEqual(deskOf(b).seen, ["first", "second"]);
    assert.equal(b.kernel.state.dead.size, 0);
  });

  it("F16: tries do not survive a restart: the message comes again and has all its tries", () => {
    const { test, a, b } = office(Infinity);
    a.ask("desk.sendTo", ["b", "bad", "second"]);
    test.pass(60);
    assert.equal(tries.length, 2);
    b.restart();
    test.pass(3_000);
    assert.equal(tries.length, 6);
    assert.deepEqual(deskOf(a).outcomes, ["bad: MK_PARKED", "second: ok"]);
  });

  it("F16: when there are as many dead letters as may be, what fails keeps its place and is tried on; nothing is lost, others go on", () => {
    const { test, a, b, c } = office(Infinity, { maxDeadLetters: 1 });
    a.ask("desk.sendTo", ["b", "bad", "bad", "behind it"]);
    test.pass(3_000);
    assert.deepEqual([lettersOf(b).length, deskOf(a).outcomes.length, deskOf(b).seen], [1, 1, []]);
    tries = [];
    test.pass(35_000);
    assert.deepEqual(pauses(), [10_000, 10_000]);
    assert.deepEqual(b.node.notes.map(({ message }) => message).filter((each) => each.includes("failed")).slice(0, 5), [1, 2, 3, 4, 1].map((attempt) => `desk.do failed (try ${attempt}): a bad one`));
    assert.ok(b.node.notes.some(({ code }) => code === "MK_DEAD_LETTERS_FULL"));
    c.ask("desk.sendTo", ["b", "of c"]);
    test.pass(100);
    assert.deepEqual(deskOf(b).seen, ["of c"]);
    const [id] = [...b.kernel.state.dead.keys()];
    test.world.operate(b.node, { kind: "dropDeadLetter", id: id! });
    test.pass(11_000);
    assert.deepEqual(deskOf(b).seen, ["of c", "behind it"]);
    assert.equal(lettersOf(b).length, 1);
    assert.deepEqual(deskOf(a).outcomes, ["bad: MK_PARKED", "bad: MK_PARKED", "behind it: ok"]);
  });

  it("F16: a dead letter that is tried again is a new input, behind everything consumed; its caller is not told again", () => {
    const { test, a, b } = office(4);
    a.ask("desk.sendTo", ["b", "bad", "second"]);
    test.pass(3_000);
    const [id] = [...b.kernel.state.dead.keys()];
    test.world.operate(b.node, { kind: "retryDeadLetter", id: id! });
    test.pass(100);
    assert.deepEqual(deskOf(b).seen, ["second", "bad"]);
    assert.equal(b.kernel.state.dead.size, 0);
    assert.deepEqual(deskOf(a).outcomes, ["bad: MK_PARKED", "second: ok"]);
  });
});
