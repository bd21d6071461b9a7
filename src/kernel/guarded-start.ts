/**
 * The first turns of a life, so that no message can end the process for ever. Whatever runs, runs after the record that says the life
 * began is durable; after a stop in order that is all. After any other stop, the inputs that may have caused it run one at a time,
 * each behind a durable record that names it. A process that dies between that record and the end of the turn counts against the
 * input; one that has done so too often is parked instead of run. Nothing of this stays when there is nothing left to suspect.
 *
 * Suspected are: what was pending when the process died (messages of the node to itself, deferred ones, timers that are due, effects);
 * messages of peers up to what each had sent when it was first heard of in this life; and of everything else the first inputs, because
 * a request comes again when its client repeats it. Each fourth unclean stop in a row makes that a hundred times as many: a client
 * that is slow to repeat is caught as well, and somebody who kills at random slows the node down only now and then.
 */
import type { Channel } from "../protocol/channel.ts";
import { handlerOf } from "../turn/input-facts.ts";
import type { NodeState } from "../turn/node-state.ts";
import type { ChannelTable } from "./channel-table.ts";
import { digestOfKey, fingerprintOf } from "./external.ts";
import { longLifeMs, type Attempt, type LifeEvent, type LifeLedger } from "./life-ledger.ts";
import type { NextTurn, TurnQueue } from "./turn-queue.ts";

/** What stands before the queue while a life is young. */
export interface TurnGuard {
  /** The input that may run now; undefined when none may. */
  next(): NextTurn | undefined;
  /** Its turn is over. */
  ran(): void;
  /** Nothing runs until more is durable. */
  readonly isWaiting: boolean;
  /** An attempt was announced, and its turn runs as soon as that is durable. */
  readonly isAnnounced: boolean;
  /** A peer was heard of: it has sent so many messages. */
  heard(channel: Channel, released: number): void;
}

export interface GuardPorts {
  readonly queue: TurnQueue;
  readonly ledger: LifeLedger;
  readonly state: NodeState;
  readonly clock: { readonly now: number };
  readonly executed: number;
  readonly durable: number;
  readonly limits: { readonly deathsBeforeParked: number; readonly guardedInputs: number };
  /** Writes a record that says only this. */
  noteLife(event: LifeEvent): void;
  /** Consumes the input without running it, and keeps it as a dead letter. */
  parkDeadly(next: NextTurn, attempt: Attempt, deaths: number): void;
  /** Undefined once nothing is suspected any more. */
  guard: TurnGuard | undefined;
}

/** What was there when the life before ended. */
export interface Remains {
  readonly lastId: number;
  readonly turn: number;
  readonly now: number;
  readonly channels: readonly Channel[];
}

/** At recovery, before the first turn. */
export function remainsOf({ lastId, executed, clock: { now }, channels }: { readonly lastId: number; readonly executed: number; readonly clock: { readonly now: number }; readonly channels: ChannelTable }): Remains {
  return { lastId, turn: executed, now, channels: [...channels.all()] };
}

const longGuard = { everyStops: 4, factor: 100 };

/** Nothing runs any more: the node is stopped. */
export const nothingRuns: TurnGuard = { next: () => undefined, ran: () => {}, isWaiting: true, isAnnounced: false, heard: () => {} };

export class GuardedStart implements TurnGuard {
  readonly #ports: GuardPorts;
  /** Undefined after birth and after a stop in order. */
  readonly #remains: Remains | undefined;
  /** Inputs beside the remains that are still suspected. */
  #left: number;
  /** Peers not heard of in this life, and what the others may be sending again. */
  readonly #unheard: Set<Channel>;
  readonly #repeating = new Map<Channel, number>();
  #announced: NextTurn | undefined;
  /** The number of the last turn before the attempt that runs; 0 when none does. */
  #executedBefore = 0;
  /** Nothing runs before this turn is durable. */
  #waitsFor: number;

  constructor(ports: GuardPorts, remains: Remains | undefined) {
    this.#ports = ports;
    this.#remains = remains;
    this.#unheard = new Set(remains?.channels);
    const { ledger: { uncleanStops }, limits: { guardedInputs } } = ports;
    this.#left = remains === undefined ? 0 : uncleanStops % longGuard.everyStops === 0 ? guardedInputs * longGuard.factor : guardedInputs;
    this.#waitsFor = ports.executed;
  }

  get isWaiting(): boolean {
    return this.#ports.durable < this.#waitsFor;
  }

  get isAnnounced(): boolean {
    return this.#announced !== undefined;
  }

