/**
 * A whole kernel with a live channel, and what comes over its connections: recorded-like conversations of a peer that holds the pinned
 * key, bent in every way, and strangers. Every frame is judged by frame-oracle.ts too. A refused one leaves marks, turns and state as they
 * were; what was accepted is what a recovery from the records brings back.
 */
import assert from "node:assert/strict";
import { app, ref, Rejection, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import { KernelLoader, KernelSnapshot } from "#maceken/kernel/recovery.js";
import { Reader } from "#maceken/codec/reader.js";
import type { Channel } from "#maceken/protocol/channel.js";
import { readHello } from "#maceken/protocol/frame.js";
import { exactText } from "../lib/exact.ts";
import type { Random } from "../lib/generator.ts";
import { Conversation } from "./conversation.ts";
import { verdictOn } from "./frame-oracle.ts";
import { disordered, mutated, randomBytes } from "./mutations.ts";
import type { FuzzTarget, Tally } from "./target.ts";

const slots = 16;
const recoverEvery = 10_000;
const mostCalls = 200;

export class Keeper extends Service {
  static readonly messages: Messages<Keeper> = {
    keep: true, ask: true, open: true, fail: true, refuse: true,
    few: { args: [{ "~standard": { version: 1, vendor: "test", validate: (value: unknown) => (typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }) } }] },
    later: { guard: (keeper) => keeper.isOpen, otherwise: "defer" },
  };
  readonly peer: Ref<Keeper> = ref<Keeper>("peer/keeper");
  readonly kept = new Map<unknown, unknown>();
  answers = 0;
  isOpen = true;

  /** Whatever came is state from now on, and goes back. */
  keep(slot: unknown, ...values: unknown[]): unknown {
    this.kept.set(typeof slot === "number" ? Math.trunc(slot) % slots : typeof slot, values);
    return values;
  }
  ask(value: unknown): void {
    this.turn.when(this.peer.keep(1, value), this.onAnswer);
  }
  fail(_: unknown, value: unknown): void {
    throw value;
  }
  refuse(_: unknown, value: unknown): void {
    throw new Rejection("no", value);
  }
  few(value: number): number {
    return value;
  }
  later(): number {
    return this.kept.size;
  }
  open(value: unknown): void {
    this.isOpen = value !== false;
  }
  private onAnswer(outcome: Outcome<unknown>): void {
    this.answers++;
    this.kept.set("answer", outcome.ok ? outcome.value : outcome.error.message);
  }
}

const newKernel = (key: string, random: Random): Kernel => new Kernel({
  name: "a", app: app({ version: 1 }).service("keeper", () => new Keeper()) as never,
  peering: { key, listed: new Set(["peer", "other"]), dials: new Set(), keys: new Map(key === "" ? [] : [["peer", "key of peer"]]), acceptsAny: false },
  random: () => random(1 << 20) / (1 << 20), newIncarnation: () => `a-${random(1 << 30)}`, durable: true, limits: { retryDelaysMs: [0], maxDeferred: 50, maxMessageBytes: 1 << 20, outboxQuotaBytes: 1 << 22, outboxMemoryBytes: 20_000, nodeOutboxMemoryBytes: 20_000, outboxSpareBytes: 1_000 },
});

export class KernelTarget implements FuzzTarget {
  readonly tally: Tally = { accepted: 0, refused: 0 };
  readonly #random: Random;
  readonly #key: string;
  readonly #kernel: Kernel;
  readonly #conversation: Conversation;
  /** The channel of the connection at hand, once it has greeted. */
  #session: Channel | undefined;
  #nowMs = 0;
  #lastConnection = 0;
  /** What the log would hold: a snapshot, and the records since. */
  #snapshot: Uint8Array[] = [];
  #records: Uint8Array[] = [];
  /** What waits for the peer outside of memory. */
  readonly #blocks = new Map<number, Uint8Array>();
  #recoverAt = recoverEvery;

