/**
 * The turn that runs: what `this.turn`, refs, replies, deferred replies and timers do while a handler has control.
 * Sends are only collected; arguments are encoded at once, so later changes do not reach them. Commit and undo are executor.ts.
 */
import { nodeOf, serviceOf, type Address } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import type { Outcome, Rejection } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { Reader } from "../codec/reader.ts";
import { touch } from "../heap/barrier.ts";
import { isRunning, runningTurn, type RunningTurn as RunningTurnPort, type Outside, type Sender, type Timer, type Turn } from "../service/turn-context.ts";
import type { Deferred, Reply } from "../service/messages.ts";
import { continuationName } from "./continuation.ts";
import {
  claim, DeferredState, EffectState, installStateMethods, KeyState, ReplyState, TimerState, type LocalMessage, type NodeState, type RequestMessage,
} from "./node-state.ts";
import type { Origin } from "./origin.ts";
import { encodeArguments, failurePayload, outcomePayload, requestPayload, shortError } from "./payload.ts";
import { TurnOutputs, type OutgoingMessage } from "./turn-input.ts";
import type { TurnWatch } from "./turn-watch.ts";

/** A send of this turn, complete but for whether somebody waits for its outcome. */
interface PendingSend {
  readonly node: string;
  readonly service: string;
  readonly method: string;
  readonly args: Uint8Array;
  readonly reply: ReplyState;
  /** Sent with this.turn.send, which may name any method of the service itself. */
  readonly own: boolean;
}

interface PendingEffect {
  readonly state: EffectState;
  readonly reply: ReplyState;
}

export interface TurnPorts {
  readonly nodeName: string;
  random(): number;
  /** Beyond this, a guard's "defer" rejects. */
  readonly maxDeferred: number;
  /** Bytes of one message to another node; a larger one is refused inside the turn that sends it. */
  /** Of the arguments of a message to that node. */
  maxMessageBytesTo(node: string): number;
  /** Bytes of messages that may still be sent to a node before its outbox is full. */
  outboxRoomBytes(node: string): number;
  /** The number of a call, where the next number is not the one: in a search, which is to come back to states. */
  nextCall?(node: string): number;
  /** Told of each handler while it runs. */
  readonly watch: TurnWatch | undefined;
}

/** The running turn with what only this room may ask of it: nothing else ever fills the slot. */
export function activeTurn(what: string): ActiveTurn {
  return runningTurn(what) as ActiveTurn;
}

export class ActiveTurn implements RunningTurnPort {
  readonly state: NodeState;
  readonly outputs = new TurnOutputs();
  readonly now: number;
  readonly sender: Sender;
  readonly ports: TurnPorts;
  /** Names effects: a number no other turn of this incarnation has. */
  readonly turnNumber: number;
  /** The last number given to a call, timer, message to itself or dead letter. */
  lastId: number;
  /** Requests and answers in the order in which the handler gave them: a channel is first in, first out. */
  readonly #outgoing: (PendingSend | OutgoingMessage)[] = [];
  readonly sends: PendingSend[] = [];
  /** Bytes that this turn sends to each node. */
  #sending: Map<string, number> | undefined;
  /** The service whose factory runs now: it has its name already. */
  constructing: string | undefined;
  readonly effects: PendingEffect[] = [];
  /** Where the running request's answer goes; a deferred reply takes it over. */
  origin: Origin | undefined;
  originTaken = false;
  #effectIndex = 0;
  readonly #facades = new Map<object, Turn<Outside>>();
  readonly effectNames: ReadonlySet<string>;
  /** Somebody on this node waits for the call's outcome: a continuation, a forward, or a stored reply. */
  readonly #isWaitedFor: (call: number) => boolean;

  constructor(options: { state: NodeState; now: number; sender: Sender; ports: TurnPorts; turnNumber: number; lastId: number; effectNames: ReadonlySet<string>; isWaitedFor(call: number): boolean }) {
    this.state = options.state;
    this.now = options.now;
    this.sender = options.sender;
    this.ports = options.ports;
    this.turnNumber = options.turnNumber;
    this.lastId = options.lastId;
    this.effectNames = options.effectNames;
    this.#isWaitedFor = options.isWaitedFor;
  }

  nextId(): number {
    return ++this.lastId;
  }

