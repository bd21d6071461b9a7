/**
 * A small deterministic world of kernels: virtual time, first-in-first-out connections, a disk reduced to "appended" and
 * "durable". Every effect is performed one at a time, and a node can be crashed between any two (K1-K10 are tried here before
 * any real process is). The full simulated network and disk grow from this; so far there is no loss and no partition.
 */
import { assert } from "../base/assert.ts";
import type { KernelEffect } from "../kernel/kernel-effect.ts";
import type { ExternalRequest, KernelInput, Operation } from "../kernel/kernel-input.ts";
import { Kernel } from "../kernel/kernel.ts";
import { KernelLoader, KernelSnapshot } from "../kernel/recovery.ts";
import { durableTurn, SimulatedNode, type DiskCopy, type DiskOutcome, type SimulatedNodeOptions } from "./simulated-node.ts";

/** Where every decision of a run comes from: an integer below `options`. */
export type Choose = (options: number, what: string) => number;

interface Connection {
  readonly from: SimulatedNode;
  readonly to: SimulatedNode;
  open: boolean;
}

export class KernelWorld {
  nowMs = 1_700_000_000_000;
  readonly nodes = new Map<string, SimulatedNode>();
  /** Every node lists every other, with its key. */
  readonly #names = new Set<string>();
  readonly #keys = new Map<string, string>();
  readonly #choose: Choose;
  readonly #inputs: { readonly node: SimulatedNode; readonly input: KernelInput; readonly dueAt: number }[] = [];
  readonly #connections = new Map<string, Connection>();
  #lastConnection = 0;
  #lastRequest = 0;
  /** Effects performed so far, of all nodes: the boundaries at which a crash can strike. */
  boundaries = 0;
  /** Called before each effect; true crashes the node instead. */
  crashBefore: (node: SimulatedNode, effect: KernelEffect, boundary: number) => DiskOutcome | undefined = () => undefined;
  /** Called after every step of a kernel: the place for invariants. */
  afterStep: (node: SimulatedNode) => void = () => {};

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  add(name: string, options: SimulatedNodeOptions): SimulatedNode {
    const node = new SimulatedNode(name, options);
    this.nodes.set(name, node);
    this.#names.add(name);
    this.#keys.set(name, keyOf(node));
    this.start(node);
    return node;
  }

