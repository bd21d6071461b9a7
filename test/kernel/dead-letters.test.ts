/**
 * Goal: whatever was parked is kept whole and can run again: requests of peers, messages to itself, timers, continuations; a letter that
 * cannot run stays. Method: handlers that fail until they are mended, on simulated nodes, with restarts in between.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { app, ref, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import type { Operation } from "#maceken/kernel/kernel-input.js";
import { controlHandler } from "#maceken/node/control-commands.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";

const labels = { label: ([item]: [item: string]) => item };

class Patient extends Service<typeof labels> {
  static readonly messages: Messages<Patient> = { plan: true, repeat: true, say: true, ask: true, get: true, print: true, tell: true };
  static isWell = false;
  readonly done: unknown[] = [];
  readonly peer: Ref<Patient> = ref<Patient>("b/patient");

  plan(): void {
    this.turn.schedule(this.timed, 5, { of: "timer" });
  }
  repeat(): void {
    this.turn.every(this.timed, 1_000, "again and again");
  }
  say(): void {
    this.turn.send(this.heard, "self");
  }
  ask(): void {
    this.turn.when(this.peer.get(), this.onAnswer, { of: "call" });
  }
  print(): void {
    this.turn.when(this.turn.outside("label", "x"), this.onAnswer, { of: "effect" });
  }
  tell(): void {
    this.peer.say();
  }
  get(): number {
    return 7;
  }
  private timed(what: object | string): void {
    this.#demandHealth();
    this.done.push(["timed", what]);
  }
  private heard(what: string): void {
    this.#demandHealth();
    this.done.push(["heard", what]);
  }
  private onAnswer(outcome: Outcome<unknown>, context: object): void {
    this.#demandHealth();
    this.done.push(["answered", outcome.ok, outcome.value, context]);
  }
  #demandHealth(): void {
    if (!Patient.isWell) throw new Error("ill");
  }
}

const patientApp = () => app({ version: 1 }).service("patient", () => new Patient()).outside(labels);

function operate(test: TestWorld, node: TestNode, operation: Operation): void {
  const request = test.world.operate(node.node, operation);
  test.pass(100);
  assert.deepEqual(node.answerOf(request), { ok: true, value: null });
}

test("F16: parked timers, messages to itself and continuations are kept whole, over a restart, and run again when they are asked to", () => {
  const expected: [method: string, done: unknown[]][] = [
    ["plan", ["timed", { of: "timer" }]], ["say", ["heard", "self"]], ["ask", ["answered", true, 7, { of: "call" }]], ["print", ["answered", true, null, { of: "effect" }]],
  ];
  for (const [method, done] of expected) {
    Patient.isWell = false;
    const test = new TestWorld();
    const a = test.node("a", patientApp(), ["b"], { retryDelaysMs: [1] });
    test.node("b", patientApp(), [], { retryDelaysMs: [1] });
    test.pass(100);
    a.call(`patient.${method}`);
    test.pass(2_000);
    a.restart();
    const [[id, letter]] = [...a.kernel.state.dead] as unknown as [[number, { attempts: number; input: { service: string } }]];
    assert.deepEqual([a.kernel.state.dead.size, letter.attempts, letter.input.service], [1, 4, "patient"], method);
    // Still ill: it is parked again, under another number.
    operate(test, a, { kind: "retryDeadLetter", id });
    test.pass(2_000);
    const [again] = [...a.kernel.state.dead.keys()] as [number];
    assert.notEqual(again, id);
    Patient.isWell = true;
    operate(test, a, { kind: "retryDeadLetter", id: again });
    test.pass(2_000);
    assert.deepEqual(a.service<Patient>("patient").done, [done], method);
    assert.equal(a.kernel.state.dead.size, 0);
    // One that is gone is nobody's error.
    operate(test, a, { kind: "retryDeadLetter", id: again });
    operate(test, a, { kind: "dropDeadLetter", id: again });
  }
});

test("F16: a timer with a period whose turn failed goes on by itself; its letter runs once more beside it", () => {
  Patient.isWell = false;
  const test = new TestWorld();
  const a = test.node("a", patientApp(), [], { retryDelaysMs: [1] });
  a.call("patient.repeat");
  test.pass(1_000);
  const letters = [...a.kernel.state.dead.keys()];
  assert.equal(letters.length, 1);
  Patient.isWell = true;
  operate(test, a, { kind: "retryDeadLetter", id: letters[0]! });
  const { done } = a.service<Patient>("patient");
  assert.deepEqual(done, [["timed", "again and again"]]);
  assert.equal(a.kernel.state.timers.size, 1, "what ran once more has no period of its own");
  test.pass(3_000);
  assert.equal(done.length, 4);
  a.restart();
  test.pass(1_000);
  assert.deepEqual([a.service<Patient>("patient").done.length, a.kernel.state.dead.size], [5, 0]);
});

test("a peer that was never met can be forgotten too; a stranger, or the same peer twice, changes nothing", () => {
  Patient.isWell = true;
  const test = new TestWorld();
  const a = test.node("a", patientApp(), ["b"]);
  operate(test, a, { kind: "forgetPeer", peer: "stranger" });
  assert.equal(a.kernel.channels.size, 0);
  a.call("patient.tell");
  a.call("patient.ask");
  for (let again = 0; again < 2; again++) {
    // Nobody was ever met there.
    operate(test, a, { kind: "forgetPeer", peer: "b" });
    assert.deepEqual([a.kernel.state.dead.size, a.kernel.channels.get("b")!.outbox.length], [2, 0]);
    assert.deepEqual(a.service<Patient>("patient").done, [["answered", false, undefined, { of: "call" }]], "who waits is told");
    a.restart();
  }
  // Whoever comes under that name begins at 1.
  test.node("b", patientApp(), ["a"]);
  a.call("patient.ask");
  test.pass(1_000);
  assert.deepEqual(a.service<Patient>("patient").done.at(-1), ["answered", true, 7, { of: "call" }]);
});

test("what never reached a forgotten peer cannot run here: that is said, and it stays until it is dropped", async () => {
  const test = new TestWorld();
  const a = test.node("a", patientApp(), ["b"]);
  const b = test.node("b", patientApp(), []);
  test.pass(100);
  b.node.staysDown = true;
  test.world.crash(b.node, "none");
  a.call("patient.tell");
  operate(test, a, { kind: "forgetPeer", peer: "b" });
  const [id] = [...a.kernel.state.dead.keys()] as [number];
  const handle = controlHandler({ kernel: a.kernel, operate: () => assert.fail("nothing is done"), snapshot: async () => {}, status: () => ({}) });
  await assert.rejects(handle({ command: "dead retry", ids: [id] }), (error) => error instanceof MaceKenError && error.code === "MK_USAGE" && /cannot run again/.test(error.message));
  operate(test, a, { kind: "retryDeadLetter", id });
  assert.equal(a.kernel.state.dead.size, 1);
  operate(test, a, { kind: "dropDeadLetter", id });
  assert.equal(a.kernel.state.dead.size, 0);
});