  #nextCall(node: string): number {
    return this.ports.nextCall?.(node) ?? this.nextId();
  }

  // ---- refs

  addressOf(service: object): Address {
    return `${this.ports.nodeName}/${this.serviceName(service)}`;
  }

  serviceName(service: object): string {
    for (const [name, each] of this.state.services) if (each === service) return name;
    if (this.constructing !== undefined) return this.constructing;
    throw new MaceKenError("MK_SERVICE_INVALID", `${service.constructor.name} is not a service of this node`, {
      remedy: "Register the service with app(…).service(name, …).",
    });
  }

  send(address: Address, method: string, args: readonly unknown[]): Reply<unknown> {
    const what = `${address}.${method}`;
    const node = nodeOf(address);
    const reply = new ReplyState(this.#nextCall(node), node === this.ports.nodeName ? "" : node, what);
    const encoded = encodeArguments(args, what);
    this.#demandSize(node, encoded.length, what);
    if (node !== this.ports.nodeName) this.#demandRoom(node, encoded.length, what);
    this.#collect({ node, service: serviceOf(address), method, args: encoded, reply, own: false });
    return reply as unknown as Reply<unknown>;
  }

  sendToSelf(service: object, method: string, args: readonly unknown[]): Reply<unknown> {
    const name = this.serviceName(service);
    const what = `${name}.${method}`;
    const reply = new ReplyState(this.#nextCall(this.ports.nodeName), "", what);
    this.#collect({ node: this.ports.nodeName, service: name, method, args: encodeArguments(args, what), reply, own: true });
    return reply as unknown as Reply<unknown>;
  }

  #demandSize(node: string, bytes: number, what: string): void {
    const maxMessageBytes = this.ports.maxMessageBytesTo(node);
    if (bytes > maxMessageBytes) throw new MaceKenError("MK_TOO_LARGE", `${what} has ${bytes} bytes, more than the ${maxMessageBytes} that a message may have`);
  }

  /** Answers are exempt: the node that waits for one would hold back its own. */
  #demandRoom(node: string, bytes: number, what: string): void {
    const sending = (this.#sending?.get(node) ?? 0) + bytes;
    const room = this.ports.outboxRoomBytes(node);
    if (sending > room) throw new MaceKenError("MK_OUTBOX_FULL", `${what}: ${node} has not acknowledged what was sent before, and its quota is full`, { details: { node, bytes, roomBytes: Math.max(0, room) } });
    this.#sending ??= new Map();
    this.#sending.set(node, sending);
  }

  #collect(send: PendingSend): void {
    this.sends.push(send);
    if (send.node !== this.ports.nodeName) this.#outgoing.push(send);
  }

  // ---- this.turn

  facadeOf(service: object): Turn<Outside> {
    let facade = this.#facades.get(service);
    if (facade === undefined) {
      facade = new TurnFacade(this, service) as unknown as Turn<Outside>;
      this.#facades.set(service, facade);
    }
    return facade;
  }

  outside(name: string, args: readonly unknown[]): Reply<unknown> {
    if (!this.effectNames.has(name)) throw new MaceKenError("MK_EFFECT_UNKNOWN", `the app supplies no effect ${name}`);
    const copy = readMessageValue(new Reader(encodeArguments(args, `outside ${name}`))) as unknown[];
    const reply = new ReplyState(this.#nextCall(this.ports.nodeName), "", `outside ${name}`);
    const key = `${this.state.incarnation}.${this.turnNumber}.${++this.#effectIndex}`;
    this.effects.push({ state: new EffectState(key, name, copy, reply.call), reply });
    return reply as unknown as Reply<unknown>;
  }

  startTimer(service: object, method: string, args: readonly unknown[], dueAt: number, periodMs: number): TimerState {
    const timer = new TimerState(this.nextId(), service, method, args, dueAt, periodMs);
    this.state.timers.set(timer.id, timer);
    this.outputs.timers.push(timer);
    return timer;
  }

  // ---- answers

  deferReply(): DeferredState {
    if (this.origin === undefined || this.originTaken) {
      // Asked for outside a request (a timer, say): it answers nobody, which is not an error of the service's.
      return new DeferredState({ kind: "local", call: 0 });
    }
    this.originTaken = true;
    return new DeferredState(this.origin);
  }

  /** Sends an outcome to where a request came from. Throws MK_VALUE_NOT_SENDABLE before anything is given out. */
  answer(origin: Origin, outcome: Outcome<unknown>, what: string): void {
    switch (origin.kind) {
      case "node":
        // Who asked in an earlier life of its own has been told MK_PEER_LOST, and may have given the call's number to another by now.
        if (origin.begun !== this.state.histories?.get(origin.node)?.begun) return;
        if (outcome.ok) {
          if (origin.call === 0) return;
          const payload = outcomePayload(origin.call, outcome, what);
          this.#demandSize(origin.node, payload.length, `the answer of ${what}`);
          this.#outgoing.push({ node: origin.node, payload });
        } else this.#outgoing.push({ node: origin.node, payload: this.#failure(origin, outcome.error, what) });
        return;
      case "local":
        if (this.#isWaitedFor(origin.call)) this.addLocal({ call: origin.call, outcome: copyOutcome(outcome, what) });
        else if (!outcome.ok) this.outputs.notes.push({ level: "warn", message: `${what} failed and nobody waits for its outcome: ${outcome.error.message}`, fields: undefined });
        return;
      case "external": {
        const copy = copyOutcome(outcome, what);
        this.outputs.answers.push({ request: origin.request, key: origin.key, outcome: copy });
        if (origin.key !== null) this.#bind(origin.key, copy);
      }
    }
  }

  /** An error always arrives, if shortened: it is what becomes of an input that is consumed all the same. */
  #failure({ node, call }: { readonly node: string; readonly call: number }, error: Rejection | MaceKenError, what: string): Uint8Array {
    const payloadOf = (told: Rejection | MaceKenError, name: string): Uint8Array => (call !== 0 ? outcomePayload(call, { ok: false, error: told }, what) : failurePayload(name, told));
    const payload = payloadOf(error, what);
    return payload.length <= this.ports.maxMessageBytesTo(node) ? payload : payloadOf(shortError(error), what.slice(0, 20));
  }

  /** A key is live from the turn that takes it until its answer; answers that a repetition may better are not kept. */
  takeKey(key: string, fingerprint: string): void {
    this.state.keys.set(key, new KeyState(fingerprint, this.now));
  }

  #bind(key: string, outcome: Outcome<unknown>): void {
    const entry = this.state.keys.get(key);
    if (entry === undefined) return;
    if (bindsKey(outcome)) touch(entry).outcome = outcome;
    else this.state.keys.delete(key);
  }

  /** False when nothing is to be sent or remembered. */
  get hasOutgoing(): boolean {
    return this.#outgoing.length > 0 || this.sends.length > 0 || this.effects.length > 0;
  }

  addLocal(message: LocalMessage): void {
    const id = this.nextId();
    this.state.local.set(id, message);
    this.outputs.localIds.push(id);
  }

  defer(request: RequestMessage): void {
    const id = this.nextId();
    this.state.deferred.set(id, request);
    this.outputs.deferredIds.push(id);
  }

  // ---- the end of the turn

  /** Before the patch: what the sends of this turn leave in the heap. */
  settleSends(): void {
    for (const { reply } of this.sends) if (reply.claimed) this.state.calls.set(reply.call, reply);
    for (const { state, reply } of this.effects) {
      if (reply.claimed) this.state.calls.set(reply.call, reply);
      this.state.effects.set(state.key, state);
      this.outputs.effectKeys.push(state.key);
    }
    for (const send of this.sends) {
      if (send.node !== this.ports.nodeName) continue;
      const args = readMessageValue(new Reader(send.args)) as unknown[];
      // Whether a stored reply waits is known only after the patch: whoever answers will see.
      this.addLocal({ request: { service: send.service, method: send.method, args, origin: { kind: "local", call: send.reply.call }, sender: send.own ? { kind: "self", name: send.service } : { kind: "self" } } });
    }
  }

  /** After the patch: `waits` says which replies ended up claimed or stored. */
  finishSends(waits: (reply: ReplyState) => boolean): void {
    for (const each of this.#outgoing) {
      this.outputs.messages.push(
        "payload" in each ? each : { node: each.node, payload: requestPayload(each.service, each.method, each.args, waits(each.reply) ? each.reply.call : 0) },
      );
    }
  }
}

