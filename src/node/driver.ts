/**
 * The production driver of a kernel: feeds it inputs with the time, performs its effects in order, and nothing else; the
 * gate is in the kernel. Decides when groups are flushed and snapshots taken. Opening and closing a node is node.ts.
 */
import { setImmediate as nextRound, setTimeout as delay } from "node:timers/promises";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { KernelEffect, Note } from "../kernel/kernel-effect.ts";
import type { ExternalRequest, KernelInput, Operation } from "../kernel/kernel-input.ts";
import { KernelSnapshot } from "../kernel/recovery.ts";
import { defaultSnapshotPolicy, isBehind, isSnapshotDue } from "../log/snapshot-policy.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { HostPort } from "../transport/transport.ts";
import type { TcpTransport } from "../transport/tcp-transport.ts";
import type { MachineClock } from "./machine-clock.ts";
import type { OutsideEffects } from "./outside-effects.ts";
import type { TurnStopwatch } from "./turn-stopwatch.ts";

export interface DriverPorts {
  readonly kernel: Kernel;
  readonly clock: MachineClock;
  /** Null without durability: the kernel then asks for no appends. */
  readonly log: TurnLog | null;
  readonly transport: TcpTransport;
  readonly effects: OutsideEffects;
  readonly watch: TurnStopwatch;
  readonly peers: ReadonlyMap<string, HostPort>;
  onNote(note: Note): void;
  onFatal(error: unknown): void;
}

const markAfterIdleMs = 10;
const alarmMaxMs = 10_000;
/** Of the audit: a slice, the objects between two looks at the clock, the pause, and how many times longer than the slice it is at least: 2 % of the time. */
const auditSliceMs = 1;
const auditSliceObjects = 50;
const auditPauseMs = 100;
const auditShare = 50;
/** Of a snapshot: slices between two pauses, and the pause. */
const snapshotWorkMs = 1;
const snapshotPauseMs = 1;
/** Before it, at most: an application may send as fast as this goes. */
const lightenedBlocks = 128;
/** More than this written and not synced would make the log's own syncs wait. */
const snapshotUnsyncedBytes = 4 * 1024 * 1024;
/** A read shorter than this emptied the socket: nothing more is about to come. */
const shortReadFrames = 32;

