/**
 * One whole node without I/O: inputs in, effects out. It owns the order of things: which input becomes the next turn, what
 * goes into its record, and what may leave when (the gate is here, so no driver can get it wrong). K1-K10 meet in this file;
 * the turn itself is turn/executor.ts, what waits to become one turn-queue.ts, records turn-recorder.ts, channels protocol/,
 * connections peers.ts, the outer edge external.ts. Reads no clock, draws no randomness, performs no I/O.
 */
import { assert, unreachable } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { Heap } from "../heap/heap.ts";
import type { Channel } from "../protocol/channel.ts";
import { Gate } from "../protocol/gate.ts";
import { OutboxWatch } from "../protocol/outbox-watch.ts";
import { TurnExecutor, type TurnResult } from "../turn/executor.ts";
import type { WakeUpWork } from "../turn/life-cycle.ts";
import { declareTables, NodeState } from "../turn/node-state.ts";
import type { OutgoingMessage, TurnOutputs } from "../turn/turn-input.ts";
import { auditSlice, auditWhole } from "./audit-turns.ts";
import { ChannelRestarts } from "./channel-restarts.ts";
import { ChannelTable } from "./channel-table.ts";
import { expireKeys, ExternalRequests, oldestKeyAt } from "./external.ts";
import { failureNote } from "./failure-note.ts";
import { GuardedStart, nothingRuns, remainsOf, type Remains, type TurnGuard } from "./guarded-start.ts";
import { KernelClock, type TimeOfStep } from "./kernel-clock.ts";
import type { KernelEffect, Note } from "./kernel-effect.ts";
import type { ExternalRequest, KernelInput } from "./kernel-input.ts";
import { defaultLimits, outboxLimits, type KernelCounters, type KernelLimits, type KernelOptions } from "./kernel-options.ts";
import { LifeLedger, type Attempt, type LifeEvent } from "./life-ledger.ts";
import { Intake } from "./intake.ts";
import { operationTurn } from "./operations.ts";
import { OutboxStorage } from "./outbox-storage.ts";
import { deadlyNote, deathNote, parkingOf, parkingOfDeadly, retryOf, type Parking } from "./parking.ts";
import { Peers } from "./peers.ts";
import { labelsOfRoot } from "./root-labels.ts";
import { TurnQueue, type NextTurn } from "./turn-queue.ts";
import { TurnRecorder } from "./turn-recorder.ts";
import { UnsyncedRecords } from "./unsynced-records.ts";

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
  readonly outboxes: OutboxWatch;
  readonly storage: OutboxStorage;
  readonly counters: KernelCounters = { turns: 0, records: 0, failures: 0, parked: 0, retransmitted: 0, duplicates: 0, received: 0, sent: 0, untrackedWrites: 0 };
  readonly executor: TurnExecutor;
  readonly queue: TurnQueue;
  readonly ledger = new LifeLedger();
  /** Stands before the queue while this life is young, and for good when it is stopped; undefined otherwise. */
  guard: TurnGuard | undefined;
  /** The number of the last executed turn, and of the last durable one (K7). */
  executed = 0;
  durable = 0;
  /** The last number given to a call, timer or message of the node to itself. */
  lastId = 0;
  #effects: KernelEffect[] = [];
  readonly recorder: TurnRecorder;
  readonly #gate = new Gate<GatedOutput>();
  readonly #external: ExternalRequests;
  readonly #intake: Intake;
  readonly #unsynced: UnsyncedRecords;
  readonly peers: Peers;
  readonly restarts: ChannelRestarts;
  #alarmAt: number | undefined;
  #nextHousekeeping = 0;
  /** After "lighten": more of what waits for peers should go out before a snapshot. */
  isHeavy = false;
  #running = false;

  constructor(options: KernelOptions) {
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.heap = new Heap(labelsOfRoot);
    const { outboxQuotaBytes } = this.limits;
    this.outboxes = new OutboxWatch(outboxLimits(this.limits, options.durable));
    this.channels = new ChannelTable(this.outboxes);
    this.storage = new OutboxStorage(this.outboxes, (effect) => void this.#effects.push(effect), () => this.clock.now);
    if ((options.audit ?? "off") !== "off") this.heap.openAudit(options.audit === "full");
    this.executor = new TurnExecutor(this.heap, options.app, {
      nodeName: options.name,
      random: () => options.random(),
      maxDeferred: this.limits.maxDeferred,
      maxMessageBytesTo: (node) => Math.min(this.limits.maxMessageBytes, this.channels.get(node)?.peerMaxMessageBytes ?? Infinity),
      watch: options.watch,
      outboxRoomBytes: (node) => outboxQuotaBytes - (this.channels.get(node)?.outbox.weightBytes ?? 0),
    });
    this.#external = new ExternalRequests(this.limits);
    this.#unsynced = new UnsyncedRecords(this.limits.unsyncedBytes);
    this.#intake = new Intake(this.outboxes, this.limits.maxWaitingRequests, (note) => this.note(note));
    this.peers = new Peers(this, (effect) => void this.#effects.push(effect));
    this.restarts = new ChannelRestarts(this, this.peers);
    this.recorder = new TurnRecorder(this.channels, this.clock);
    this.queue = new TurnQueue({
      external: this.#external,
      watch: options.watch,
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
    return this.recorder.recorded;
  }

  // ------------------------------------------------------------------------------------------------------------- life

  /** The birth turn. Errors: MK_START_FAILED when a constructor or `born` throws; then nothing has happened. */
  birth(time: TimeOfStep): KernelEffect[] {
    this.clock.begin(time);
    const root = new NodeState(this.options.app.version, this.options.newIncarnation());
    this.executed = 1;
    this.recorder.begin();
    const result = this.executor.birth(root, this.recorder.writer, this.#turnClock());
    this.#record(result, undefined);
    declareTables(this.heap, this.state);
    this.executor.watchFromHere();
    return this.#begin(undefined);
  }

  /** After recovery.ts has loaded snapshot and records: resumes what was pending, then the restart turn. Throws what is wrong with the program. */
  resume(time: TimeOfStep, recorded: { readonly now: number; readonly skew: number; readonly provenTurn: number }, work: WakeUpWork): KernelEffect[] {
    this.clock.begin(time, recorded);
    this.recorder.resume({ ...recorded, lastId: this.lastId });
    this.durable = this.executed;
    declareTables(this.heap, this.state);
    this.queue.restore();
    for (const key of this.state.effects.keys()) this.#runEffect(key);
    this.executor.watchFromHere();
    const remains = this.ledger.ended ? undefined : remainsOf(this);
    const began = { kind: "began", counts: this.ledger.attempt !== undefined && this.executed <= recorded.provenTurn } as const;
    if (began.counts) this.note(deathNote(this.ledger, this.limits.deathsBeforeParked));
    this.executed++;
    this.recorder.begin();
    const result = this.executor.restart(this.recorder.writer, this.#turnClock(), work);
    this.#record(result, undefined, began);
    this.executor.watchFromHere();
    this.restarts.resume();
    return this.#begin(remains);
  }

  #begin(remains: Remains | undefined): KernelEffect[] {
    this.#running = true;
    if (this.options.durable) this.guard = new GuardedStart(this, remains);
    auditWhole(this);
    this.#nextHousekeeping = this.clock.now + housekeepingMs;
    if (this.durable > 0) this.#dialAll();
    return this.#endStep();
  }

  #dialAll(): void {
    this.peers.dialAll();
  }

  /** No new inputs from outside become turns; what is under way finishes. */
  stop(): void {
    this.#intake.stop();
  }

  /** The last record, which says that this life was stopped in order: the next one need not suspect anything. No turn runs any more. */
  end(): KernelEffect[] {
    if (!this.#running || !this.options.durable) return [];
    this.guard = nothingRuns;
    this.noteLife({ kind: "ended" });
    return this.#endStep();
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
        this.peers.opened(input.connection, input.peer, input.key);
        break;
      case "frames":
        this.peers.frames(input.connection, input.frames);
        break;
      case "congested":
        this.peers.congested(input.connection);
        break;
      case "drained":
        this.peers.drained(input.connection);
        break;
      case "closed":
        this.peers.closed(input.connection);
        break;
      case "dialFailed":
        this.peers.dialFailed(input.peer, input.reason);
        break;
      case "blockWritten":
        this.storage.wrote(input.block, input.isKept);
        break;
      case "blockRead":
        this.#haveRead(input.block, input.bytes);
        break;
      case "lighten":
        this.isHeavy = this.storage.lighten(this.channels.outboxes());
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
        this.peers.tick();
        break;
      default:
        unreachable(input, "unknown input");
    }
    return this.#endStep();
  }

  #haveRead(block: number, bytes: Uint8Array): void {
    const peer = this.storage.haveRead(block, bytes)?.peer;
    const channel = peer === undefined ? undefined : this.channels.get(peer);
    if (channel === undefined) return;
    this.peers.touch(channel);
    this.restarts.loaded(channel);
  }

  /** Why requests from outside are not taken at the moment. */
  get heldBack(): string | undefined {
    return this.#intake.refusal(this.#external.queue.length);
  }

  #request(input: ExternalRequest): void {
    const why = this.heldBack;
    if (why === undefined) this.queue.addRequest(input);
    else this.#effects.push({ kind: "answer", request: input.request, outcome: { ok: false, error: new MaceKenError("MK_HELD_BACK", why) } });
  }

  #endStep(): KernelEffect[] {
    this.#housekeeping();
    this.queue.advance();
    this.#runTurns();
    const { writer } = this.recorder;
    if (writer.length > 0) {
      if (this.options.durable) {
        this.#unsynced.appended(this.executed, writer.length);
        this.#effects.push({ kind: "append", bytes: writer.view(), turn: this.executed });
      }
      writer.reset();
      if (!this.options.durable) this.#becomeDurable(this.executed);
    }
    this.peers.flush();
    this.storage.flush();
    this.#intake.noteChange();
    if (this.queue.hasReady && !this.#waitsForDisk) this.#effects.push({ kind: "again" });
    this.#setAlarm();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  // ------------------------------------------------------------------------------------------------------------- turns

  /** No turn may run now: the next durable one is the occasion to go on. */
  get #waitsForDisk(): boolean {
    return this.#unsynced.isFull || this.guard?.isWaiting === true;
  }

  #runTurns(): void {
    if (this.#unsynced.isFull) return;
    for (let count = 0; count < this.limits.turnsPerStep; count++) {
      const next = this.guard === undefined ? this.queue.next() : this.guard.next();
      if (next === undefined) return;
      this.#runTurn(next);
      this.guard?.ran();
      this.queue.done(next);
    }
  }

  /** With "rolling" the driver asks for this between steps; false when a walk is done. */
  audit(maxObjects: number): boolean {
    return auditSlice(this, maxObjects);
  }

  #turnClock() {
    return { now: this.clock.now, turnNumber: this.executed, lastId: this.lastId };
  }

  #runTurn(next: NextTurn): void {
    const { input, lane, channel } = next;
    // Being consumed is a fact to keep, even of a turn that changed nothing; only a question from outside leaves no trace.
    const mustRecord = input.kind !== "request" || channel !== undefined || (input.request.origin.kind === "external" && input.request.origin.key !== null);
    this.recorder.begin(input);
    this.executed++;
    this.counters.turns++;
    let result = this.executor.run(input, this.recorder.writer, this.#turnClock(), { mustRecord });
    if (result.kind === "failed") {
      this.counters.failures++;
      const retry = retryOf(lane, this.limits, this.state.dead.size);
      this.note(retry?.note ?? failureNote(next, this.state, result.error));
      this.#noteOutputs(result.outputs);
      if (retry !== undefined) {
        this.recorder.abandon();
        this.executed--;
        this.queue.pause(lane, this.clock.now + retry.delayMs);
        auditWhole(this);
        return;
      }
      if (lane.retries) this.counters.parked++;
      result = this.#park(next, parkingOf(lane, result.error));
    }
    this.queue.consumed(next, result.kind === "committed");
    this.#record(result, channel);
    auditWhole(this);
    if (next.operation !== undefined) this.#hold({ kind: "answer", request: next.operation, outcome: { ok: true, value: null } });
  }

  /** An input whose tries are used up is consumed all the same: nothing refused ever blocks a channel. */
  #park({ input }: NextTurn, { outcome, options }: Parking): TurnResult {
    const result = this.executor.park(input, outcome, this.recorder.writer, this.#turnClock(), options);
    assert(result.kind !== "failed", "parking runs no user code");
    return result;
  }

  /** For guarded-start.ts: consumes what has ended the process too often, without running it. */
  parkDeadly(next: NextTurn, attempt: Attempt, deaths: number): void {
    this.recorder.begin(next.input);
    this.executed++;
    this.counters.parked++;
    const result = this.#park(next, parkingOfDeadly(attempt, deaths));
    this.note(deadlyNote(attempt, deaths));
    this.queue.consumed(next, true);
    this.#record(result, next.channel, { kind: "parked", attempt });
  }

  /** A record that says only this of the node's life. */
  noteLife(event: LifeEvent): void {
    this.recorder.begin();
    this.executed++;
    this.counters.records++;
    this.#finishRecord(this.lastId, [], undefined, event);
  }

  #finishRecord(lastId: number, messages: readonly OutgoingMessage[], consumed: Channel | undefined, event: LifeEvent | undefined): void {
    const before = this.recorder.recorded.now;
    this.recorder.finish(this.executed, lastId, messages, consumed, event);
    if (event !== undefined) this.ledger.note(event, this.clock.now, before);
  }

  /** Completes the turn: a committed one gets its record, one that only read gives its number back. */
  #record(result: TurnResult, consumed: Channel | undefined, event?: LifeEvent): void {
    assert(result.kind !== "failed", "a failed turn was undone");
    const { outputs } = result;
    if (result.kind === "committed") {
      this.lastId = result.lastId;
      this.#finishRecord(result.lastId, outputs.messages, consumed, event);
      this.counters.records++;
      this.counters.sent += outputs.messages.length;
      for (const { node } of outputs.messages) this.peers.warnUnknown(node);
      this.queue.addOutputs(outputs);
    } else {
      this.recorder.abandon();
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
    this.#unsynced.becameDurable(turn);
    this.channels.becomeDurable(turn, (channel) => this.peers.touch(channel));
    this.#openGate();
  }

  // ------------------------------------------------------------------------------------------------------------- the rest

  #housekeeping(): void {
    if (this.clock.now < this.#nextHousekeeping) return;
    this.#nextHousekeeping = this.clock.now + housekeepingMs;
    if (oldestKeyAt(this.state) > this.clock.now - this.limits.idempotencyKeepMs) return;
    this.queue.addSystem({ kind: "system", what: "keys expire", run: () => void expireKeys(this.state, this.clock.now, this.limits.idempotencyKeepMs, expiredPerTurn) });
  }

  #setAlarm(): void {
    let at = Math.min(this.#waitsForDisk ? Infinity : this.queue.nextDueAt, this.peers.nextTickAt());
    // An idle node with nothing to expire is left to sleep.
    if (this.state.keys.size + this.state.sessions.size > 0) at = Math.min(at, this.#nextHousekeeping);
    if (at === Infinity) return;
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#effects.push({ kind: "alarm", afterMs: Math.max(0, at - this.clock.now) });
  }

  #noteOutputs(outputs: TurnOutputs): void {
    for (const { level, message, fields } of outputs.notes) this.note(fields === undefined ? { level, message } : { level, message, fields });
  }

  note(note: Note): void {
    this.#effects.push({ kind: "note", note });
  }
}