/** Only answers that a repetition would give again are bound to a key: not what failed before or beside the handler. */
function bindsKey(outcome: Outcome<unknown>): boolean {
  return outcome.ok || !(outcome.error instanceof MaceKenError) || !unboundCodes.has(outcome.error.code);
}

const unboundCodes: ReadonlySet<string> = new Set([
  "MK_ARGUMENTS_INVALID", "MK_SERVICE_UNKNOWN", "MK_METHOD_UNKNOWN", "MK_HANDLER_FAILED", "MK_HELD_BACK", "MK_GUARDED", "MK_ORIGIN_REFUSED", "MK_DEFER_FULL", "MK_OUTBOX_FULL",
]);

/** A copy through the message codec: what leaves a turn shares nothing with the heap, and is refused here if it cannot leave. */
function copyOutcome(outcome: Outcome<unknown>, what: string): Outcome<unknown> {
  const value = readMessageValue(new Reader(encodeArguments([outcome.ok ? outcome.value : outcome.error], `${what}: answer`))) as [unknown];
  return outcome.ok ? { ok: true, value: value[0] } : { ok: false, error: value[0] as MaceKenError };
}

/** `this.turn` for one service. Dies with the turn: a facade kept beyond it says MK_NO_TURN. */
class TurnFacade {
  readonly #turn: ActiveTurn;
  readonly #service: object;

