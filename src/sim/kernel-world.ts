/**
 * A small deterministic world of kernels: virtual time, first-in-first-out connections, a disk reduced to "appended" and
 * "durable", or the real turn log on a disk in memory (logged-disk.ts). Every effect is performed one at a time, and a node can be
 * crashed between any two, or at any operation of its disk (K1-K10 are tried here before any real process is). No loss, no partition.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import type { KernelEffect } from "../kernel/kernel-effect.ts";
import type { ExternalRequest, KernelInput, Operation } from "../kernel/kernel-input.ts";
import { Kernel } from "../kernel/kernel.ts";
import { KernelLoader, KernelSnapshot } from "../kernel/recovery.ts";
import { Connections, keyOf, splitFrames } from "./connections.ts";
import { SimulatedCrash } from "./memory-disk.ts";
import { copyOf, crashDisk, dropBlock, installSnapshot, isEmpty, loadFrom, putBackOn } from "./plain-disk.ts";
import { durableTurn, SimulatedNode, type Arrival, type DiskCopy, type DiskOutcome, type SimulatedNodeOptions } from "./simulated-node.ts";

/** Where every decision of a run comes from: an integer below `options`. */
export type Choose = (options: number, what: string) => number;

export class KernelWorld {
  nowMs = 1_700_000_000_000;
  readonly nodes = new Map<string, SimulatedNode>();
  /** Every node lists every other, with its key. */
  readonly #names = new Set<string>();
  readonly #keys = new Map<string, string>();
  readonly #choose: Choose;
  readonly #list: SimulatedNode[] = [];
  readonly #connections = new Connections((node, input, delayMs) => this.#push(node, input, delayMs));
  /** What may happen now: the node's number and what it does. Made anew for each step, and kept for the next. */
  readonly #ready: number[] = [];
  #lastRequest = 0;
  /** Effects performed so far, of all nodes: the boundaries at which a crash can strike. */
  boundaries = 0;
  /** Called before each effect; true crashes the node instead. */
  crashBefore: (node: SimulatedNode, effect: KernelEffect, boundary: number) => DiskOutcome | undefined = () => undefined;
  /** The same before each operation that changes the disk of a node with a turn log. */
  crashBeforeDisk: (node: SimulatedNode, operation: string, boundary: number) => DiskOutcome | undefined = () => undefined;
  /** An error for that operation. */
  diskError: (node: SimulatedNode, operation: string) => string | null = () => null;
  /** A log has failed, and its node ends: what its disk keeps. */
  afterLogFailed: (node: SimulatedNode) => DiskOutcome = () => "process";
  /** How long the disk takes for what it does in the background; `path` with a turn log. */
  diskTakesMs: (node: SimulatedNode, path: string) => number = () => 0;
  /** How long a node takes from one slice of a snapshot to the next; turns run meanwhile. */
  sliceTakesMs: (node: SimulatedNode) => number = () => 0;
  /** What becomes of frames on their way. */
  carry: (from: SimulatedNode, to: SimulatedNode, frames: Uint8Array[]) => Uint8Array[] = (_, __, frames) => frames;
  /** Called after every step of a kernel: the place for invariants. */
  afterStep: (node: SimulatedNode) => void = () => {};

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  add(name: string, options: SimulatedNodeOptions): SimulatedNode {
    const node = new SimulatedNode(name, options);
    this.nodes.set(name, node);
    this.#list.push(node);
    this.#attachDisk(node);
    this.#names.add(name);
    this.#keys.set(name, keyOf(node));
    this.start(node);
    return node;
  }