  heard(channel: Channel, released: number): void {
    // A peer that knows another life of this node begins anew, and is heard of again.
    if (released === Infinity || !this.#unheard.delete(channel)) return;
    if (released > channel.executed) this.#repeating.set(channel, released);
  }

  next(): NextTurn | undefined {
    const { queue, ledger, limits } = this.#ports;
    if (this.#remains === undefined && !this.isWaiting) {
      this.#ports.guard = undefined;
      return queue.next();
    }
    for (;;) {
      if (this.#announced !== undefined) return this.isWaiting ? undefined : this.#begin(this.#announced);
      const next = queue.next();
      if (next === undefined) {
        if (this.#remains !== undefined) this.#considerEnd(this.#remains);
        return undefined;
      }
      const attempt = this.#suspect(next);
      if (attempt === undefined) {
        if (!this.isWaiting) return next;
        queue.done(next);
        return undefined;
      }
      const deaths = ledger.deaths.get(attempt.input) ?? 0;
      if (deaths >= limits.deathsBeforeParked) {
        this.#ports.parkDeadly(next, attempt, deaths);
        queue.done(next);
        continue;
      }
      this.#ports.noteLife({ kind: "attempt", attempt });
      this.#announced = next;
      this.#waitsFor = this.#ports.executed;
    }
  }

  #begin(next: NextTurn): NextTurn {
    this.#announced = undefined;
    this.#executedBefore = this.#ports.executed;
    return next;
  }

  ran(): void {
    const { ledger } = this.#ports;
    if (this.#executedBefore === 0) return;
    if (this.#ports.executed === this.#executedBefore) this.#ports.noteLife({ kind: "over" });
    else ledger.note(undefined, 0, 0);
    this.#executedBefore = 0;
    // Its end must not be lost with the next turn, or a death in that one would count against this one.
    this.#waitsFor = this.#ports.executed;
  }

  /** Nothing waits: perhaps nothing suspected is to come. Tables keep the order of their numbers. */
  #considerEnd(remains: Remains): void {
    if (this.#left > 0 || this.isWaiting || this.#unheard.size > 0 || this.#repeating.size > 0) return;
    const { ledger, state, clock: { now } } = this.#ports;
    const deferred = state.deferred.keys().next().value;
    const effect = state.effects.keys().next().value;
    if (deferred !== undefined && deferred <= remains.lastId) return;
    if (effect !== undefined && turnOfKey(effect) <= remains.turn) return;
    // What ended a process and has not come again for so long is not waited for.
    if (ledger.deaths.size > 0 && now - ledger.beganAt < longLifeMs) return;
    ledger.deaths.clear();
    this.#ports.guard = undefined;
  }

  /** The input's name, if it may have ended the life before. What the system itself does is beyond suspicion. */
  #suspect(next: NextTurn): Attempt | undefined {
    const { input, channel } = next;
    const { ledger: { deaths }, state } = this.#ports;
    if (this.#remains === undefined || input.kind === "system" || input.kind === "nothing") return undefined;
    const remained = this.#remained(next, this.#remains);
    if (channel !== undefined && channel.executed + 1 >= (this.#repeating.get(channel) ?? Infinity)) this.#repeating.delete(channel);
    if (!remained && this.#left === 0 && deaths.size === 0) return undefined;
    const name = nameOf(next);
    if (!remained && this.#left === 0 && !deaths.has(name)) return undefined;
    if (!remained && this.#left > 0) this.#left--;
    return { input: name, handler: handlerOf(input, state) };
  }

  #remained({ input, channel }: NextTurn, { lastId, turn, now }: Remains): boolean {
    switch (input.kind) {
      case "local":
      case "deferred":
        return input.id <= lastId;
      case "timer":
        return input.id <= lastId && this.#ports.state.timers.get(input.id)!.dueAt <= now;
      case "effect":
        return turnOfKey(input.key) <= turn;
      default:
        return channel !== undefined && channel.executed < (this.#repeating.get(channel) ?? 0);
    }
  }
}

/** Keys of effects are incarnation, turn and index. */
function turnOfKey(key: string): number {
  return Number(key.split(".").at(-2));
}

function nameOf({ input, channel }: NextTurn): string {
  // Numbers begin again with each incarnation of a peer.
  if (channel !== undefined) return `message ${channel.executed + 1} of ${channel.peer} (${channel.incarnation.slice(0, 8)})`;
  switch (input.kind) {
    case "local":
      return `own message ${input.id}`;
    case "deferred":
      return `deferred message ${input.id}`;
    case "timer":
      return `timer ${input.id}`;
    case "effect":
      return `effect ${input.key}`;
    case "request": {
      const { service, method, origin } = input.request;
      if (origin.kind === "external" && origin.key !== null) return `request ${service}.${method}, Idempotency-Key with digest ${digestOfKey(origin.key)}`;
      const print = fingerprintOf(input.request);
      return `request ${service}.${method}, arguments with digest ${print.slice(print.lastIndexOf(" ") + 1)}`;
    }
    default:
      return input.kind;
  }
}
