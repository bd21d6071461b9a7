/**
 * One atomic turn: begin, consume the input, dispatch, run the handler to completion, watch aspects, then commit (the patch
 * is appended to the record) or undo (no trace). K1 is kept here: what the input consumed and what the handler did are one
 * patch. K9 and K10: a timer, effect or key is taken from its table in the same turn that acts on it.
 * Decides nothing about retries or about when outputs leave: that is the kernel's.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { Rejection, type Outcome } from "../base/rejection.ts";
import type { Writer } from "../codec/writer.ts";
import { touch } from "../heap/barrier.ts";
import type { Heap } from "../heap/heap.ts";
import { isPersistent } from "../heap/mark.ts";
import type { AppDefinition } from "../service/app.ts";
import { setRunningTurn, type Sender } from "../service/turn-context.ts";
import { AspectWatcher } from "./aspects.ts";
import { asRefusal, callHandler, refuseThenable } from "./call-handler.ts";
import { findMethod } from "./continuation.ts";
import { dispatch } from "./dispatch.ts";
import { callOfInput, describeInput, outcomeOf, senderOf, serviceName } from "./input-facts.ts";
import { giveBirth, wakeUp, type WakeUpWork } from "./life-cycle.ts";
import { claim, DeadLetter, DeferredState, ReplyState, TimerState, type NodeState, type RequestMessage } from "./node-state.ts";
import type { Origin } from "./origin.ts";
import { publicError } from "./payload.ts";
import { ActiveTurn, activeTurn, type TurnPorts } from "./running-turn.ts";
import type { TurnInput, TurnOutputs } from "./turn-input.ts";

export type TurnResult =
  /** The turn is committed: its patch is in the record. */
  | { readonly kind: "committed"; readonly outputs: TurnOutputs; readonly lastId: number }
  /** Nothing changed and nothing was sent: no record is owed. */
  | { readonly kind: "read"; readonly outputs: TurnOutputs }
  /** The handler threw; everything is undone and the input is not consumed. */
  | { readonly kind: "failed"; readonly error: unknown; readonly outputs: TurnOutputs };

export interface ParkOptions {
  readonly mustRecord: boolean;
  /** A dead letter to keep. */
  readonly letter?: { readonly error: string; readonly attempts: number; /** A timer with a period does not fire again. */ readonly endsTimer?: boolean };
}

export interface TurnClock {
  readonly now: number;
  readonly turnNumber: number;
  readonly lastId: number;
}

export class TurnExecutor {
  readonly #heap: Heap;
  readonly #app: AppDefinition;
  readonly #ports: TurnPorts;
  readonly #effectNames: ReadonlySet<string>;
  readonly #aspects: AspectWatcher;
  /** Replies that wait for an outcome, stored ones too; made again from the loaded objects after recovery. */
  readonly #waiting = new Map<number, ReplyState>();

  constructor(heap: Heap, app: AppDefinition, ports: TurnPorts) {
    this.#heap = heap;
    this.#app = app;
    this.#ports = ports;
    this.#effectNames = new Set(Object.keys(app.effects));
    this.#aspects = new AspectWatcher(heap);
  }

  get state(): NodeState {
    return this.#heap.root as NodeState;
  }

  /** After recovery: a reply that was loaded and waits. One whose continuation has run may still be in the log: the table has it no more. */
  noteWaiting(reply: ReplyState): void {
    if (reply.outcome !== null) return;
    if (!reply.claimed || this.state.calls.get(reply.call) === reply) this.#waiting.set(reply.call, reply);
  }

  /** After birth or recovery: aspects compare with what is there now. */
  watchFromHere(): void {
    this.#aspects.reset(this.state.services.values());
  }

  /**
   * Runs `input` as one turn. `mustRecord` is true for a peer's message and for keyed requests: they write a record even when
   * nothing changed, because being consumed is a fact to keep.
   */
  run(input: TurnInput, writer: Writer, clock: TurnClock, options: { readonly mustRecord: boolean }): TurnResult {
    const state = this.state;
    const turn = this.#begin(state, senderOf(input, state), clock);
    const settledCall = this.#callSettledBy(input);
    try {
      const failure = this.#perform(turn, input, settledCall);
      if (failure !== undefined) return this.#refused(turn, input, failure, writer, clock, options);
      this.#aspects.run();
      turn.settleSends();
      return this.#commit(turn, writer, options.mustRecord, settledCall);
    } catch (error) {
      this.#heap.undo();
      this.#aspects.undone();
      return { kind: "failed", error, outputs: turn.outputs };
    } finally {
      this.#end();
      this.#ports.watch?.ends();
    }
  }

