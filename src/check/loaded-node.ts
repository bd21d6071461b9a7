/**
 * One node in one of its states, alive: services, tables, and the executor that runs turns on them: the production code, without
 * the kernel's records and channels. A turn moves it to another state, or leaves it as it is.
 * Time stands still: a timer says only how long after its setting it fires, which is all that an order of turns can tell.
 */
import { assert } from "../base/assert.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import { HeapLoader } from "../heap/heap-loader.ts";
import { HeapSnapshot } from "../heap/heap-snapshot.ts";
import { Heap } from "../heap/heap.ts";
import { defaultLimits } from "../kernel/kernel-options.ts";
import { parkingOf } from "../kernel/parking.ts";
import { labelsOfRoot } from "../kernel/root-labels.ts";
import { guardTurn, type GuardedTurn } from "../sim/turn-guards.ts";
import type { AppDefinition } from "../service/app.ts";
import { TurnExecutor, type TurnResult } from "../turn/executor.ts";
import { declareTables, NodeState, ReplyState, type TimerState } from "../turn/node-state.ts";
import { callOfInput } from "../turn/input-facts.ts";
import type { TurnInput, TurnOutputs } from "../turn/turn-input.ts";
import { canonicalForm, type CanonicalForm } from "./canonical-form.ts";

/** Node time in every turn, ms. */
export const standingTimeMs = 1_700_000_000_000;

const writer = new Writer(64 * 1024);

/** Of a request that the node has sent itself and not answered. An object of the app's that looks like one does no harm. */
function isLocalOrigin(object: object): object is { readonly call: number } {
  const { kind, call } = object as { kind?: unknown; call?: unknown };
  return kind === "local" && typeof call === "number";
}

export interface NodePorts {
  readonly name: string;
  /** All of the world, in order. */
  readonly nodes: readonly string[];
  readonly app: AppDefinition;
  random(): number;
}

/** A turn that ran: what it gave out, and the error of a handler that threw. */
export interface RanTurn {
  readonly outputs: TurnOutputs;
  readonly error: unknown;
  /** The state may be another now. */
  readonly wrote: boolean;
}

export class LoadedNode {
  readonly #heap = new Heap(labelsOfRoot);
  readonly #executor: TurnExecutor;
  /** The largest number in use among timers, messages to itself and whatever else has one, but calls. */
  #lastId = 0;
  /** Calls that may still be answered. */
  readonly #calls = new Set<number>();
  /** Those of them that somebody waits for. */
  readonly #waiting = new Set<number>();
  /** When it was loaded, those of them that other nodes answer. */
  readonly waitingElsewhere: number[] = [];
  readonly #floor: number;
  readonly #nodes: readonly string[];
  /** What a handler sees of the world's time and chance behind the turn's back. */
  readonly #guarded: GuardedTurn;