  #time(node: SimulatedNode) {
    return { monotonicMs: this.nowMs - node.startedAt, wallMs: this.nowMs + node.wallOffsetMs };
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
    if (node.options.logged !== undefined) return this.#startLogged(node, kernel);
    if (isEmpty(node)) this.#take(node, kernel.birth(this.#time(node)));
    else {
      const loader = new KernelLoader(kernel);
      loadFrom(node, loader);
      this.#take(node, loader.finish(this.#time(node), node.provenTurn));
    }
    this.afterStep(node);
  }

  /** As in production: read, hold the app against it, and only then write. */
  #startLogged(node: SimulatedNode, kernel: Kernel): void {
    const logged = node.options.logged!;
    const ended = this.#dies(node, () => {
      const found = logged.examine({
        durable: (turn) => this.#push(node, { kind: "durable", turn }),
        failed: () => void (node.hasFailed = true),
      });
      const loader = new KernelLoader(kernel);
      if (!found.empty) logged.load(found, loader);
      const effects = found.empty ? undefined : loader.finish(this.#time(node), found.provenTurn);
      found.begin();
      this.#take(node, effects ?? kernel.birth(this.#time(node)));
    });
    if (!ended) this.afterStep(node);
  }

  #attachDisk(node: SimulatedNode): void {
    const { logged } = node.options;
    if (logged === undefined) return;
    logged.clock = () => this.nowMs;
    logged.takesMs = (path) => this.diskTakesMs(node, path);
    logged.fault = (operation) => {
      node.dying = this.crashBeforeDisk(node, operation, this.boundaries++);
      return node.dying === undefined ? this.diskError(node, operation) : "crash";
    };
  }

  /** Whether the process of a node with a turn log has ended in what it did. */
  #dies(node: SimulatedNode, action: () => void): boolean {
    try {
      action();
    } catch (error) {
      if (error instanceof SimulatedCrash) {
        this.crash(node, node.dying!);
        return true;
      }
      // A start that could not write.
      if (!(error instanceof MaceKenError) || error.code !== "MK_LOG_SYNC_FAILED") throw error;
      node.hasFailed = true;
    }
    if (!node.hasFailed) return false;
    this.crash(node, this.afterLogFailed(node));
    return true;
  }

  /** The process dies: memory, unsent effects and connections are gone; the disk keeps what `outcome` says. */
  crash(node: SimulatedNode, outcome: DiskOutcome): void {
    node.crashes++;
    node.kernel = undefined;
    node.effects.clear();
    node.paused.clear();
    node.alarmAt = Infinity;
    node.again = node.syncing = false;
    node.diskReadyAt = Infinity;
    node.taking = undefined;
    node.provenTurn = durableTurn(node);
    node.hasFailed = false;
    node.arrivals.length = 0;
    if (node.options.logged === undefined) crashDisk(node, outcome);
    else node.options.logged.crash(outcome);
    this.#connections.lose(node);
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
    installSnapshot(node);
  }

  /** Begins a snapshot, whose slices come between other things; between steps, and not while there is one. */
  beginSnapshot(node: SimulatedNode): void {
    assert(node.taking === undefined, "one snapshot at a time");
    const { logged } = node.options;
    this.#dies(node, () => {
      const snapshot = new KernelSnapshot(node.kernel!);
      node.taking = { snapshot, chunks: [], sliceAt: 0 };
      logged?.beginSnapshot(snapshot);
      this.#slice(node);
    });
  }

  #slice(node: SimulatedNode): void {
    const { snapshot, chunks } = node.taking!;
    node.taking!.sliceAt = this.nowMs + this.sliceTakesMs(node);
    const chunk = snapshot.slice(200);
    if (node.options.logged === undefined) chunks.push(chunk.slice());
    else node.options.logged.writeChunk(chunk);
  }

  #goOnWithSnapshot(node: SimulatedNode): void {
    const { snapshot } = node.taking!;
    if (!snapshot.done) this.#slice(node);
    else if (node.options.logged === undefined) installSnapshot(node);
    else {
      snapshot.end();
      node.taking = undefined;
      node.options.logged.finishSnapshot(snapshot.blocks);
    }
  }

  copyDisk(node: SimulatedNode): DiskCopy {
    return copyOf(node);
  }

  /** The node dies, and finds this on its disk when it starts again. */
  putBack(node: SimulatedNode, copy: DiskCopy): void {
    if (node.kernel !== undefined) this.crash(node, "none");
    putBackOn(node, copy);
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
    node.arrivals.push({ input, dueAt: this.nowMs + delayMs });
  }

  #take(node: SimulatedNode, effects: readonly KernelEffect[]): void {
    // Views are valid until the next step only.
    for (const effect of effects) node.effects.push(effect.kind === "append" ? { ...effect, bytes: effect.bytes.slice() } : effect);
  }

  /** Runs until nothing is left to do up to `untilMs` of virtual time. Answers false when it did not become quiet. */
  run(untilMs = 60_000, maxSteps = 100_000): boolean {
    const deadline = this.nowMs + untilMs;
    for (let step = 0; step < maxSteps; step++) {
      this.#collectReady();
      const { length } = this.#ready;
      if (length > 0) {
        this.#happen(this.#ready[this.#choose(length, "next")]!);
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
    for (const node of this.#list) {
      for (const each of node.arrivals) if (each.dueAt < next && !isHeldBack(node, each)) next = each.dueAt;
      next = Math.min(next, node.alarmAt, node.diskReadyAt, node.options.logged?.nextAt ?? Infinity, node.taking?.snapshot.done === false ? node.taking.sliceAt : Infinity);
    }
    return next;
  }

  /** Everything that may happen now. What one node does stays in order; between nodes, syncs and deliveries the choice is free. */
  #collectReady(): void {
    const ready = this.#ready;
    ready.length = 0;
    for (let index = 0; index < this.#list.length; index++) {
      const node = this.#list[index]!;
      const first = index * happenings;
      if (node.kernel === undefined) {
        if (!node.staysDown) ready.push(first + happening.start);
        continue;
      }
      if (node.effects.length > 0) {
        ready.push(first + happening.effect);
        continue;
      }
      if (this.#arrived(node) >= 0) ready.push(first + happening.input);
      const { taking, options: { logged } } = node;
      if (logged === undefined ? node.syncing && this.#diskIsReady(node) : logged.waiting > 0) ready.push(first + happening.disk);
      if (taking !== undefined && (taking.snapshot.done ? logged !== undefined || taking.snapshot.lastTurn <= node.kernel.durable : taking.sliceAt <= this.nowMs)) ready.push(first + happening.snapshot);
      if (node.again || node.alarmAt <= this.nowMs) ready.push(first + happening.tick);
      if (logged !== undefined && logged.isMarkDue) ready.push(first + happening.mark);
    }
  }

  #diskIsReady(node: SimulatedNode): boolean {
    if (node.diskReadyAt === Infinity) node.diskReadyAt = this.nowMs + this.diskTakesMs(node, "");
    return node.diskReadyAt <= this.nowMs;
  }

  #arrived(node: SimulatedNode): number {
    const { arrivals } = node;
    for (let i = 0; i < arrivals.length; i++) if (arrivals[i]!.dueAt <= this.nowMs && !isHeldBack(node, arrivals[i]!)) return i;
    return -1;
  }

  #happen(what: number): void {
    const node = this.#list[Math.floor(what / happenings)]!;
    const { logged } = node.options;
    if (logged === undefined) this.#happenTo(node, what % happenings);
    else this.#dies(node, () => this.#happenTo(node, what % happenings));
  }

  #happenTo(node: SimulatedNode, what: number): void {
    const { logged } = node.options;
    switch (what) {
      case happening.start:
        return this.start(node);
      case happening.effect:
        return this.#performOne(node);
      case happening.input:
        return this.#step(node, node.arrivals.splice(this.#arrived(node), 1)[0]!.input);
      case happening.disk:
        node.diskReadyAt = Infinity;
        return logged === undefined ? this.#syncDone(node) : logged.complete(this.#choose(logged.waiting, "completion"));
      case happening.snapshot:
        return this.#goOnWithSnapshot(node);
      case happening.mark:
        return logged!.mark();
      default:
        node.again = false;
        if (node.alarmAt <= this.nowMs) node.alarmAt = Infinity;
        return this.#step(node, { kind: "tick" });
    }
  }

  #step(node: SimulatedNode, input: KernelInput): void {
    // The mark proves to the next life that the attempt's turn began.
    if (input.kind === "durable" && node.kernel!.guard?.isAnnounced === true) node.options.logged?.log?.markDurable();
    this.#take(node, node.kernel!.step(input, this.#time(node)));
    this.afterStep(node);
  }

  #syncDone(node: SimulatedNode): void {
    const { unsynced } = node;
    node.syncs++;
    // What was appended after the sync had begun waits for the next one.
    const later = unsynced.length > 1 ? this.#choose(unsynced.length, "synced") : 0;
    node.durable.push(...unsynced.splice(0, unsynced.length - later));
    node.syncing = later > 0;
    this.#step(node, { kind: "durable", turn: durableTurn(node) });
  }

  #performOne(node: SimulatedNode): void {
    const { logged } = node.options;
    const outcome = this.crashBefore(node, node.effects.peek()!, this.boundaries++);
    if (outcome !== undefined) {
      this.crash(node, outcome);
      return;
    }
    const effect = node.effects.shift()!;
    switch (effect.kind) {
      case "append":
        if (logged !== undefined) logged.log!.append(effect.bytes, effect.turn);
        else {
          node.unsynced.push({ bytes: effect.bytes, turn: effect.turn });
          node.syncing = true;
        }
        break;
      case "transmit":
        this.#transmit(node, effect.connection, effect.bytes);
        if (effect.more) this.#push(node, { kind: "drained", connection: effect.connection });
        break;
      case "writeBlock":
        if (logged !== undefined) {
          this.#push(node, { kind: "blockWritten", block: effect.block, isKept: logged.log!.blocks.write(effect.block, effect.bytes) });
          break;
        }
        if (node.hasRoomForBlocks) {
          assert(!node.blocks.has(effect.block), "a block is written once");
          node.blocks.set(effect.block, effect.bytes);
        }
        this.#push(node, { kind: "blockWritten", block: effect.block, isKept: node.hasRoomForBlocks });
        break;
      case "readBlock": {
        const bytes = logged === undefined ? node.blocks.get(effect.block) : logged.log!.blocks.read(effect.block);
        assert(bytes !== undefined, "a block that is needed is kept (K6)");
        this.#push(node, { kind: "blockRead", block: effect.block, bytes });
        break;
      }
      case "dropBlock":
        if (logged === undefined) dropBlock(node, effect.block);
        else logged.log!.blocks.drop(effect.block);
        break;
      case "pause":
        node.paused.add(effect.connection);
        break;
      case "resume":
        node.paused.delete(effect.connection);
        break;
      case "close":
        this.#connections.close(node, effect.connection);
        break;
      case "dial":
        this.#connections.dial(node, effect.peer, this.nodes.get(effect.peer), effect.delayMs);
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
    if (logged !== undefined && node.effects.length === 0 && logged.log!.pendingBytes > 0) logged.log!.flush(this.#choose(2, "blocking sync") === 0);
  }

  // ---- the network

  get openConnections(): number {
    return this.#connections.size;
  }

  #transmit(node: SimulatedNode, number: number, bytes: Uint8Array): void {
    const end = this.#connections.otherEnd(node, number);
    if (end === undefined) return;
    this.#push(end[0], { kind: "frames", connection: end[1], frames: this.carry(node, end[0], splitFrames(bytes)) });
  }
}

const happening = { start: 0, effect: 1, input: 2, disk: 3, snapshot: 4, tick: 5, mark: 6 } as const;
const happenings = 7;

/** Frames of a connection that is not read stay in the network. */
function isHeldBack(node: SimulatedNode, { input }: Arrival): boolean {
  return input.kind === "frames" && node.paused.has(input.connection);
}