export class Driver {
  readonly #ports: DriverPorts;
  readonly #inputs: KernelInput[] = [];
  /** Addresses are bound before the kernel lives: what comes in by then waits. */
  #begun = false;
  #stepping = false;
  /** Why the node cannot go on; undefined while it can. */
  failure: { readonly error: unknown } | undefined;
  #failed = false;
  readonly #answers = new Map<number, (outcome: Outcome<unknown>) => void>();
  #lastRequest: number;
  #alarm: NodeJS.Timeout | undefined;
  #again = false;
  #flushQueued = false;
  #markTimer: NodeJS.Timeout | undefined;
  /** One at a time: whoever asks meanwhile gets the one under way. */
  #snapshot: Promise<void> | undefined;
  /** Of the log, after one that could not be written: not every group tries again. */
  #noSnapshotBelowBytes = 0;
  #auditTimer: NodeJS.Timeout | undefined;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    // Deferred answers of an earlier process name its requests: numbers of two lives must not meet.
    this.#lastRequest = Math.floor(Math.random() * 2 ** 51);
  }

  /** Performs what birth or recovery asked for. */
  begin(effects: readonly KernelEffect[]): void {
    this.#begun = true;
    this.#guard(() => this.#perform(effects));
    this.#drain();
    this.#guard(() => this.#flush(true));
    if (this.#ports.kernel.options.audit === "rolling") this.#auditLater(auditPauseMs, -1);
  }

  /** The audit goes on after a while, unless nothing has run since its last walk began. */
  #auditLater(pauseMs: number, walkedAt: number): void {
    this.#auditTimer = setTimeout(() => this.#guard(() => this.#auditSome(walkedAt)), pauseMs).unref();
  }

  #auditSome(walkedAt: number): void {
    const { kernel } = this.#ports;
    if (this.#failed) return;
    const { executed, counters: { untrackedWrites } } = kernel;
    if (walkedAt === executed) return this.#auditLater(auditPauseMs, walkedAt);
    const begun = performance.now();
    let more = true;
    while (more && performance.now() - begun < auditSliceMs) more = kernel.audit(auditSliceObjects);
    const took = performance.now() - begun;
    // What was found is noted with the effects of a step.
    if (kernel.counters.untrackedWrites > untrackedWrites) this.step({ kind: "tick" });
    this.#auditLater(Math.max(auditPauseMs, took * auditShare), more ? -1 : executed);
  }

  /** Why requests from outside are not taken at the moment. */
  get heldBack(): string | undefined {
    const { kernel, log } = this.#ports;
    return log === null || log.reserved ? kernel.heldBack : "there is no space for the log to grow";
  }

  submit(request: Omit<ExternalRequest, "kind" | "request">): Promise<Outcome<unknown>> {
    const why = this.heldBack;
    if (why !== undefined) return Promise.resolve({ ok: false, error: new MaceKenError("MK_HELD_BACK", why) });
    return this.#ask((number) => ({
      kind: "request", request: number, service: request.service, method: request.method, args: request.args, via: request.via,
      ...(request.key === undefined ? null : { key: request.key }),
      ...(request.session === undefined ? null : { session: request.session }),
    }));
  }

  operate(operation: Operation): Promise<Outcome<unknown>> {
    return this.#ask((request) => ({ kind: "operate", request, operation }));
  }

  #ask(make: (request: number) => KernelInput): Promise<Outcome<unknown>> {
    if (this.#failed) return Promise.resolve({ ok: false, error: new MaceKenError("MK_CLIENT_STOPPED", "the node has stopped") });
    const request = ++this.#lastRequest;
    return new Promise((resolve) => {
      this.#answers.set(request, resolve);
      this.step(make(request), true);
    });
  }

  /** Feeds one input. `more`: others like it may come in the same round of the event loop, so the group is not closed yet. */
  step(input: KernelInput, more = false): void {
    this.#inputs.push(input);
    if (this.#stepping || !this.#begun) return;
    this.#drain();
    if (more) this.#queueFlush();
    else this.#guard(() => this.#flush(true));
  }

  #drain(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    this.#guard(() => {
      for (let i = 0; i < this.#inputs.length; i++) this.#perform(this.#kernelStep(this.#inputs[i]!));
    });
    this.#inputs.length = 0;
    this.#stepping = false;
  }

  #kernelStep(input: KernelInput): KernelEffect[] {
    const { kernel, clock, watch } = this.#ports;
    const time = clock.now();
    watch.stepBegins(clock.readMs);
    return kernel.step(input, time);
  }

  /** An assertion that fails, or anything else unforeseen, ends the node: going on could break what it promises. */
  #guard(action: () => void): void {
    if (this.#failed) return;
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The node cannot go on. What is asked of it from now on is answered so. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.failure = { error };
    this.#ports.onFatal(error);
  }

  #perform(effects: readonly KernelEffect[]): void {
    const { log, transport, peers } = this.#ports;
    for (const effect of effects) {
      switch (effect.kind) {
        case "append":
          log!.append(effect.bytes, effect.turn);
          break;
        case "transmit":
          if (!transport.write(effect.connection, effect.bytes)) this.#inputs.push({ kind: "congested", connection: effect.connection });
          else if (effect.more) this.#inputs.push({ kind: "drained", connection: effect.connection });
          break;
        case "admit":
          transport.admit(effect.connection, effect.maxFrameBytes);
          break;
        case "writeBlock":
          this.#inputs.push({ kind: "blockWritten", block: effect.block, isKept: log!.blocks.write(effect.block, effect.bytes) });
          break;
        case "readBlock":
          this.#inputs.push({ kind: "blockRead", block: effect.block, bytes: log!.blocks.read(effect.block) });
          break;
        case "dropBlock":
          log!.blocks.drop(effect.block);
          this.#considerSnapshot();
          break;
        case "pause":
          transport.pause(effect.connection);
          break;
        case "resume":
          transport.resume(effect.connection);
          break;
        case "close":
          transport.close(effect.connection);
          break;
        case "dial":
          this.#dial(effect.peer, effect.delayMs, peers.get(effect.peer));
          break;
        case "answer": {
          const answer = this.#answers.get(effect.request);
          this.#answers.delete(effect.request);
          answer?.(effect.outcome);
          break;
        }
        case "outside":
          this.#ports.effects.run(effect.key, effect.name, effect.args);
          break;
        case "alarm":
          this.#setAlarm(effect.afterMs);
          break;
        case "again":
          this.#queueTick();
          break;
        case "note":
          this.#ports.onNote(effect.note);
          break;
      }
    }
  }

  #dial(peer: string, delayMs: number, address: HostPort | undefined): void {
    if (address === undefined) return;
    if (delayMs === 0) this.#ports.transport.dial(peer, address);
    else setTimeout(() => void (this.#failed || this.#ports.transport.dial(peer, address)), delayMs).unref();
  }

  #setAlarm(afterMs: number): void {
    clearTimeout(this.#alarm);
    // An early tick only sets the next alarm, and sees that the machine was suspended, which a timer of Node does not count.
    this.#alarm = setTimeout(() => this.step({ kind: "tick" }), Math.min(afterMs, alarmMaxMs));
    this.#alarm.unref();
  }

  #queueTick(): void {
    if (this.#again) return;
    this.#again = true;
    setImmediate(() => {
      this.#again = false;
      this.step({ kind: "tick" });
    });
  }

  // ---- the log

  #queueFlush(): void {
    if (this.#flushQueued || this.#ports.log === null) return;
    this.#flushQueued = true;
    setImmediate(() => {
      this.#flushQueued = false;
      this.#guard(() => this.#flush(false));
    });
  }

  #flush(mayBlock: boolean): void {
    const { log } = this.#ports;
    if (log === null || log.pendingBytes === 0) return;
    log.flush(mayBlock);
  }

  /** Frames of a peer: a long read means that more is on its way, and its turns share the group. */
  frames(connection: number, frames: readonly Uint8Array[]): void {
    this.step({ kind: "frames", connection, frames }, frames.length >= shortReadFrames);
  }

  becameDurable(turn: number): void {
    // An attempt is durable and its turn runs now: the mark proves to the next life that it came to that.
    if (this.#ports.kernel.guard?.isAnnounced === true) this.#guard(() => this.#ports.log!.markDurable());
    this.step({ kind: "durable", turn });
    if (this.#markTimer === undefined) this.#armMark();
    this.#considerSnapshot();
  }

  #armMark(): void {
    this.#markTimer = setTimeout(() => {
      this.#markTimer = undefined;
      const { log } = this.#ports;
      if (log === null || this.#failed) return;
      if (log.idle) this.#guard(() => log.markDurable());
      else this.#armMark();
    }, markAfterIdleMs);
    this.#markTimer.unref();
  }

  #considerSnapshot(): void {
    const { log } = this.#ports;
    if (log === null || this.#snapshot !== undefined) return;
    if (log.liveBytes < this.#noSnapshotBelowBytes || !isSnapshotDue(log, defaultSnapshotPolicy)) return;
    void this.snapshot().catch((error: unknown) => this.fail(error));
  }

  /** Takes a snapshot in slices between turns; the node works on meanwhile. Answers when it is durable. */
  snapshot(): Promise<void> {
    const { log } = this.#ports;
    if (log === null || this.#failed) return Promise.resolve();
    this.#snapshot ??= this.#takeSnapshot(log).finally(() => (this.#snapshot = undefined));
    return this.#snapshot;
  }

  async #takeSnapshot(log: TurnLog): Promise<void> {
    const { kernel } = this.#ports;
    // Not within a step: its records must have reached the log.
    await nextRound();
    for (let i = 0; i < lightenedBlocks && !this.#failed; i++) {
      this.step({ kind: "lighten" });
      if (!kernel.isHeavy) break;
      await nextRound();
    }
    if (this.#failed) return;
    // Between steps everything executed is appended, so the snapshot begins at a turn the log knows.
    const snapshot = new KernelSnapshot(kernel);
    const writer = log.beginSnapshot(kernel.executed);
    const { bytesWritten } = log.counters;
    const isLate = (): boolean => isBehind(log.counters.bytesWritten + log.pendingBytes - bytesWritten, writer.writtenBytes, defaultSnapshotPolicy);
    try {
      while (!snapshot.done && !this.#failed && writer.error === null) {
        const begun = performance.now();
        do writer.write(snapshot.slice());
        while (!snapshot.done && writer.unsyncedBytes <= snapshotUnsyncedBytes && writer.error === null && (performance.now() - begun < snapshotWorkMs || isLate()));
        // Either way the event loop sees to the network and the disk before the next slice.
        do await (isLate() && writer.unsyncedBytes <= snapshotUnsyncedBytes ? nextRound() : delay(snapshotPauseMs));
        while (writer.unsyncedBytes > snapshotUnsyncedBytes && writer.error === null && !this.#failed);
      }
    } finally {
      snapshot.end();
    }
    if (this.#failed) return writer.abort();
    const error = await new Promise<MaceKenError | null>((resolve) => {
      writer.finish(snapshot.blocks, resolve);
      log.flush(false);
    });
    this.#noSnapshotBelowBytes = error === null ? 0 : log.liveBytes + defaultSnapshotPolicy.atLeastBytes / 4;
    if (error !== null) this.#ports.onNote({ level: "error", code: error.code, message: `a snapshot could not be written: ${error.message}`, fields: { remedy: error.remedy } });
  }

  // ---- the end

  /** The last record: nothing runs any more. What it releases still leaves. */
  end(): void {
    if (!this.#begun) return;
    this.#guard(() => this.#perform(this.#ports.kernel.end()));
    this.#guard(() => this.#flush(false));
  }

  /** External requests whose answers have not come. */
  get unanswered(): number {
    return this.#answers.size;
  }

  stop(): void {
    this.#failed = true;
    clearTimeout(this.#alarm);
    clearTimeout(this.#markTimer);
    clearTimeout(this.#auditTimer);
    for (const answer of this.#answers.values()) answer({ ok: false, error: new MaceKenError("MK_CLIENT_STOPPED", "the node stopped before the answer came") });
    this.#answers.clear();
  }
}
