/**
 * One whole node without I/O: inputs in, effects out. It owns the order of things: which input becomes the next turn, what
 * goes into its record, and what may leave when (the gate is here, so no driver can get it wrong). K1-K10 meet in this file;
 * the turn itself is turn/executor.ts, the channels are protocol/, connections peers.ts, the outer edge external.ts.
 * Reads no clock, draws no randomness, performs no I/O.
 */
import { assert, unreachable } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { DecodeError } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import { Heap } from "../heap/heap.ts";
import { Gate } from "../protocol/gate.ts";
import type { Channel } from "../protocol/channel.ts";
import type { AppDefinition } from "../service/app.ts";
import { failureOutcome, TurnExecutor, type TurnResult } from "../turn/executor.ts";
import { declareTables, NodeState } from "../turn/node-state.ts";
import { readPayload } from "../turn/payload.ts";
import type { TurnInput, TurnOutputs } from "../turn/turn-input.ts";
import { ChannelTable } from "./channel-table.ts";
import { DeferredRequests } from "./deferred-requests.ts";
import { expireKeys, ExternalRequests } from "./external.ts";
import { KernelClock, type TimeOfStep } from "./kernel-clock.ts";
import type { KernelEffect, Note } from "./kernel-effect.ts";
import type { ExternalRequest, KernelInput, Operation } from "./kernel-input.ts";
import { Lanes, makeLane, type Lane } from "./lanes.ts";
import { operationTurn } from "./operations.ts";
import { Peers } from "./peers.ts";
import { beginRecord, endRecord, type RecordHead } from "./record.ts";
import { TimerQueue } from "./timer-queue.ts";
import { Queue } from "../base/queue.ts";

export interface KernelOptions {
  readonly name: string;
  readonly app: AppDefinition;
  /** Peers with a configured address, which this node dials. */
  readonly dials: readonly string[];
  /** Whether a node of this name may connect. */
  accepts(node: string): boolean;
  /** 0 <= x < 1. */
  random(): number;
  /** A fresh name for a life: used at birth. */
  newIncarnation(): string;
  /** False runs without records and gating, as classic Mace: everything is lost at a crash. For comparison only. */
  readonly durable: boolean;
  readonly limits?: Partial<KernelLimits>;
}

export interface KernelLimits {
  /** Turns of one step, so that groups form and other inputs get their chance. */
  readonly turnsPerStep: number;
  readonly retryAttempts: number;
  readonly retryDelaysMs: readonly number[];
  readonly maxIdempotencyKeys: number;
  readonly idempotencyKeepMs: number;
  readonly maxDeferred: number;
  /** Bytes of one message between nodes. */
  readonly maxMessageBytes: number;
}

const housekeepingMs = 60_000;

const defaultLimits: KernelLimits = {
  turnsPerStep: 250,
  retryAttempts: 3,
  retryDelaysMs: [10, 100, 1000],
  maxIdempotencyKeys: 1_000_000,
  idempotencyKeepMs: 24 * 3600 * 1000,
  maxDeferred: 100_000,
  maxMessageBytes: 16 * 1024 * 1024,
};

type GatedOutput =
  | { readonly kind: "answer"; readonly request: number; readonly outcome: Outcome<unknown> }
  | { readonly kind: "outside"; readonly key: string };

/** Counts since the start of the process; for metrics and tests. */
export interface KernelCounters {
  turns: number;
  records: number;
  failures: number;
  parked: number;
  retransmitted: number;
  duplicates: number;
  received: number;
  sent: number;
}

export class Kernel {
  readonly options: KernelOptions;
  readonly limits: KernelLimits;
  readonly heap: Heap;
  readonly clock = new KernelClock();
  readonly channels = new ChannelTable();
  readonly counters: KernelCounters = { turns: 0, records: 0, failures: 0, parked: 0, retransmitted: 0, duplicates: 0, received: 0, sent: 0 };
  readonly timers = new TimerQueue();
  readonly localIds = new Queue<number>();
  readonly executor: TurnExecutor;
  /** The number of the last executed turn, and of the last durable one (K7). */
  executed = 0;
  durable = 0;
  lastId = 0;
  #effects: KernelEffect[] = [];
  readonly #record = new Writer(64 * 1024);
  readonly #gate = new Gate<GatedOutput>();
  readonly #external: ExternalRequests;
  readonly #deferred: DeferredRequests;
  readonly #peers: Peers;
  readonly #lanes = new Lanes();
  readonly #channelLanes = new Map<Channel, Lane>();
  readonly #effectResults = new Queue<Extract<TurnInput, { kind: "effect" }>>();
  readonly #systemTurns = new Queue<{ readonly input: Extract<TurnInput, { kind: "system" }>; readonly request?: number }>();
  readonly #lane: { readonly local: Lane; readonly timers: Lane; readonly external: Lane; readonly effects: Lane; readonly system: Lane; readonly deferred: Lane };
  #recordedNow = 0;
  #recordedSkew = 0;
  #recordedLastId = 0;
  #alarmAt: number | undefined;
  #nextHousekeeping = 0;
  #running = false;
  #stopping = false;

