/**
 * The driver of a kernel: feeds it inputs with the time, performs its effects in order, and nothing else; the gate is in the kernel.
 * Decides when groups are flushed and snapshots begun. Pure: in production its ports are Node's, in a simulation the world's.
 * Opening and closing a node is node/node.ts.
 */
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { KernelEffect } from "../kernel/kernel-effect.ts";
import type { ExternalRequest, KernelInput, Operation } from "../kernel/kernel-input.ts";
import { defaultSnapshotPolicy, isSnapshotDue, type SnapshotPolicy } from "../log/snapshot-policy.ts";
import type { TurnLog } from "../log/turn-log.ts";
import type { HostPort } from "../transport/transport.ts";
import type { DriverPorts, Scheduled } from "./ports.ts";
import { RollingAudit } from "./rolling-audit.ts";
import { SnapshotTaking } from "./snapshot-taking.ts";

export type Answered = (outcome: Outcome<unknown>) => void;

const markAfterIdleMs = 10;
const alarmMaxMs = 10_000;
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
  readonly #answers = new Map<number, Answered>();
  #lastRequest: number;
  #alarm: Scheduled | undefined;
  #again = false;
  #flushQueued = false;
  #markTimer: Scheduled | undefined;
  /** Who waits for the snapshot under way, of which there is one at most. */
  #snapshot: (() => void)[] | undefined;
  readonly #snapshotPolicy: SnapshotPolicy;
  /** Of the log, after one that could not be written: not every group tries again. */
  #noSnapshotBelowBytes = 0;
  #audit: RollingAudit | undefined;
  /** Told once, when all that birth or recovery executed is durable. */
  #begunTurn = 0;
  #onBegun: (() => void) | undefined;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    // Deferred answers of an earlier process name its requests: numbers of two lives must not meet.
    this.#lastRequest = Math.floor(ports.kernel.options.random() * 2 ** 51);
    this.#snapshotPolicy = ports.snapshots ?? defaultSnapshotPolicy;
  }

  /** Performs what birth or recovery asked for; `begun` is called when all that it executed is durable, which may be at once. */
  begin(effects: readonly KernelEffect[], begun: () => void): void {
    const { kernel, scheduler } = this.#ports;
    this.#begun = true;
    this.#begunTurn = kernel.executed;
    this.#onBegun = begun;
    this.#guard(() => this.#perform(effects));
    this.#drain();
    this.#guard(() => this.#flush(true));
    if (kernel.options.audit === "rolling") this.#audit = new RollingAudit(kernel, scheduler, (action) => this.#guard(action), () => this.step({ kind: "tick" }));
    this.#considerBegun();
  }

  #considerBegun(): void {
    if (this.#onBegun === undefined || this.#ports.kernel.durable < this.#begunTurn) return;
    const begun = this.#onBegun;
    this.#onBegun = undefined;
    begun();
  }

  /** Why requests from outside are not taken at the moment. */
  get heldBack(): string | undefined {
    const { kernel, log } = this.#ports;
    return log === null || log.reserved ? kernel.heldBack : "there is no space for the log to grow";
  }

  submit(request: Omit<ExternalRequest, "kind" | "request">, answered: Answered): void {
    const why = this.heldBack;
    if (why !== undefined) return answered({ ok: false, error: new MaceKenError("MK_HELD_BACK", why) });
    this.#ask(answered, (number) => ({
      kind: "request", request: number, service: request.service, method: request.method, args: request.args, via: request.via,
      ...(request.key === undefined ? null : { key: request.key }),
      ...(request.session === undefined ? null : { session: request.session }),
    }));
  }

  operate(operation: Operation, answered: Answered): void {
    this.#ask(answered, (request) => ({ kind: "operate", request, operation }));
  }

  #ask(answered: Answered, make: (request: number) => KernelInput): void {
    if (this.#failed) return answered({ ok: false, error: new MaceKenError("MK_CLIENT_STOPPED", "the node has stopped") });
    const request = ++this.#lastRequest;
    this.#answers.set(request, answered);
    this.step(make(request), true);
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
    else this.#ports.scheduler.after(delayMs, () => void (this.#failed || this.#ports.transport.dial(peer, address)));
  }

  #setAlarm(afterMs: number): void {
    const { scheduler } = this.#ports;
    scheduler.cancel(this.#alarm);
    // An early tick only sets the next alarm, and sees that the machine was suspended, which a timer of Node does not count.
    this.#alarm = scheduler.after(Math.min(afterMs, alarmMaxMs), () => this.step({ kind: "tick" }));
  }

  #queueTick(): void {
    if (this.#again) return;
    this.#again = true;
    this.#ports.scheduler.nextRound(() => {
      this.#again = false;
      this.step({ kind: "tick" });
    });
  }

  // ---- the log

  #queueFlush(): void {
    if (this.#flushQueued || this.#ports.log === null) return;
    this.#flushQueued = true;
    this.#ports.scheduler.nextRound(() => {
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
    this.#considerBegun();
    if (this.#markTimer === undefined) this.#armMark();
    this.#considerSnapshot();
  }

  #armMark(): void {
    this.#markTimer = this.#ports.scheduler.after(markAfterIdleMs, () => {
      this.#markTimer = undefined;
      const { log } = this.#ports;
      if (log === null || this.#failed) return;
      if (log.idle) this.#guard(() => log.markDurable());
      else this.#armMark();
    });
  }

  #considerSnapshot(): void {
    const { log } = this.#ports;
    if (log === null || this.#snapshot !== undefined) return;
    if (log.liveBytes < this.#noSnapshotBelowBytes || !isSnapshotDue(log, this.#snapshotPolicy)) return;
    this.snapshot(() => {});
  }

  /** Takes a snapshot in slices between turns; the node works on meanwhile. Tells when it is durable, or given up. */
  snapshot(done: () => void): void {
    const { kernel, log, scheduler } = this.#ports;
    if (log === null || this.#failed) return done();
    if (this.#snapshot !== undefined) return void this.#snapshot.push(done);
    this.#snapshot = [done];
    new SnapshotTaking({
      kernel, log, scheduler,
      policy: this.#snapshotPolicy,
      lighten: () => this.step({ kind: "lighten" }),
      isStopped: () => this.#failed,
      guard: (action) => this.#guard(action),
      done: (error) => this.#snapshotDone(log, error),
    });
  }

  #snapshotDone(log: TurnLog, error: MaceKenError | null): void {
    const waiting = this.#snapshot!;
    this.#snapshot = undefined;
    this.#noSnapshotBelowBytes = error === null ? 0 : log.liveBytes + this.#snapshotPolicy.atLeastBytes / 4;
    if (error !== null) this.#ports.onNote({ level: "error", code: error.code, message: `a snapshot could not be written: ${error.message}`, fields: { remedy: error.remedy } });
    for (const done of waiting) done();
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
    const { scheduler } = this.#ports;
    scheduler.cancel(this.#alarm);
    scheduler.cancel(this.#markTimer);
    this.#audit?.stop();
    for (const answer of this.#answers.values()) answer({ ok: false, error: new MaceKenError("MK_CLIENT_STOPPED", "the node stopped before the answer came") });
    this.#answers.clear();
  }
}