  /** `plain`: no keys are proved, names are believed. */
  constructor(random: Random, plain: boolean) {
    this.#random = random;
    this.#key = plain ? "" : "key of a";
    this.#kernel = newKernel(this.#key, random);
    this.#take(this.#kernel.birth(this.#time()));
    this.#durable();
    this.#conversation = new Conversation(random, this.#kernel);
  }

  feed(frames: number): void {
    for (const until = this.#fed + frames; this.#fed < until; ) {
      this.#converse();
      if (this.#random(50) === 0) this.#catchUp();
      if (this.#fed >= this.#recoverAt) this.#compareRecovery();
    }
  }

  get #fed(): number {
    return this.tally.accepted + this.tally.refused;
  }

  #time() {
    return { monotonicMs: this.#nowMs, wallMs: 1_700_000_000_000 + this.#nowMs };
  }

  #step(input: KernelInput): readonly KernelEffect[] {
    const effects = this.#kernel.step(input, this.#time());
    this.#take(effects);
    return effects;
  }

  #take(effects: readonly KernelEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "append":
          this.#records.push(effect.bytes.slice());
          break;
        case "transmit":
          this.#conversation?.hear(effect.bytes);
          break;
        case "writeBlock":
          this.#blocks.set(effect.block, effect.bytes);
          this.#step({ kind: "blockWritten", block: effect.block, isKept: true });
          break;
        case "readBlock":
          this.#step({ kind: "blockRead", block: effect.block, bytes: this.#blocks.get(effect.block)!.slice() });
          break;
        case "dropBlock":
          this.#blocks.delete(effect.block);
      }
    }
  }

  #durable(): void {
    const kernel = this.#kernel;
    for (let rounds = 0; kernel.durable < kernel.executed || kernel.queue.hasReady || kernel.queue.nextDueAt <= kernel.clock.now; rounds++) {
      assert(rounds < 10_000, "the kernel comes to rest");
      this.#step({ kind: "durable", turn: kernel.executed });
    }
  }

  /** One connection from its opening to its end. */
  #converse(): void {
    const random = this.#random;
    const connection = ++this.#lastConnection;
    // Time stands still while frames are judged, so that no turn runs but for them.
    this.#nowMs++;
    const isStranger = random(8) === 0;
    this.#step({ kind: "opened", connection, key: this.#key === "" ? "" : isStranger ? `key ${random(5)}` : "key of peer" });
    let frames = isStranger && random(2) === 0 ? Array.from({ length: 3 }, () => randomBytes(random, 60)) : this.#conversation.frames();
    if (random(4) === 0) frames = disordered(random, frames);
    const others = frames;
    if (random(8) !== 0) frames = frames.map((frame) => (random(3) === 0 ? mutated(random, frame, others) : frame));
    const isTogether = random(5) === 0;
    let isOpen = true;
    if (isTogether) {
      isOpen = !closes(this.#step({ kind: "frames", connection, frames }), connection);
      this.tally[isOpen ? "accepted" : "refused"] += frames.length;
    } else {
      this.#session = undefined;
      for (const frame of frames) if (!(isOpen = this.#feedOne(connection, frame))) break;
    }
    if (random(3) === 0) this.#durable();
    if (isOpen) this.#step({ kind: "closed", connection });
  }

  /** True while the connection stands. */
  #feedOne(connection: number, frame: Uint8Array): boolean {
    const kernel = this.#kernel;
    // What waits for a turn has it first, handlers that failed are tried again.
    for (let rounds = 0; (kernel.queue.hasReady || kernel.queue.nextDueAt <= kernel.clock.now) && rounds < 1_000; rounds++) this.#step({ kind: "tick" });
    const verdict = verdictOn(frame, this.#session);
    const { executed } = kernel;
    const marks = marksOf(kernel);
    const text = verdict === "close" && this.#random(200) === 0 ? exactText(kernel.state) : undefined;
    const effects = this.#step({ kind: "frames", connection, frames: [frame] });
    const isClosed = closes(effects, connection);
    if (effects.some((effect) => effect.kind === "admit" && effect.connection === connection)) this.#session = kernel.channels.get(this.#key === "" ? nodeOf(frame) : "peer");
    if (verdict !== "either") assert.equal(isClosed, verdict === "close", `${Buffer.from(frame).toString("hex").slice(0, 200)} closes the connection`);
    if (verdict === "close") {
      assert.equal(kernel.executed, executed, "a refused frame runs no turn");
      assert.equal(marksOf(kernel), marks, "a refused frame moves no mark");
      if (text !== undefined) assert.equal(exactText(kernel.state), text, "a refused frame changes no state");
    }
    this.tally[isClosed ? "refused" : "accepted"]++;
    return !isClosed;
  }

  /** An honest peer: everything is acknowledged, every call answered, dead letters dropped. */
  #catchUp(): void {
    const connection = ++this.#lastConnection;
    this.#durable();
    this.#step({ kind: "opened", connection, key: this.#key === "" ? "" : "key of peer" });
    const [hello, ...rest] = this.#conversation.honest();
    const isClosed = closes(this.#step({ kind: "frames", connection, frames: [hello!] }), connection);
    // The first greeting of a life ends the connection: it is pinned, or begins anew.
    if (!isClosed) {
      assert.ok(!closes(this.#step({ kind: "frames", connection, frames: rest }), connection), "an honest peer is heard, whatever was said before");
      this.#conversation.answered();
    }
    this.#durable();
    for (const id of [...this.#kernel.state.dead.keys()]) this.#step({ kind: "operate", request: 1, operation: { kind: "dropDeadLetter", id } });
    this.#durable();
    if (!isClosed) this.#step({ kind: "closed", connection });
    // A peer that says it has what it never got leaves calls behind that nobody will answer: the operator gives it up.
    if (this.#kernel.state.calls.size < mostCalls) return;
    this.#step({ kind: "operate", request: 1, operation: { kind: "forgetPeer", peer: "peer" } });
    this.#durable();
    assert.equal(this.#kernel.state.calls.size, 0, "who waited is told");
  }

  /** What was accepted is what the records say: a recovery brings it back, and goes on from a snapshot of the same. */
  #compareRecovery(): void {
    this.#recoverAt = this.#fed + recoverEvery;
    this.#catchUp();
    const again = newKernel(this.#key, this.#random);
    const loader = new KernelLoader(again);
    for (const chunk of this.#snapshot) loader.snapshotChunk(chunk);
    for (const bytes of this.#records) loader.records(bytes);
    loader.finishForInspection();
    assert.equal(exactText(again.state), exactText(this.#kernel.state), "a recovery finds what was there");
    const kept = (kernel: Kernel): unknown => [...kernel.channels.all()].filter(({ recordIndex }) => recordIndex >= 0).map(({ peer, incarnation, key, sent, executed }) => [peer, incarnation, key, sent, executed]);
    assert.deepEqual(kept(again), kept(this.#kernel));
    const snapshot = new KernelSnapshot(this.#kernel);
    this.#snapshot = [];
    while (!snapshot.done) this.#snapshot.push(snapshot.slice().slice());
    snapshot.end();
    this.#records = [];
  }
}

function closes(effects: readonly KernelEffect[], connection: number): boolean {
  return effects.some((effect) => effect.kind === "close" && effect.connection === connection);
}

function nodeOf(hello: Uint8Array): string {
  const reader = new Reader(hello);
  reader.u8();
  return readHello(reader).node;
}

function marksOf(kernel: Kernel): string {
  return [...kernel.channels.all()].map(({ peer, incarnation, key, received, executed, consumed, sent, released, acknowledged }) => [peer, incarnation, key, received, executed, consumed, sent, released, acknowledged].join()).join("\n");
}