  constructor(options: KernelOptions) {
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.heap = new Heap(labelsOfRoot);
    this.executor = new TurnExecutor(this.heap, options.app, { nodeName: options.name, random: () => options.random() });
    this.#external = new ExternalRequests(this.limits);
    this.#deferred = new DeferredRequests(this.heap);
    this.#peers = new Peers(this, (effect) => void this.#effects.push(effect));
    this.#lane = {
      system: makeLane("system", false, () => this.#systemTurns.peek()?.input, () => void this.#systemTurns.shift()),
      deferred: makeLane("deferred", true, () => this.#deferred.ready(this.state), () => {}),
      local: makeLane("local", true, () => this.#peekLocal(), () => void this.localIds.shift()),
      timers: makeLane("timers", true, () => this.#peekTimer(), () => void this.timers.shift()),
      effects: makeLane("effects", true, () => this.#effectResults.peek(), () => void this.#effectResults.shift()),
      external: makeLane("external", false, () => this.#admitExternal(), () => {}),
    };
  }

  get state(): NodeState {
    return this.heap.root as NodeState;
  }

  get incarnation(): string {
    return this.state.incarnation;
  }

  // ------------------------------------------------------------------------------------------------------------- life

  /** The birth turn. Throws what a constructor or `born` throws; then nothing has happened. */
  birth(time: TimeOfStep): KernelEffect[] {
    this.clock.begin(time);
    const root = new NodeState(this.options.app.version, this.options.newIncarnation());
    const start = beginRecord(this.#record);
    this.executed = 1;
    const result = this.executor.birth(root, this.#record, this.#turnClock());
    this.#finishRecord(start, result, undefined);
    declareTables(this.heap, this.state);
    this.executor.watchFromHere();
    return this.#begin();
  }

  /** After recovery.ts has loaded snapshot and records: resumes what was pending, then the restart turn. */
  resume(time: TimeOfStep, recorded: { readonly now: number; readonly skew: number }): KernelEffect[] {
    this.clock.begin(time, recorded);
    this.#recordedNow = recorded.now;
    this.#recordedSkew = recorded.skew;
    this.#recordedLastId = this.lastId;
    this.durable = this.executed;
    declareTables(this.heap, this.state);
    for (const timer of this.state.timers.values()) this.timers.add(timer.dueAt, timer.id);
    for (const id of [...this.state.local.keys()].sort((a, b) => a - b)) this.localIds.push(id);
    this.#deferred.restore(this.state);
    for (const key of this.state.effects.keys()) this.#runEffect(key);
    this.executor.watchFromHere();
    const start = beginRecord(this.#record);
    this.executed++;
    const result = this.executor.restart(this.#record, this.#turnClock());
    if (result.kind === "committed") this.#finishRecord(start, result, undefined);
    else {
      this.#record.truncate(start);
      this.executed--;
    }
    this.#giveOut(result.outputs);
    this.executor.watchFromHere();
    return this.#begin();
  }

  #begin(): KernelEffect[] {
    this.#running = true;
    this.#nextHousekeeping = this.clock.now + housekeepingMs;
    this.#lanes.wake(this.#lane.local);
    this.#lanes.wake(this.#lane.timers);
    this.#lanes.wake(this.#lane.deferred);
    if (this.durable > 0) this.#dialAll();
    return this.#endStep();
  }

  #dialAll(): void {
    for (const peer of this.options.dials) this.#effects.push({ kind: "dial", peer, delayMs: 0 });
  }

  /** No new inputs from outside become turns; what is under way finishes. */
  stop(): void {
    this.#stopping = true;
  }

  /** What the last record said of time and numbers: where a snapshot's records go on. */
  get recorded(): { readonly now: number; readonly skew: number; readonly lastId: number } {
    return { now: this.#recordedNow, skew: this.#recordedSkew, lastId: this.lastId };
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
        this.#peers.opened(input.connection, input.peer);
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
        if (this.state.effects.has(input.key)) {
          this.#effectResults.push({ kind: "effect", key: input.key, outcome: input.outcome });
          this.#lanes.wake(this.#lane.effects);
        }
        break;
      case "operate":
        this.#operate(input.request, input.operation);
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
    if (this.#stopping) {
      this.#effects.push({ kind: "answer", request: input.request, outcome: { ok: false, error: new MaceKenError("MK_HELD_BACK", "the node is stopping") } });
      return;
    }
    this.#external.queue.push(input);
    this.#lanes.wake(this.#lane.external);
  }

  #operate(request: number, operation: Operation): void {
    this.#system(operationTurn(this, operation), request);
  }

  #system(input: Extract<TurnInput, { kind: "system" }>, request?: number): void {
    this.#systemTurns.push(request === undefined ? { input } : { input, request });
    this.#lanes.wake(this.#lane.system);
  }

  #endStep(): KernelEffect[] {
    this.#dueTimers();
    this.#housekeeping();
    const paused = this.#lanes.resume(this.clock.now);
    this.#runTurns();
    if (this.#record.length > 0) {
      if (this.options.durable) this.#effects.push({ kind: "append", bytes: this.#record.view(), turn: this.executed });
      this.#record.reset();
      if (!this.options.durable) this.#becomeDurable(this.executed);
    }
    this.#peers.flush();
    if (this.#lanes.hasReady) this.#effects.push({ kind: "again" });
    this.#setAlarm(paused);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #runTurns(): void {
    // Deferred messages come before new input when their guard has come to hold.
    for (let count = 0; count < this.limits.turnsPerStep; count++) {
      const next = this.#lanes.next();
      if (next === undefined) return;
      this.#runTurn(next.lane, next.input);
      if (next.lane.pausedUntil === 0 && next.lane.peek() !== undefined) this.#lanes.wake(next.lane);
    }
  }

  // ------------------------------------------------------------------------------------------------------------- turns

  #turnClock() {
    return { now: this.clock.now, turnNumber: this.executed, lastId: this.lastId };
  }

  #runTurn(lane: Lane, input: TurnInput): void {
    const channel = this.#channelOf(lane);
    const keyed = input.kind === "request" && input.request.origin.kind === "external" && input.request.origin.key !== null;
    const mustRecord = channel !== undefined || keyed || input.kind !== "request";
    const start = beginRecord(this.#record);
    this.executed++;
    this.counters.turns++;
    let result = this.executor.run(input, this.#record, this.#turnClock(), { mustRecord });
    if (result.kind === "failed") {
      this.counters.failures++;
      this.#noteFailure(lane, input, result.error);
      this.#noteOutputs(result.outputs);
      if (lane.retries && lane.attempts < this.limits.retryAttempts) {
        this.#record.truncate(start);
        this.executed--;
        const delays = this.limits.retryDelaysMs;
        this.#lanes.pause(lane, this.clock.now + delays[Math.min(lane.attempts++, delays.length - 1)]!);
        return;
      }
      result = this.#park(lane, input, result.error);
    }
    lane.attempts = 0;
    lane.take();
    if (input.kind === "deferred") this.#deferred.taken(input.id);
    if (result.kind === "committed") {
      this.#finishRecord(start, result, channel);
      if (channel !== undefined) {
        channel.consume(this.executed);
        this.channels.awaitDurability(channel);
      }
    } else {
      this.#record.truncate(start);
      this.executed--;
      this.#giveOut(result.outputs);
    }
    this.#afterTurn(input, result);
  }

  /** A failed input whose tries are used up is consumed all the same: nothing refused ever blocks a channel. */
  #park(lane: Lane, input: TurnInput, error: unknown): TurnResult {
    const outcome = lane.retries
      ? ({ ok: false, error: new MaceKenError("MK_PARKED", `the handler failed ${lane.attempts + 1} times: ${error instanceof Error ? error.message : String(error)}`) } as const)
      : failureOutcome(error);
    if (lane.retries) this.counters.parked++;
    const letter = lane.retries ? { error: error instanceof Error ? (error.stack ?? error.message) : String(error), attempts: lane.attempts + 1 } : undefined;
    const result = this.executor.park(input, outcome, this.#record, this.#turnClock(), letter === undefined ? { mustRecord: false } : { mustRecord: true, letter });
    assert(result.kind !== "failed", "parking runs no user code");
    return result;
  }

  #afterTurn(input: TurnInput, result: TurnResult): void {
    if (result.kind === "committed" && this.#deferred.length > 0) this.#lanes.wake(this.#lane.deferred);
    if (input.kind !== "system") return;
    const system = this.#lastSystemRequest;
    this.#lastSystemRequest = undefined;
    if (system !== undefined) this.#gate.hold(this.executed, { kind: "answer", request: system, outcome: { ok: true, value: null } });
    this.#openGate();
  }

  #lastSystemRequest: number | undefined;

  #channelOf(lane: Lane): Channel | undefined {
    if (lane === this.#lane.system) this.#lastSystemRequest = this.#systemTurns.peek()?.request;
    return laneChannels.get(lane);
  }

  /** Completes the record of a committed turn and gives its outputs to the gate and the channels. */
  #finishRecord(start: number, result: TurnResult, consumed: Channel | undefined): void {
    assert(result.kind === "committed", "only a committed turn has a record");
    const { outputs, lastId } = result;
    this.lastId = lastId;
    const sent: { index: number; payload: Uint8Array }[] = [];
    for (const { node, payload } of outputs.messages) {
      const channel = this.channels.demand(node);
      sent.push({ index: this.channels.indexOf(channel), payload });
      channel.send(payload, this.executed);
      this.counters.sent++;
      this.channels.awaitDurability(channel);
      this.#peers.warnUnknown(node);
    }
    const head: RecordHead = {
      turn: this.executed,
      elapsedMs: this.clock.now - this.#recordedNow,
      lastId: lastId === this.#recordedLastId ? undefined : lastId,
      skew: Math.abs(this.clock.skew - this.#recordedSkew) < 2 ? undefined : this.clock.skew,
      consumed: consumed === undefined ? undefined : this.channels.indexOf(consumed),
      sent,
      peers: this.channels.takeIntroductions(),
    };
    this.#recordedNow = this.clock.now;
    this.#recordedLastId = lastId;
    if (head.skew !== undefined) this.#recordedSkew = head.skew;
    endRecord(this.#record, start, head);
    this.counters.records++;
    this.#giveOut(outputs);
  }

  /** Outputs wait in the gate for the turn executed last; those of a turn that only read wait for what it read. */
  #giveOut(outputs: TurnOutputs): void {
    for (const answer of outputs.answers) {
      for (const request of this.#external.recipients(answer)) this.#gate.hold(this.executed, { kind: "answer", request, outcome: answer.outcome });
    }
    for (const key of outputs.effectKeys) this.#gate.hold(this.executed, { kind: "outside", key });
    for (const timer of outputs.timers) this.timers.add(timer.dueAt, timer.id);
    for (const id of outputs.localIds) this.localIds.push(id);
    if (outputs.localIds.length > 0) this.#lanes.wake(this.#lane.local);
    for (const id of outputs.deferredIds) this.#deferred.add(id, this.state);
    this.#noteOutputs(outputs);
    if (outputs.answers.length > 0) this.#openGate();
  }

  #noteOutputs(outputs: TurnOutputs): void {
    for (const note of outputs.notes) this.note({ level: note.level, message: note.message, ...(note.fields === undefined ? {} : { fields: note.fields }) });
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

  // ------------------------------------------------------------------------------------------------------------- lanes

  /** A peer's message arrived in the channel's inbox. */
  wakeChannel(channel: Channel): void {
    let lane = this.#channelLanes.get(channel);
    if (lane === undefined) {
      lane = makeLane(channel.peer, true, () => this.#readInbox(channel), () => {});
      this.#channelLanes.set(channel, lane);
      laneChannels.set(lane, channel);
    }
    this.#lanes.wake(lane);
  }

  #readInbox(channel: Channel): TurnInput | undefined {
    const bytes = channel.inbox.peek();
    if (bytes === undefined) return undefined;
    try {
      const payload = readPayload(bytes);
      switch (payload.kind) {
        case "request": {
          const { service, method, args, call } = payload;
          return { kind: "request", request: { service, method, args, origin: { kind: "node", node: channel.peer, call }, sender: { kind: "node", name: channel.peer } } };
        }
        case "outcome":
          return { kind: "outcome", call: payload.call, outcome: payload.outcome, node: channel.peer };
        case "failure":
          this.note({ level: "warn", message: `${channel.peer}: ${payload.what} failed and nobody waits for its outcome: ${payload.error instanceof Error ? payload.error.message : ""}` });
          return { kind: "nothing", what: payload.what };
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.note({ level: "error", code: "MK_FRAME_MALFORMED", message: `a message of ${channel.peer} cannot be read and was dropped: ${error.message}` });
      return { kind: "nothing", what: "unreadable" };
    }
  }

  #peekLocal(): TurnInput | undefined {
    for (let id = this.localIds.peek(); id !== undefined; id = this.localIds.peek()) {
      if (this.state.local.has(id)) return { kind: "local", id };
      this.localIds.shift();
    }
    return undefined;
  }

  #peekTimer(): TurnInput | undefined {
    for (let next = this.timers.next; next !== undefined && next.dueAt <= this.clock.now; next = this.timers.next) {
      if (this.state.timers.get(next.id)?.dueAt === next.dueAt) return { kind: "timer", id: next.id };
      this.timers.shift();
    }
    return undefined;
  }

  #dueTimers(): void {
    const next = this.timers.next;
    if (next !== undefined && next.dueAt <= this.clock.now) this.#lanes.wake(this.#lane.timers);
  }

  /** The next outside request that needs a turn; those that do not are answered on the way. */
  #admitExternal(): TurnInput | undefined {
    for (let request = this.#external.queue.shift(); request !== undefined; request = this.#external.queue.shift()) {
      const admission = this.#external.admit(request, this.state);
      if (admission.kind === "run") return admission.input;
      if (admission.kind === "answer") {
        // It may repeat the answer of a turn that is not durable yet.
        this.#gate.hold(this.executed, { kind: "answer", request: request.request, outcome: admission.outcome });
        this.#openGate();
      }
    }
    return undefined;
  }

  // ------------------------------------------------------------------------------------------------------------- the rest

  /** A peer began a new life or is forgotten: its channel starts again; what was lost is said to who waits (one system turn). */
  resetChannel(channel: Channel, incarnation: string): void {
    const lost = channel.reset(incarnation);
    this.channels.noteIncarnation(channel, true);
    this.#lanes.wake(this.#lane.system);
    this.#system({ kind: "system", what: `${channel.peer} began a new life`, run: () => this.executor.losePeer(channel.peer, lost) });
  }

  #housekeeping(): void {
    if (this.clock.now < this.#nextHousekeeping) return;
    this.#nextHousekeeping = this.clock.now + housekeepingMs;
    const oldest = this.state.keys.values().next().value;
    const oldestSession = this.state.sessions.values().next().value;
    const limit = this.clock.now - this.limits.idempotencyKeepMs;
    if ((oldest?.at ?? Infinity) > limit && (oldestSession?.at ?? Infinity) > limit) return;
    this.#system({ kind: "system", what: "keys expire", run: () => void expireKeys(this.state, this.clock.now, this.limits.idempotencyKeepMs, 10_000) });
  }

  #setAlarm(pausedUntil: number | undefined): void {
    let at = this.timers.next?.dueAt ?? Infinity;
    if (pausedUntil !== undefined) at = Math.min(at, pausedUntil);
    const paused = this.#lanes.resume(this.clock.now);
    if (paused !== undefined) at = Math.min(at, paused);
    at = Math.min(at, this.#peers.nextTickAt() ?? Infinity);
    // An idle node with nothing to expire is left to sleep.
    if (this.state.keys.size + this.state.sessions.size > 0) at = Math.min(at, this.#nextHousekeeping);
    if (at === Infinity) return;
    if (this.#alarmAt !== undefined && this.#alarmAt <= at && this.#alarmAt > this.clock.now) return;
    this.#alarmAt = at;
    this.#effects.push({ kind: "alarm", afterMs: Math.max(0, at - this.clock.now) });
  }

  #noteFailure(lane: Lane, input: TurnInput, error: unknown): void {
    const what = input.kind === "request" || input.kind === "deferred" ? `${input.request.service}.${input.request.method}` : input.kind;
    const code = error instanceof MaceKenError ? { code: error.code } : {};
    this.note({
      level: "error",
      ...code,
      message: `${what} failed (try ${lane.attempts + 1}): ${error instanceof Error ? error.message : String(error)}`,
      fields: { lane: lane.name, stack: error instanceof Error ? error.stack : undefined },
    });
  }

  note(note: Note): void {
    this.#effects.push({ kind: "note", note });
  }
}

const laneChannels = new WeakMap<Lane, Channel>();

/** Paths to refused values begin with the name of the service they hang from. */
function* labelsOfRoot(root: object): Iterable<[string, unknown]> {
  const state = root as NodeState;
  for (const [name, service] of state.services) yield [name, service];
  for (const [id, timer] of state.timers) yield [`timer ${timer.method} (${id})`, timer];
  for (const [, reply] of state.calls) yield [`continuation ${reply.method || "?"} of ${reply.what}`, reply];
  for (const [id, message] of state.local) yield [`message to itself ${id}`, message];
  for (const [key, effect] of state.effects) yield [`effect ${effect.name} (${key})`, effect];
}