  #time(node: SimulatedNode) {
    return { monotonicMs: this.nowMs - node.startedAt, wallMs: this.nowMs };
  }

  /** Starts the node's process: birth, or recovery from what is durable. */
  start(node: SimulatedNode): void {
    assert(node.kernel === undefined, "a node runs once at a time");
    const { app, dials, limits } = node.options;
    const kernel = new Kernel({
      name: node.name,
      app,
      peering: { key: keyOf(node), listed: this.#names, dials: new Set(dials), keys: this.#keys, acceptsAny: false },
      random: () => this.#choose(1 << 20, "random") / (1 << 20),
      newIncarnation: () => `${node.name}-${++node.lives}`,
      durable: true,
      ...(limits === undefined ? {} : { limits }),
      ...(node.restoredAs === undefined ? {} : { restoredAs: node.restoredAs }),
    });
    node.startedAt = this.nowMs;
    node.kernel = kernel;
    if (node.durable.length === 0 && node.snapshot === undefined) this.#take(node, kernel.birth(this.#time(node)));
    else {
      const loader = new KernelLoader(kernel);
      for (const chunk of node.snapshot?.chunks ?? []) loader.snapshotChunk(chunk);
      for (const { bytes } of node.durable) loader.records(bytes);
      // What no snapshot names is worth nothing to a recovery.
      for (const block of node.blocks.keys()) if (node.snapshot?.blocks.has(block) !== true) node.blocks.delete(block);
      node.dropped.clear();
      this.#take(node, loader.finish(this.#time(node), node.provenTurn));
    }
    this.afterStep(node);
  }

  /** The process dies: memory, unsent effects and connections are gone; the disk keeps what `outcome` says. */
  crash(node: SimulatedNode, outcome: DiskOutcome): void {
    node.crashes++;
    node.kernel = undefined;
    node.effects.clear();
    node.paused.clear();
    node.alarmAt = Infinity;
    node.again = node.syncing = false;
    node.taking = undefined;
    node.provenTurn = durableTurn(node);
    const kept = outcome === "all" ? node.unsynced.length : outcome === "first" ? Math.min(1, node.unsynced.length) : 0;
    node.durable.push(...node.unsynced.slice(0, kept));
    node.unsynced.length = 0;
    for (let i = this.#inputs.length - 1; i >= 0; i--) if (this.#inputs[i]!.node === node) this.#inputs.splice(i, 1);
    for (const [key, connection] of this.#connections) {
      if (connection.from !== node && connection.to !== node) continue;
      this.#connections.delete(key);
      const [other, number] = this.#otherEnd(key, connection, node);
      // A dial that was still under way fails; nobody hears of a connection that came to nothing.
      const opening = this.#inputs.findIndex(({ input }) => input.kind === "opened" && input.connection === number);
      const [opened] = opening < 0 ? [] : this.#inputs.splice(opening, 1);
      if (opened === undefined) this.#push(other, { kind: "closed", connection: number });
      else if (opened.input.kind === "opened" && opened.input.peer !== undefined) this.#push(other, { kind: "dialFailed", peer: opened.input.peer, reason: "refused" });
    }
  }

  /** The last record of an ordered stop. What else belongs to one, and that the process ends, is the caller's. */
  end(node: SimulatedNode): void {
    this.#take(node, node.kernel!.end());
  }

  /** Takes a snapshot at once and forgets the records before it. */
  takeSnapshot(node: SimulatedNode): void {
    this.beginSnapshot(node);
    const { snapshot, chunks } = node.taking!;
    while (!snapshot.done) chunks.push(snapshot.slice(200).slice());
    // It shows executed turns, so those become durable first.
    node.durable.push(...node.unsynced.splice(0));
    this.#install(node);
  }

  /** Begins a snapshot, whose slices come between other things; between steps, and not while there is one. */
  beginSnapshot(node: SimulatedNode): void {
    assert(node.taking === undefined, "one snapshot at a time");
    const snapshot = new KernelSnapshot(node.kernel!);
    node.taking = { snapshot, chunks: [snapshot.slice(200).slice()] };
  }

  #goOnWithSnapshot(node: SimulatedNode): void {
    const { snapshot, chunks } = node.taking!;
    if (!snapshot.done) chunks.push(snapshot.slice(200).slice());
    else this.#install(node);
  }

  #install(node: SimulatedNode): void {
    const { snapshot, chunks } = node.taking!;
    snapshot.end();
    node.taking = undefined;
    node.snapshot = { turn: snapshot.atTurn, chunks, blocks: snapshot.blocks };
    for (let i = node.durable.length - 1; i >= 0; i--) if (node.durable[i]!.turn <= snapshot.atTurn) node.durable.splice(i, 1);
    for (const block of node.dropped) this.#removeBlock(node, block);
  }

  #removeBlock(node: SimulatedNode, block: number): void {
    const isNeeded = node.taking !== undefined || node.snapshot?.blocks.has(block) === true;
    if (isNeeded) node.dropped.add(block);
    else {
      node.dropped.delete(block);
      node.blocks.delete(block);
    }
  }

  copyDisk({ durable, snapshot, blocks, restoredAs }: SimulatedNode): DiskCopy {
    return { durable: [...durable], snapshot, blocks: new Map(blocks), restoredAs };
  }

  /** The node dies, and finds this on its disk when it starts again. */
  putBack(node: SimulatedNode, copy: DiskCopy): void {
    if (node.kernel !== undefined) this.crash(node, "none");
    node.durable.splice(0, Infinity, ...copy.durable);
    node.snapshot = copy.snapshot;
    node.blocks.clear();
    for (const [block, bytes] of copy.blocks) node.blocks.set(block, bytes);
    node.restoredAs = copy.restoredAs;
  }

  /** The same as `maceken restore` does it. */
  restore(node: SimulatedNode, copy: DiskCopy): void {
    this.putBack(node, { ...copy, restoredAs: `${node.name}-${++node.lives}` });
  }

  request(node: SimulatedNode, request: Omit<ExternalRequest, "kind" | "request" | "via">): number {
    const number = ++this.#lastRequest;
    this.#push(node, { kind: "request", request: number, via: "client", ...request });
    return number;
  }

  operate(node: SimulatedNode, operation: Operation): number {
    const number = ++this.#lastRequest;
    this.#push(node, { kind: "operate", request: number, operation });
    return number;
  }

  #push(node: SimulatedNode, input: KernelInput, delayMs = 0): void {
    this.#inputs.push({ node, input, dueAt: this.nowMs + delayMs });
  }

  #take(node: SimulatedNode, effects: readonly KernelEffect[]): void {
    // Views are valid until the next step only, and effects wait here.
    for (const effect of effects) node.effects.push(effect.kind === "append" ? { ...effect, bytes: effect.bytes.slice() } : effect);
  }

  /** Runs until nothing is left to do up to `untilMs` of virtual time. Answers false when it did not become quiet. */
  run(untilMs = 60_000, maxSteps = 100_000): boolean {
    const deadline = this.nowMs + untilMs;
    for (let step = 0; step < maxSteps; step++) {
      const ready = this.#ready();
      if (ready.length > 0) {
        ready[this.#choose(ready.length, "next")]!();
        continue;
      }
      const next = this.#nextTime();
      if (next > deadline) {
        this.nowMs = deadline;
        return true;
      }
      this.nowMs = Math.max(this.nowMs, next);
    }
    return false;
  }

  #nextTime(): number {
    let next = Infinity;
    for (const each of this.#inputs) if (!isHeldBack(each)) next = Math.min(next, each.dueAt);
    for (const { alarmAt } of this.nodes.values()) next = Math.min(next, alarmAt);
    return next;
  }

  /** Everything that may happen now. What one node does stays in order; between nodes, syncs and deliveries the choice is free. */
  #ready(): (() => void)[] {
    const ready: (() => void)[] = [];
    for (const node of this.nodes.values()) {
      if (node.kernel === undefined) {
        if (!node.staysDown) ready.push(() => this.start(node));
        continue;
      }
      if (node.effects.length > 0) {
        ready.push(() => this.#performOne(node));
        continue;
      }
      const inputAt = this.#inputs.findIndex((each) => each.node === node && each.dueAt <= this.nowMs && !isHeldBack(each));
      if (inputAt >= 0) ready.push(() => this.#step(node, this.#inputs.splice(inputAt, 1)[0]!.input));
      if (node.syncing) ready.push(() => this.#syncDone(node));
      const { taking } = node;
      if (taking !== undefined && (!taking.snapshot.done || taking.snapshot.lastTurn <= node.kernel.durable)) ready.push(() => this.#goOnWithSnapshot(node));
      if (node.again || node.alarmAt <= this.nowMs) {
        ready.push(() => {
          node.again = false;
          if (node.alarmAt <= this.nowMs) node.alarmAt = Infinity;
          this.#step(node, { kind: "tick" });
        });
      }
    }
    return ready;
  }

  #step(node: SimulatedNode, input: KernelInput): void {
    this.#take(node, node.kernel!.step(input, this.#time(node)));
    this.afterStep(node);
  }

  #syncDone(node: SimulatedNode): void {
    node.syncing = false;
    node.syncs++;
    node.durable.push(...node.unsynced.splice(0));
    this.#step(node, { kind: "durable", turn: durableTurn(node) });
  }

  #performOne(node: SimulatedNode): void {
    const outcome = this.crashBefore(node, node.effects.peek()!, this.boundaries++);
    if (outcome !== undefined) {
      this.crash(node, outcome);
      return;
    }
    const effect = node.effects.shift()!;
    switch (effect.kind) {
      case "append":
        node.unsynced.push({ bytes: effect.bytes, turn: effect.turn });
        node.syncing = true;
        break;
      case "transmit":
        this.#transmit(node, effect.connection, effect.bytes);
        if (effect.more) this.#push(node, { kind: "drained", connection: effect.connection });
        break;
      case "writeBlock":
        if (node.hasRoomForBlocks) {
          assert(!node.blocks.has(effect.block), "a block is written once");
          node.blocks.set(effect.block, effect.bytes);
        }
        this.#push(node, { kind: "blockWritten", block: effect.block, isKept: node.hasRoomForBlocks });
        break;
      case "readBlock": {
        const bytes = node.blocks.get(effect.block);
        assert(bytes !== undefined, "a block that is needed is kept (K6)");
        this.#push(node, { kind: "blockRead", block: effect.block, bytes });
        break;
      }
      case "dropBlock":
        this.#removeBlock(node, effect.block);
        break;
      case "pause":
        node.paused.add(effect.connection);
        break;
      case "resume":
        node.paused.delete(effect.connection);
        break;
      case "close":
        this.#closeConnection(node, effect.connection);
        break;
      case "dial":
        this.#dial(node, effect.peer, effect.delayMs);
        break;
      case "answer": {
        const known = node.answers.get(effect.request);
        if (known === undefined) node.answers.set(effect.request, [effect.outcome]);
        else known.push(effect.outcome);
        break;
      }
      case "outside":
        node.outside.push(effect);
        this.#push(node, { kind: "effectDone", key: effect.key, outcome: { ok: true, value: null } });
        break;
      case "alarm":
        node.alarmAt = this.nowMs + effect.afterMs;
        break;
      case "again":
        node.again = true;
        break;
      case "note":
        node.notes.push(effect.note);
        break;
      case "admit":
        break;
    }
  }

  // ---- the network

  get openConnections(): number {
    return this.#connections.size;
  }

  #dial(node: SimulatedNode, peer: string, delayMs: number): void {
    const target = this.nodes.get(peer);
    if (target?.kernel === undefined) {
      this.#push(node, { kind: "dialFailed", peer, reason: "refused" }, delayMs + 1);
      return;
    }
    const id = ++this.#lastConnection;
    this.#connections.set(String(id), { from: node, to: target, open: true });
    this.#push(node, { kind: "opened", connection: id * 2, peer, key: keyOf(target) }, delayMs);
    this.#push(target, { kind: "opened", connection: id * 2 + 1, key: keyOf(node) }, delayMs);
  }

  #otherEnd(key: string, connection: Connection, node: SimulatedNode): [SimulatedNode, number] {
    const id = Number(key);
    return connection.from === node ? [connection.to, id * 2 + 1] : [connection.from, id * 2];
  }

  #transmit(node: SimulatedNode, number: number, bytes: Uint8Array): void {
    const key = String(number >> 1);
    const connection = this.#connections.get(key);
    if (connection === undefined) return;
    const [other, otherNumber] = this.#otherEnd(key, connection, node);
    this.#push(other, { kind: "frames", connection: otherNumber, frames: splitFrames(bytes) });
  }

  #closeConnection(node: SimulatedNode, number: number): void {
    const key = String(number >> 1);
    const connection = this.#connections.get(key);
    if (connection === undefined) return;
    this.#connections.delete(key);
    const [other, otherNumber] = this.#otherEnd(key, connection, node);
    this.#push(other, { kind: "closed", connection: otherNumber });
  }
}

/** Frames of a connection that is not read stay in the network. */
function isHeldBack({ node, input }: { readonly node: SimulatedNode; readonly input: KernelInput }): boolean {
  return input.kind === "frames" && node.paused.has(input.connection);
}

/** What the transport would prove. */
function keyOf(node: SimulatedNode): string {
  return `key of ${node.name}`;
}

function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    frames.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}
