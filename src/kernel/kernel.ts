/**
 * One whole node without I/O: inputs in, effects out. It owns the order of things: which input becomes the next turn, what
 * goes into its record, and what may leave when (the gate is here, so no driver can get it wrong). K1-K10 meet in this file;
 * the turn itself is turn/executor.ts, what waits to become one turn-queue.ts, records turn-recorder.ts, channels protocol/,
 * connections peers.ts, the outer edge external.ts. Reads no clock, draws no randomness, performs no I/O.
 */
import { assert, unreachable } from "../base/assert.ts";
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { Heap } from "../heap/heap.ts";
import type { Channel } from "../protocol/channel.ts";
import { Gate } from "../protocol/gate.ts";
import { failureOutcome, TurnExecutor, type TurnResult } from "../turn/executor.ts";
import type { WakeUpWork } from "../turn/life-cycle.ts";
import { declareTables, NodeState } from "../turn/node-state.ts";
import type { TurnOutputs } from "../turn/turn-input.ts";
import { ChannelTable } from "./channel-table.ts";
import { expireKeys, ExternalRequests } from "./external.ts";
import { KernelClock, type TimeOfStep } from "./kernel-clock.ts";
import type { KernelEffect, Note } from "./kernel-effect.ts";
import type { ExternalRequest, KernelInput } from "./kernel-input.ts";
import { defaultLimits, type KernelCounters, type KernelLimits, type KernelOptions } from "./kernel-options.ts";
import { operationTurn } from "./operations.ts";
import { Peers } from "./peers.ts";
import { labelsOfRoot } from "./root-labels.ts";
import { TurnQueue, type NextTurn } from "./turn-queue.ts";
import { TurnRecorder } from "./turn-recorder.ts";

const housekeepingMs = 60_000;
const expiredPerTurn = 10_000;

type GatedOutput =
  | { readonly kind: "answer"; readonly request: number; readonly outcome: Outcome<unknown> }
  | { readonly kind: "outside"; readonly key: string };

export class Kernel {
  readonly options: KernelOptions;
  readonly limits: KernelLimits;
  readonly heap: Heap;
  readonly clock = new KernelClock();
  readonly channels: ChannelTable;
  readonly counters: KernelCounters = { turns: 0, records: 0, failures: 0, parked: 0, retransmitted: 0, duplicates: 0, received: 0, sent: 0, untrackedWrites: 0 };
  readonly executor: TurnExecutor;
  readonly queue: TurnQueue;
  /** The number of the last executed turn, and of the last durable one (K7). */
  executed = 0;
  durable = 0;
  /** The last number given to a call, timer or message of the node to itself. */
  lastId = 0;
  #effects: KernelEffect[] = [];
  readonly #recorder: TurnRecorder;
  readonly #gate = new Gate<GatedOutput>();
  readonly #external: ExternalRequests;
  readonly #peers: Peers;
  #alarmAt: number | undefined;
  #nextHousekeeping = 0;
  #running = false;
  #stopping = false;
  #isCrowded = false;

  constructor(options: KernelOptions) {
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.heap = new Heap(labelsOfRoot);
    this.channels = new ChannelTable(Math.floor(this.limits.outboxQuotaBytes / 2));
    if ((options.audit ?? "off") !== "off") this.heap.openAudit(options.audit === "full");
    this.executor = new TurnExecutor(this.heap, options.app, {
      nodeName: options.name,
      random: () => options.random(),
      maxDeferred: this.limits.maxDeferred,
      maxMessageBytes: this.limits.maxMessageBytes,
      outboxRoomBytes: (node) => this.limits.outboxQuotaBytes - (this.channels.get(node)?.outboxWeightBytes ?? 0),
    });
    this.#external = new ExternalRequests(this.limits);
    this.#peers = new Peers(this, (effect) => void this.#effects.push(effect));
    this.#recorder = new TurnRecorder(this.channels, this.clock);
    this.queue = new TurnQueue({
      external: this.#external,
      state: () => this.state,
      now: () => this.clock.now,
      note: (note) => this.note(note),
      answer: (request, outcome) => this.#hold({ kind: "answer", request, outcome }),
    });
  }

  get state(): NodeState {
    return this.heap.root as NodeState;
  }

  get incarnation(): string {
    return this.state.incarnation;
  }

  /** What the last record said of time and numbers: where a snapshot's records go on. */
  get recorded(): { readonly now: number; readonly skew: number; readonly lastId: number } {
    return this.#recorder.recorded;
  }

  // ------------------------------------------------------------------------------------------------------------- life

