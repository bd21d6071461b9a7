/**
 * Goal: what a driver may say late, twice or of things that are gone - a connection that closed, an effect that was dropped, a node that
 * stops - changes nothing that it must not (K2, K7), and a kernel without durability does what it says. Method: inputs by hand.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, Service, type Messages, type Outcome } from "#maceken/index.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import type { KernelOptions, Peering } from "#maceken/kernel/kernel-options.js";
import { protocolVersion, frameType, writeHello, type Hello } from "#maceken/protocol/frame.js";
import { written } from "../lib/written.ts";
import { codeOf } from "../lib/lone-node.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true, keep: true, say: true };
  n = 0;
  kept: unknown;
  add(): number {
    return ++this.n;
  }
  say(): void {
    this.turn.log.info("plain");
    this.turn.log.warn("with facts", { n: this.n });
  }
  keep(value: unknown): void {
    // One whose outcome nobody has asked for yet.
    this.kept = this.turn.send(this.add);
    this.turn.when(this.turn.send(this.add), this.onAdded, (() => value) as unknown);
  }
  private onAdded(_: Outcome<number>, what: unknown): void {
    this.kept = what;
  }
}

const listed: Peering = { key: "key of a", listed: new Set(["x", "y"]), dials: new Set(["x", "y"]), keys: new Map(), acceptsAny: false };

function newKernel(options: Partial<KernelOptions> = {}) {
  const kernel = new Kernel({
    name: "a", app: app({ version: 1 }).service("counter", () => new Counter()) as never, peering: listed, random: () => 0.5, newIncarnation: () => "a-1", durable: true, ...options,
  });
  let nowMs = 0;
  const time = () => ({ monotonicMs: ++nowMs, wallMs: nowMs });
  const step = (input: KernelInput): readonly KernelEffect[] => kernel.step(input, time());
  const born = kernel.birth(time());
  if (options.durable !== false) step({ kind: "durable", turn: 1 });
  return { kernel, step, born };
}

const request = (number: number, method = "add", ...args: unknown[]): KernelInput => ({ kind: "request", request: number, service: "counter", method, args, via: "http" });
const kinds = (effects: readonly KernelEffect[]): string[] => effects.map(({ kind }) => kind).filter((kind) => kind !== "alarm");
const answersOf = (effects: readonly KernelEffect[]) => effects.filter((effect) => effect.kind === "answer");
const hello = (over: Partial<Hello> = {}): Uint8Array =>
  written((writer) => writeHello(writer, { version: protocolVersion, node: "x", incarnation: "x-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24, ...over }));

test("connections and effects that are gone may be spoken of", () => {
  const { kernel, step } = newKernel();
  const late: KernelInput[] = [
    { kind: "closed", connection: 9 }, { kind: "drained", connection: 9 }, { kind: "congested", connection: 9 }, { kind: "frames", connection: 9, frames: [hello()] },
    { kind: "effectDone", key: "nobody's", outcome: { ok: true, value: 1 } }, { kind: "tick" }, { kind: "durable", turn: 1 },
    { kind: "blockRead", block: 9, bytes: Uint8Array.of(1) },
  ];
  for (const input of late) assert.deepEqual(kinds(step(input)), [], input.kind);
  assert.deepEqual([kernel.executed, kernel.durable], [1, 1]);
  assert.throws(() => step({ kind: "durable", turn: 2 }), /K7/);
  assert.throws(() => step({ kind: "unheard of" } as never), /unknown input/);
});

test("a node that stops answers what it has, and takes nothing more from outside", () => {
  const { kernel, step } = newKernel();
  step(request(1));
  kernel.stop();
  const [refused] = answersOf(step(request(2)));
  assert.equal(refused!.request, 2);
  assert.equal(codeOf(refused!.outcome), "MK_HELD_BACK");
  const [answer] = answersOf(step({ kind: "durable", turn: kernel.executed }));
  assert.deepEqual(answer!.outcome, { ok: true, value: 1 });
});

test("without durability there are no records, and nothing waits for them", () => {
  const { kernel, step, born } = newKernel({ durable: false });
  assert.ok(!kinds(born).includes("append"));
  const effects = step(request(1));
  assert.deepEqual(kinds(effects), ["answer"]);
  assert.equal(kernel.durable, kernel.executed);
  assert.deepEqual(kernel.end(), [], "not of the end either");
});

test("what a handler logs comes out as it was said, with its facts", () => {
  const { step } = newKernel();
  const notes = step(request(1, "say")).flatMap((effect) => (effect.kind === "note" ? [effect.note] : []));
  assert.deepEqual(notes, [{ level: "info", message: "plain" }, { level: "warn", message: "with facts", fields: { n: 0 } }]);
});

test("the rolling audit finds what was written unseen, and says so once; without it there is nothing to do", () => {
  assert.equal(newKernel().kernel.audit(10), false);
  const { kernel, step } = newKernel({ audit: "rolling" });
  step(request(1));
  for (let rounds = 0; kernel.audit(5); rounds++) assert.ok(rounds < 1_000);
  const counter = kernel.state.services.get("counter") as Counter;
  // Code that nobody compiled.
  (new Function("counter", "counter.n = 77") as (counter: Counter) => void)(counter);
  for (let rounds = 0; kernel.audit(5); rounds++) assert.ok(rounds < 1_000);
  const notes = step({ kind: "tick" }).flatMap((effect) => (effect.kind === "note" ? [effect.note.code] : []));
  assert.deepEqual([notes, kernel.counters.untrackedWrites], [["MK_HEAP_UNTRACKED_WRITE"], 1]);
});

test("F31: two names for one key, and this node's own, are told apart when they are dialled", () => {
  const { kernel, step } = newKernel();
  const open = (connection: number, peer: string, key: string): readonly KernelEffect[] => [...step({ kind: "opened", connection, peer, key }), ...step({ kind: "durable", turn: kernel.executed })];
  assert.ok(kinds(open(1, "x", "K")).includes("close"), "pinned first");
  assert.deepEqual(kinds(open(2, "x", "K")), ["transmit"], "and greeted then");
  const codes = (effects: readonly KernelEffect[]): unknown[] => effects.flatMap((effect) => (effect.kind === "note" && effect.note.code !== undefined ? [effect.note.code] : []));
  assert.deepEqual(codes(open(3, "y", "K")), ["MK_PEER_NAME_TAKEN"]);
  const itself = open(4, "y", "key of a");
  assert.ok(kinds(itself).includes("close"));
  assert.deepEqual(codes(itself), [], "the same reason is not told twice");
  assert.deepEqual(codes(open(5, "y", "L")), []);
  assert.equal(kernel.channels.byKey("L")!.peer, "y");
  assert.throws(() => open(6, "y", ""), /prove a key/);
});

test("of two connections between nodes that prove no keys, both keep the one that the smaller name dialled", () => {
  for (const [name, keepsOwn] of [["a", true], ["z", false]] as const) {
    const { kernel, step } = newKernel({ name, newIncarnation: () => `${name}-1`, peering: { ...listed, key: "", dials: new Set(["x"]) } });
    const greet = (connection: number): readonly KernelEffect[] => step({ kind: "frames", connection, frames: [hello({ knownIncarnation: `${name}-1` })] });
    // They meet, which is a turn of its own.
    step({ kind: "opened", connection: 9, peer: "x", key: "" });
    greet(9);
    step({ kind: "durable", turn: kernel.executed });
    step({ kind: "opened", connection: 1, peer: "x", key: "" });
    assert.ok(kinds(greet(1)).includes("admit"));
    // A ping, so that the session is touched and then gone within one step.
    step({ kind: "opened", connection: 2, key: "" });
    const closed = greet(2).flatMap((effect) => (effect.kind === "close" ? [effect.connection] : []));
    assert.deepEqual(closed, [keepsOwn ? 2 : 1]);
    step({ kind: "frames", connection: 3 - closed[0]!, frames: [Uint8Array.of(frameType.ping)] });
    // Dialled although one stands: it ends at once.
    step({ kind: "opened", connection: 3, peer: "x", key: "" });
    assert.ok(kinds(step({ kind: "dialFailed", peer: "nobody", reason: "refused" })).length === 0);
  }
});

test("F19: a value that cannot persist is told by the continuation that holds it", () => {
  const { step, kernel } = newKernel();
  const effects = [...step(request(1, "keep", "x")), ...step({ kind: "durable", turn: kernel.executed })];
  const [answer] = answersOf(effects);
  assert.equal(codeOf(answer!.outcome), "MK_VALUE_NOT_PERSISTENT");
  assert.match((answer!.outcome.error as Error).message, /continuation onAdded .* is a function/);
});