  /** Consumes an input whose handler failed for good: its tables forget it, a dead letter is written if asked, its caller is answered. */
  park(input: TurnInput, outcome: Outcome<unknown>, writer: Writer, clock: TurnClock, options: ParkOptions): TurnResult {
    const { letter } = options;
    const turn = this.#begin(this.state, senderOf(input, this.state), clock);
    const settledCall = this.#callSettledBy(input);
    const reply = this.#replyTo(settledCall);
    try {
      const kept = letter === undefined ? undefined : describeInput(input, this.state, reply);
      const request = this.#consume(turn, input, settledCall);
      if (letter?.endsTimer === true && input.kind === "timer") this.state.timers.delete(input.id);
      if (letter !== undefined) this.state.dead.set(turn.nextId(), new DeadLetter(turn.now, kept, letter.error, letter.attempts));
      if (request !== undefined) turn.answer(request.origin, outcome, `${request.service}.${request.method}`);
      else if (reply !== undefined && reply.forward !== null) turn.answer(reply.forward, outcome, reply.what);
      turn.settleSends();
      return this.#commit(turn, writer, options.mustRecord, settledCall);
    } finally {
      this.#end();
    }
  }

  /** The birth turn: services are constructed in order, then `born()` of each runs. Throws what they throw; then nothing has happened. */
  birth(root: NodeState, writer: Writer, clock: TurnClock): TurnResult {
    return this.#life(root, writer, clock, (turn) => {
      this.#heap.plant(root);
      giveBirth(turn, this.#app);
    });
  }

  /** The turn after a recovery: new fields, `upgraded(from)` when the version rose, with new services born, then `restarted()`. */
  restart(writer: Writer, clock: TurnClock, work: WakeUpWork): TurnResult {
    return this.#life(this.state, writer, clock, (turn) => wakeUp(turn, this.#app, work));
  }

  #life(state: NodeState, writer: Writer, clock: TurnClock, run: (turn: ActiveTurn) => void): TurnResult {
    const turn = this.#begin(state, { kind: "birth" }, clock);
    try {
      run(turn);
      turn.settleSends();
      // The first record of a life says that it began, whatever else happened.
      return this.#commit(turn, writer, true);
    } catch (error) {
      this.#heap.undo();
      throw error;
    } finally {
      this.#end();
    }
  }

  /** Inside a system turn: messages that never reached the peer become dead letters. */
  loseMessages(peer: string, lost: readonly Uint8Array[]): void {
    const turn = activeTurn("losing messages");
    for (const payload of lost) turn.state.dead.set(turn.nextId(), new DeadLetter(turn.now, { kind: "undelivered", node: peer, payload: payload.slice() }, "MK_PEER_LOST", 0));
  }

  /** How many wait for the peer. */
  waitingFor(peer: string): number {
    let count = 0;
    for (const { node } of this.#waiting.values()) if (node === peer) count++;
    return count;
  }

  /** Inside a system turn: whoever waits for the peer learns that it is lost. */
  losePeer(peer: string): void {
    const turn = activeTurn("losing a peer");
    for (const reply of this.#waiting.values()) {
      if (reply.node !== peer) continue;
      const error = new MaceKenError("MK_PEER_LOST", `${peer} began a new life or was forgotten before ${reply.what} was answered`);
      turn.addLocal({ call: reply.call, outcome: { ok: false, error } });
    }
  }

  #begin(state: NodeState, sender: Sender, clock: TurnClock): ActiveTurn {
    const turn = new ActiveTurn({
      state, sender, ports: this.#ports, effectNames: this.#effectNames, now: clock.now, turnNumber: clock.turnNumber, lastId: clock.lastId,
      isWaitedFor: (call) => this.#replyTo(call) !== undefined,
    });
    this.#heap.begin();
    setRunningTurn(turn);
    return turn;
  }

  #end(): void {
    setRunningTurn(undefined);
  }

  #commit(turn: ActiveTurn, writer: Writer, mustRecord: boolean, settledCall = 0): TurnResult {
    if (!mustRecord && this.#heap.dirtyCount === 0 && !turn.hasOutgoing && turn.outputs.isEmpty) {
      this.#heap.undo();
      return { kind: "read", outputs: turn.outputs };
    }
    this.#heap.commit(writer);
    this.#aspects.committed();
    this.#waiting.delete(settledCall);
    const waits = (reply: ReplyState): boolean => {
      if (!reply.claimed && !isPersistent(reply)) return false;
      this.#waiting.set(reply.call, reply);
      return true;
    };
    for (const { reply } of turn.effects) waits(reply);
    for (const { node, reply } of turn.sends) if (node === this.#ports.nodeName) waits(reply);
    turn.finishSends(waits);
    return { kind: "committed", outputs: turn.outputs, lastId: turn.lastId };
  }

  /** A refusal before or by the handler: the input is consumed in a turn whose answer is the error; what the handler did is undone. */
  #refused(turn: ActiveTurn, input: TurnInput, failure: Rejection | MaceKenError, writer: Writer, clock: TurnClock, options: ParkOptions): TurnResult {
    this.#heap.undo();
    this.#aspects.undone();
    this.#end();
    const result = this.park(input, { ok: false, error: failure }, writer, clock, options);
    if (result.kind !== "failed") (result.outputs.notes as unknown[]).unshift(...turn.outputs.notes);
    return result;
  }

  /** Runs the input's handler; answers a refusal, or undefined when all went well. Throws what the handler throws otherwise. */
  #perform(turn: ActiveTurn, input: TurnInput, settledCall: number): Rejection | MaceKenError | undefined {
    if (input.kind === "system") {
      input.run();
      return undefined;
    }
    if (input.kind === "nothing") return undefined;
    if (input.kind === "timer") {
      const timer = turn.state.timers.get(input.id);
      assert(timer instanceof TimerState, "a timer that fires is in its table");
      this.#consume(turn, input, settledCall);
      return this.#fire(timer);
    }
    if (input.kind === "request" || input.kind === "deferred" || (input.kind === "local" && "request" in this.#local(input.id))) {
      return this.#request(turn, this.#consume(turn, input, settledCall)!, input.kind === "deferred");
    }
    const outcome = outcomeOf(input, this.state);
    const reply = this.#replyTo(settledCall);
    this.#consume(turn, input, settledCall);
    return this.#outcome(turn, reply, outcome);
  }

  #local(id: number): object {
    const message = this.state.local.get(id);
    assert(message !== undefined, "a queued message to itself is in its table");
    return message;
  }

  /** The call whose outcome the input carries; 0 for none, also when another node than the one that was called says how it ended. */
  #callSettledBy(input: TurnInput): number {
    const call = callOfInput(input, this.state);
    return input.kind === "outcome" && this.#replyTo(call)?.node !== input.node ? 0 : call;
  }

  /** The reply that waits for this call's outcome. */
  #replyTo(call: number): ReplyState | undefined {
    return this.#waiting.get(call) ?? this.state.calls.get(call);
  }

  /** Takes the input out of the tables it stands in, alike whether its handler runs or it is parked; answers its request, if it is one. */
  #consume(turn: ActiveTurn, input: TurnInput, settledCall: number): RequestMessage | undefined {
    const { state } = turn;
    state.calls.delete(settledCall);
    switch (input.kind) {
      case "request": {
        const { origin } = input.request;
        input.prepare?.(turn.now);
        if (origin.kind === "external" && origin.key !== null) turn.takeKey(origin.key, input.fingerprint ?? "");
        return input.request;
      }
      case "deferred":
        state.deferred.delete(input.id);
        return input.request;
      case "local": {
        const message = state.local.get(input.id);
        state.local.delete(input.id);
        return message !== undefined && "request" in message ? message.request : undefined;
      }
      case "timer":
        consumeTimer(turn, input.id);
        return undefined;
      case "effect":
        state.effects.delete(input.key);
        return undefined;
      default:
        return undefined;
    }
  }

  #request(turn: ActiveTurn, request: RequestMessage, wasDeferred: boolean): Rejection | MaceKenError | undefined {
    const what = `${request.service}.${request.method}`;
    turn.origin = request.origin;
    this.#ports.watch?.begins(request.service, request.method);
    let dispatched;
    try {
      dispatched = request.sender.kind === "self" && request.origin.kind === "local" ? this.#own(turn, request) : dispatch(turn.state, this.#heap, request);
    } catch (error) {
      if (error instanceof MaceKenError) return error;
      throw error;
    }
    if (dispatched.kind === "drop") return undefined;
    if (dispatched.kind === "defer") {
      assert(!wasDeferred, "a deferred message is tried when its guard holds");
      if (turn.state.deferred.size >= this.#ports.maxDeferred) return new MaceKenError("MK_DEFER_FULL", `${turn.state.deferred.size} messages are deferred`);
      turn.defer(request);
      return undefined;
    }
    const result = callHandler(dispatched.handler, dispatched.service, dispatched.args);
    if ("rejection" in result) return result.rejection;
    this.#answer(turn, request.origin, result.value, what);
    return undefined;
  }

  /** `this.turn.send(this.method)` may name any method of the service; a ref to a service of this node only what is in `messages`. */
  #own(turn: ActiveTurn, request: RequestMessage): ReturnType<typeof dispatch> {
    const service = turn.state.services.get(request.service);
    const listed = service !== undefined && Object.hasOwn((service.constructor as { messages?: object }).messages ?? {}, request.method);
    if (service === undefined || listed) return dispatch(turn.state, this.#heap, request);
    const handler = findMethod(service, request.method);
    if (handler === undefined || !request.sender.name) return dispatch(turn.state, this.#heap, request);
    return { kind: "run", service, handler, args: request.args };
  }

  #answer(turn: ActiveTurn, origin: Origin, value: unknown, what: string): void {
    if (value instanceof DeferredState) {
      if (value.origin !== origin) throw new MaceKenError("MK_DEFERRED_SETTLED", `${what} returned a deferred reply of another message`);
      return;
    }
    if (value instanceof ReplyState) {
      claim(value, { forward: origin });
      if (value.outcome !== null) turn.addLocal({ call: value.call, outcome: value.outcome });
      turn.state.calls.set(value.call, value);
      return;
    }
    refuseThenable(value, what);
    turn.answer(origin, { ok: true, value }, what);
  }

  #outcome(turn: ActiveTurn, reply: ReplyState | undefined, outcome: Outcome<unknown>): Rejection | MaceKenError | undefined {
    if (reply === undefined || !isPersistent(reply)) {
      if (!outcome.ok) turn.outputs.notes.push({ level: "warn", message: `a message failed and nobody waits for its outcome: ${outcome.error.message}`, fields: undefined });
      return undefined;
    }
    if (!reply.claimed) {
      touch(reply).outcome = outcome;
      return undefined;
    }
    if (reply.forward !== null) {
      turn.answer(reply.forward, outcome, reply.what);
      return undefined;
    }
    const service = reply.service!;
    const handler = findMethod(service, reply.method);
    if (handler === undefined) throw new MaceKenError("MK_METHOD_MISSING", `the continuation ${service.constructor.name}.${reply.method} does not exist any more`);
    this.#ports.watch?.begins(serviceName(service, this.state), reply.method);
    return asRefusal(callHandler(handler, service, [outcome, ...reply.context]), `${service.constructor.name}.${reply.method}`);
  }

  #fire(timer: TimerState): Rejection | MaceKenError | undefined {
    const handler = findMethod(timer.service, timer.method);
    if (handler === undefined) throw new MaceKenError("MK_METHOD_MISSING", `the timer's method ${timer.service.constructor.name}.${timer.method} does not exist any more`);
    this.#ports.watch?.begins(serviceName(timer.service, this.state), timer.method);
    return asRefusal(callHandler(handler, timer.service, timer.args), `${timer.service.constructor.name}.${timer.method}`);
  }
}

/** A timer that fires once goes (K9); one with a period is set to its next time, whatever became of this one. */
function consumeTimer(turn: ActiveTurn, id: number): void {
  const timer = turn.state.timers.get(id);
  if (timer === undefined) return;
  if (timer.periodMs === 0) {
    turn.state.timers.delete(id);
    return;
  }
  // Periods that were missed are joined into this one; the phase stays.
  const missed = Math.floor((turn.now - timer.dueAt) / timer.periodMs);
  touch(timer).dueAt = timer.dueAt + (Math.max(0, missed) + 1) * timer.periodMs;
  turn.outputs.timers.push(timer);
}

/** An error as the caller of a failed handler sees it. */
export function failureOutcome(error: unknown): Outcome<unknown> {
  return { ok: false, error: publicError(error) };
}