  /** The birth turn. Errors: MK_START_FAILED when a constructor or `born` throws; then nothing has happened. */
  birth(time: TimeOfStep): KernelEffect[] {
    this.clock.begin(time);
    const root = new NodeState(this.options.app.version, this.options.newIncarnation());
    this.executed = 1;
    this.#recorder.begin();
    const result = this.executor.birth(root, this.#recorder.writer, this.#turnClock());
    this.#record(result, undefined);
    declareTables(this.heap, this.state);
    this.executor.watchFromHere();
    return this.#begin();
  }

  /** After recovery.ts has loaded snapshot and records: resumes what was pending, then the restart turn. Throws what is wrong with the program. */
  resume(time: TimeOfStep, recorded: { readonly now: number; readonly skew: number }, work: WakeUpWork): KernelEffect[] {
    this.clock.begin(time, recorded);
    this.#recorder.resume({ ...recorded, lastId: this.lastId });
    this.durable = this.executed;
    declareTables(this.heap, this.state);
    this.queue.restore();
    for (const key of this.state.effects.keys()) this.#runEffect(key);
    this.executor.watchFromHere();
    this.executed++;
    this.#recorder.begin();
    const result = this.executor.restart(this.#recorder.writer, this.#turnClock(), work);
    this.#record(result, undefined);
    this.executor.watchFromHere();
    return this.#begin();
  }

  #begin(): KernelEffect[] {
    this.#running = true;
    this.#auditWhole();
    this.#nextHousekeeping = this.clock.now + housekeepingMs;
    if (this.durable > 0) this.#dialAll();
    return this.#endStep();
  }

  #dialAll(): void {
    for (const peer of this.options.peering.dials) this.#effects.push({ kind: "dial", peer, delayMs: 0 });
  }

  /** No new inputs from outside become turns; what is under way finishes. */
  stop(): void {
    this.#stopping = true;
  }

  // ------------------------------------------------------------------------------------------------------------- step

  step(input: KernelInput, time: TimeOfStep): KernelEffect[] {
    assert(this.#running, "a kernel is born or resumed before it steps");
    this.clock.advance(time);
    switch (input.kind) {
      case "durable":
        this.#becomeDurable(input.turn);
        break;
      case "opened":
        this.#peers.opened(input.connection, input.peer, input.key);
        break;
      case "frames":
        this.#peers.frames(input.connection, input.frames);
        break;
      case "congested":
        this.#peers.congested(input.connection);
        break;
      case "drained":
        this.#peers.drained(input.connection);
        break;
      case "closed":
        this.#peers.closed(input.connection);
        break;
      case "dialFailed":
        this.#peers.dialFailed(input.peer, input.reason);
        break;
      case "request":
        this.#request(input);
        break;
      case "effectDone":
        if (this.state.effects.has(input.key)) this.queue.addEffectOutcome(input.key, input.outcome);
        break;
      case "operate":
        this.queue.addSystem(operationTurn(this, input.operation), input.request);
        break;
      case "tick":
        this.#alarmAt = undefined;
        this.#peers.tick();
        break;
      default:
        unreachable(input, "unknown input");
    }
    return this.#endStep();
  }

  #request(input: ExternalRequest): void {
    const why = this.#stopping ? "the node is stopping" : this.#crowd();
    if (why === undefined) this.queue.addRequest(input);
    else this.#effects.push({ kind: "answer", request: input.request, outcome: { ok: false, error: new MaceKenError("MK_HELD_BACK", why) } });
  }