  constructor(turn: ActiveTurn, service: object) {
    this.#turn = turn;
    this.#service = service;
  }

  get #live(): ActiveTurn {
    if (!isRunning(this.#turn)) throw new MaceKenError("MK_NO_TURN", "this.turn was kept beyond its turn");
    return this.#turn;
  }

  now(): number {
    return this.#live.now;
  }

  random(): number {
    return this.#live.ports.random();
  }

  get sender(): Sender {
    return this.#live.sender;
  }

  get log() {
    const { notes } = this.#live.outputs;
    const note = (level: "info" | "warn" | "error") => (message: string, fields?: object): void => void notes.push({ level, message, fields });
    return { info: note("info"), warn: note("warn"), error: note("error") };
  }

  when(reply: unknown, method: unknown, ...context: unknown[]): void {
    const turn = this.#live;
    if (!(reply instanceof ReplyState)) {
      throw new MaceKenError("MK_REPLY_USED", "this.turn.when takes a reply, as a call of a ref returns it", { remedy: "Pass what a call of a ref, this.turn.send or this.turn.outside returned." });
    }
    const name = continuationName(this.#service, method, "this.turn.when");
    const { outcome } = reply;
    claim(reply, { service: this.#service, method: name, context });
    if (outcome === null) {
      // A stored reply of an earlier turn waits in the user's objects; now the table holds it as well.
      if (!turn.sends.some((send) => send.reply === reply) && !turn.effects.some((effect) => effect.reply === reply)) turn.state.calls.set(reply.call, reply);
    } else {
      turn.state.calls.set(reply.call, reply);
      turn.addLocal({ call: reply.call, outcome });
    }
  }

  schedule(method: unknown, delayMs: number, ...args: unknown[]): Timer {
    const turn = this.#live;
    const name = continuationName(this.#service, method, "this.turn.schedule");
    if (!(delayMs >= 0) || delayMs === Infinity) throw new MaceKenError("MK_TIMER_PERIOD", `a timer cannot be due in ${String(delayMs)} ms`);
    return turn.startTimer(this.#service, name, args, turn.now + delayMs, 0);
  }

  every(method: unknown, periodMs: number, ...args: unknown[]): Timer {
    const turn = this.#live;
    const name = continuationName(this.#service, method, "this.turn.every");
    if (!(periodMs >= 1) || periodMs === Infinity) throw new MaceKenError("MK_TIMER_PERIOD", `a timer cannot have a period of ${String(periodMs)} ms`);
    return turn.startTimer(this.#service, name, args, turn.now + periodMs, periodMs);
  }

  send(method: unknown, ...args: unknown[]): Reply<unknown> {
    const turn = this.#live;
    const name = continuationName(this.#service, method, "this.turn.send");
    return turn.sendToSelf(this.#service, name, args);
  }

  deferReply(): Deferred<unknown> {
    return this.#live.deferReply() as unknown as Deferred<unknown>;
  }

  outside(name: string, ...args: unknown[]): Reply<unknown> {
    return this.#live.outside(name, args);
  }
}

installStateMethods({
  settle(deferred, outcome) {
    const turn = activeTurn("a deferred reply");
    if (deferred.settled) throw new MaceKenError("MK_DEFERRED_SETTLED", "the deferred reply was settled before");
    touch(deferred).settled = true;
    turn.answer(deferred.origin, outcome, "a deferred reply");
  },
  cancelTimer(timer) {
    const turn = activeTurn("a timer");
    assert(timer instanceof TimerState, "a timer is a TimerState");
    turn.state.timers.delete(timer.id);
  },
});