  private constructor({ name, nodes, app, random }: NodePorts, floor: number) {
    this.#nodes = nodes;
    this.#guarded = { wallMs: standingTimeMs, random };
    this.#floor = floor;
    const { maxDeferred, maxMessageBytes } = defaultLimits;
    this.#executor = new TurnExecutor(this.#heap, app, {
      nodeName: name, random, maxDeferred, maxMessageBytesTo: () => maxMessageBytes, outboxRoomBytes: () => Infinity, watch: undefined,
      nextCall: (node) => this.#freeCall(node),
    });
  }

  /** Throws MK_START_FAILED as production does. */
  static born(ports: NodePorts): { readonly node: LoadedNode; readonly outputs: TurnOutputs } {
    const node = new LoadedNode(ports, 0);
    writer.reset();
    const result = node.#watched(() => node.#executor.birth(new NodeState(ports.app.version, ports.name), writer, { now: standingTimeMs, turnNumber: 1, lastId: 0 }));
    assert(result.kind === "committed", "a birth writes");
    declareTables(node.#heap, node.state);
    node.#executor.watchFromHere();
    return { node, outputs: result.outputs };
  }

  /** `floor`: a number that no call of the node may have any more, nor a lower one. */
  static load(ports: NodePorts, chunks: readonly Uint8Array[], floor: number): LoadedNode {
    const node = new LoadedNode(ports, floor);
    const loader = new HeapLoader(node.#heap);
    for (const chunk of chunks) loader.snapshotChunk(new Reader(chunk));
    const waiting: ReplyState[] = [];
    loader.finish((object) => {
      if (object instanceof ReplyState && object.outcome === null) waiting.push(object);
      else if (isLocalOrigin(object)) node.#calls.add(object.call);
    });
    const { state } = node;
    for (const reply of waiting) {
      node.#executor.noteWaiting(reply);
      node.#calls.add(reply.call);
      node.#waiting.add(reply.call);
      if (reply.node !== "") node.waitingElsewhere.push(reply.call);
    }
    for (const message of state.local.values()) if ("call" in message) node.#calls.add(message.call);
    for (const table of [state.timers, state.local, state.deferred, state.dead]) for (const id of table.keys()) node.#lastId = Math.max(node.#lastId, id);
    declareTables(node.#heap, state);
    node.#executor.watchFromHere();
    return node;
  }

  /**
   * The lowest number that no call has which may still be answered: states come back only if numbers do. By its remainder it says which
   * node is called, so that names can be exchanged in it too.
   */
  #freeCall(node: string): number {
    const { length } = this.#nodes;
    const first = 1 + Math.max(0, this.#nodes.indexOf(node));
    let call = first + length * Math.max(0, Math.ceil((this.#floor + 1 - first) / length));
    while (this.#calls.has(call)) call += length;
    this.#calls.add(call);
    return call;
  }

  get state(): NodeState {
    return this.#heap.root as NodeState;
  }

  form(): CanonicalForm {
    return canonicalForm(this.state);
  }

  /** What `load` makes this state from. */
  chunks(): Uint8Array[] {
    return LoadedNode.chunksOf(this.#heap);
  }

  static chunksOf(heap: Heap): Uint8Array[] {
    const snapshot = new HeapSnapshot(heap);
    const chunks: Uint8Array[] = [];
    while (!snapshot.done) chunks.push(snapshot.slice(1, Infinity).slice());
    snapshot.end();
    return chunks;
  }

  /** Timers that may fire next: not one that was set before or together with it for a time that comes no later. In the order of their setting. */
  dueTimers(): TimerState[] {
    const due: TimerState[] = [];
    let soonest = Infinity;
    for (const timer of this.state.timers.values()) {
      if (timer.dueAt < soonest) due.push(timer);
      soonest = Math.min(soonest, timer.dueAt);
    }
    return due;
  }

  /** Inside a system turn: calls of that node that wait get MK_PEER_LOST. */
  losePeer(peer: string): void {
    this.#executor.losePeer(peer);
  }

  /** A handler that throws is tried again in production: here it is parked at once, since a later try is another order of turns. */
  run(input: TurnInput, isRetried: boolean): RanTurn {
    if (input.kind === "timer") this.#beginPeriod(this.state.timers.get(input.id)!);
    this.#calls.delete(callOfInput(input, this.state));
    this.#freeUnanswered(input);
    const clock = { now: standingTimeMs, turnNumber: this.#freeTurnNumber(), lastId: this.#lastId };
    const options = { mustRecord: false };
    writer.reset();
    let result: TurnResult = this.#watched(() => this.#executor.run(input, writer, clock, options));
    if (result.kind !== "failed") return { outputs: result.outputs, error: undefined, wrote: result.kind === "committed" };
    const { error } = result;
    const { outcome, options: parking } = parkingOf({ retries: isRetried, attempts: defaultLimits.retryAttempts }, error);
    writer.reset();
    result = this.#executor.park(input, outcome, writer, clock, parking);
    assert(result.kind !== "failed", "parking runs no user code");
    return { outputs: result.outputs, error, wrote: result.kind === "committed" };
  }

  /** Code of the app's. */
  #watched(turn: () => TurnResult): TurnResult {
    guardTurn(this.#guarded);
    try {
      return turn();
    } finally {
      guardTurn(undefined);
    }
  }

  /** A request of the node to itself whose answer nobody waits for: its number is free as soon as it runs. */
  #freeUnanswered(input: TurnInput): void {
    const message = input.kind === "local" ? this.state.local.get(input.id) : undefined;
    if (message === undefined || !("request" in message) || message.request.origin.kind !== "local") return;
    const { call } = message.request.origin;
    if (!this.#waiting.has(call)) this.#calls.delete(call);
  }

  /** A timer with a period is set anew when it fires, behind those that were set meanwhile; time does not go on, so it is due at the same. */
  #beginPeriod(timer: TimerState): void {
    if (timer.periodMs !== 0) this.setAnew(timer, 0);
  }

  /** As if it had been set last. Outside of a turn, on a state that was loaded for this: no heap needs to hear of it. */
  setAnew(timer: TimerState, delayMs: number): void {
    const { timers } = this.state;
    timer.dueAt = standingTimeMs + delayMs;
    Map.prototype.delete.call(timers, timer.id);
    Map.prototype.set.call(timers, timer.id, timer);
  }

  /** Effects are named by their turn: a number that none under way has. */
  #freeTurnNumber(): number {
    let last = 1;
    for (const key of this.state.effects.keys()) last = Math.max(last, Number(key.split(".").at(-2)));
    return last + 1;
  }
}