  /** Whose outbox is so full that nothing more is taken from outside. Peers are heard all the same, or two full nodes would wait for each other. */
  #crowd(): string | undefined {
    for (const { peer, outboxLength, outboxBytes } of this.channels.crowded) return `${peer} has not acknowledged ${outboxLength} messages of ${outboxBytes} bytes`;
    return undefined;
  }

  #noteCrowd(): void {
    const isCrowded = this.channels.crowded.size > 0;
    if (isCrowded === this.#isCrowded) return;
    this.#isCrowded = isCrowded;
    if (isCrowded) this.note({ level: "warn", code: "MK_HELD_BACK", message: `requests from outside are held back: ${this.#crowd()!}` });
    else this.note({ level: "info", message: "requests from outside are taken again: peers have acknowledged" });
  }

  #endStep(): KernelEffect[] {
    this.#housekeeping();
    this.queue.advance();
    this.#runTurns();
    const { writer } = this.#recorder;
    if (writer.length > 0) {
      if (this.options.durable) this.#effects.push({ kind: "append", bytes: writer.view(), turn: this.executed });
      writer.reset();
      if (!this.options.durable) this.#becomeDurable(this.executed);
    }
    this.#peers.flush();
    this.#noteCrowd();
    if (this.queue.hasReady) this.#effects.push({ kind: "again" });
    this.#setAlarm();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  // ------------------------------------------------------------------------------------------------------------- turns

  #runTurns(): void {
    for (let count = 0; count < this.limits.turnsPerStep; count++) {
      const next = this.queue.next();
      if (next === undefined) return;
      this.#runTurn(next);
      this.queue.done(next);
    }
  }

  /**
   * Looks at `maxObjects` objects of the heap, between steps, and notes what was written unseen. Answers false when a walk is done.
   * With "full" the driver need not ask: each turn ends with a whole walk, and a finding ends the node.
   */
  audit(maxObjects: number): boolean {
    const { audit } = this.heap;
    if (audit === undefined || this.options.audit !== "rolling") return false;
    audit.slice(maxObjects);
    for (const write of audit.takeFound()) {
      const { code, message, remedy, details } = this.heap.report(write);
      this.counters.untrackedWrites++;
      this.note({ level: "error", code, message, fields: { remedy, ...(details as object) } });
    }
    return !audit.isDone;
  }

  #auditWhole(): void {
    if (this.options.audit !== "full") return;
    const { audit } = this.heap;
    audit!.everything();
    for (const write of audit!.takeFound()) throw this.heap.report(write);
  }

  #turnClock() {
    return { now: this.clock.now, turnNumber: this.executed, lastId: this.lastId };
  }

  #runTurn(next: NextTurn): void {
    const { input, lane, channel } = next;
    // Being consumed is a fact to keep, even of a turn that changed nothing; only a question from outside leaves no trace.
    const mustRecord = input.kind !== "request" || channel !== undefined || (input.request.origin.kind === "external" && input.request.origin.key !== null);
    this.#recorder.begin();
    this.executed++;
    this.counters.turns++;
    let result = this.executor.run(input, this.#recorder.writer, this.#turnClock(), { mustRecord });
    if (result.kind === "failed") {
      this.counters.failures++;
      this.#noteFailure(next, result.error);
      this.#noteOutputs(result.outputs);
      if (lane.retries && lane.attempts < this.limits.retryAttempts) {
        this.#recorder.abandon();
        this.executed--;
        const delays = this.limits.retryDelaysMs;
        this.queue.pause(lane, this.clock.now + delays[Math.min(lane.attempts++, delays.length - 1)]!);
        this.#auditWhole();
        return;
      }
      result = this.#park(next, result.error);
    }
    this.queue.consumed(next, result.kind === "committed");
    this.#record(result, channel);
    this.#auditWhole();
    if (next.operation !== undefined) this.#hold({ kind: "answer", request: next.operation, outcome: { ok: true, value: null } });
  }

  /** A failed input whose tries are used up is consumed all the same: nothing refused ever blocks a channel. */
  #park({ input, lane }: NextTurn, error: unknown): TurnResult {
    const { writer } = this.#recorder;
    const message = messageOf(error);
    let result: TurnResult;
    if (!lane.retries) result = this.executor.park(input, failureOutcome(error), writer, this.#turnClock(), { mustRecord: false });
    else {
      this.counters.parked++;
      const attempts = lane.attempts + 1;
      const outcome = { ok: false, error: new MaceKenError("MK_PARKED", `the handler failed ${attempts} times: ${message}`) } as const;
      const letter = { error: stackOf(error) ?? message, attempts };
      result = this.executor.park(input, outcome, writer, this.#turnClock(), { mustRecord: true, letter });
    }
    assert(result.kind !== "failed", "parking runs no user code");
    return result;
  }

  /** Completes the turn: a committed one gets its record, one that only read gives its number back. */
  #record(result: TurnResult, consumed: Channel | undefined): void {
    assert(result.kind !== "failed", "a failed turn was undone");
    const { outputs } = result;
    if (result.kind === "committed") {
      this.lastId = result.lastId;
      this.#recorder.finish(this.executed, result.lastId, outputs.messages, consumed);
      this.counters.records++;
      this.counters.sent += outputs.messages.length;
      for (const { node } of outputs.messages) this.#peers.warnUnknown(node);
      this.queue.addOutputs(outputs);
    } else {
      this.#recorder.abandon();
      this.executed--;
    }
    for (const answer of outputs.answers) {
      for (const request of this.#external.recipients(answer)) this.#hold({ kind: "answer", request, outcome: answer.outcome });
    }
    for (const key of outputs.effectKeys) this.#hold({ kind: "outside", key });
    this.#noteOutputs(outputs);
  }

  // ------------------------------------------------------------------------------------------------------------- the gate

  /** An output waits for the turn executed last; one of a turn that only read, for what it read. */
  #hold(output: GatedOutput): void {
    this.#gate.hold(this.executed, output);
    if (this.executed === this.durable) this.#openGate();
  }

  #openGate(): void {
    this.#gate.open(this.durable, (output) => {
      if (output.kind === "outside") this.#runEffect(output.key);
      else this.#effects.push(output);
    });
  }

  #runEffect(key: string): void {
    const effect = this.state.effects.get(key);
    if (effect !== undefined) this.#effects.push({ kind: "outside", key, name: effect.name, args: effect.args });
  }

  #becomeDurable(turn: number): void {
    assert(turn >= this.durable && turn <= this.executed, "only executed turns become durable, in order (K7)");
    // A greeting tells the incarnation, which is a fact of the birth turn: nobody may hear of it before that is durable (K2).
    if (this.durable === 0) this.#dialAll();
    this.durable = turn;
    this.channels.becomeDurable(turn, (channel) => this.#peers.touch(channel));
    this.#openGate();
  }

  // ------------------------------------------------------------------------------------------------------------- the rest

  /** In a turn: from now on only who holds this key is the peer. */
  pinPeer(peer: string, key: string): void {
    this.channels.pin(this.channels.demand(peer), key, this.executed);
  }

  /** In a turn: the operator has given the peer up; whoever answers for it next may have another key. */
  forgetPeer(peer: string): void {
    const channel = this.channels.get(peer);
    if (channel === undefined) return;
    if (channel.key !== "") this.pinPeer(peer, "");
    // Also of one that was never met: messages to a name that was wrong wait for ever otherwise.
    if (channel.incarnation !== "" || channel.sent > 0) this.#beginAgain(channel, "");
    this.#peers.closePeer(peer);
  }

  /**
   * Inside a system turn: a peer began a new life, or is forgotten (an empty incarnation). Its channel starts again at 1, and
   * who waited for it is told: one turn, so that no crash can come between the two.
   */
  startChannelAgain(peer: string, incarnation: string): void {
    const channel = this.channels.get(peer);
    if (channel === undefined || channel.incarnation === incarnation) return;
    this.#beginAgain(channel, incarnation);
  }

  #beginAgain(channel: Channel, incarnation: string): void {
    const lost = channel.reset(incarnation);
    this.channels.noteIntroduction(channel, true);
    this.executor.losePeer(channel.peer, lost);
    // A session that is open goes on from numbers that mean nothing any more.
    this.#peers.closePeer(channel.peer);
  }

  #housekeeping(): void {
    if (this.clock.now < this.#nextHousekeeping) return;
    this.#nextHousekeeping = this.clock.now + housekeepingMs;
    const limit = this.clock.now - this.limits.idempotencyKeepMs;
    const oldestKey = this.state.keys.values().next().value;
    const oldestSession = this.state.sessions.values().next().value;
    if ((oldestKey?.at ?? Infinity) > limit && (oldestSession?.at ?? Infinity) > limit) return;
    this.queue.addSystem({ kind: "system", what: "keys expire", run: () => void expireKeys(this.state, this.clock.now, this.limits.idempotencyKeepMs, expiredPerTurn) });
  }

  #setAlarm(): void {
    let at = Math.min(this.queue.nextDueAt, this.#peers.nextTickAt() ?? Infinity);
    // An idle node with nothing to expire is left to sleep.
    if (this.state.keys.size + this.state.sessions.size > 0) at = Math.min(at, this.#nextHousekeeping);
    if (at === Infinity) return;
    if (this.#alarmAt !== undefined && this.#alarmAt <= at && this.#alarmAt > this.clock.now) return;
    this.#alarmAt = at;
    this.#effects.push({ kind: "alarm", afterMs: Math.max(0, at - this.clock.now) });
  }

  #noteFailure({ lane, input }: NextTurn, error: unknown): void {
    const what = input.kind === "request" || input.kind === "deferred" ? `${input.request.service}.${input.request.method}` : input.kind;
    this.note({
      level: "error",
      ...(error instanceof MaceKenError ? { code: error.code } : {}),
      message: `${what} failed (try ${lane.attempts + 1}): ${messageOf(error)}`,
      fields: { lane: lane.name, stack: stackOf(error) },
    });
  }

  #noteOutputs(outputs: TurnOutputs): void {
    for (const { level, message, fields } of outputs.notes) this.note(fields === undefined ? { level, message } : { level, message, fields });
  }

  note(note: Note): void {
    this.#effects.push({ kind: "note", note });
  }
}
