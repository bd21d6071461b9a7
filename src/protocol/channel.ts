/**
 * The two directions between this node and one peer. Outgoing: numbered messages kept until the peer's acknowledgement
 * (K6), released only when the turn that sent them is durable (K2). Incoming: exactly the next number is accepted (K3, K4),
 * and acknowledged only when the turn that consumed it is durable (K5). All marks only rise (K7).
 * Payloads are opaque. Sessions come and go (session.ts); a channel stays for the life of both incarnations.
 */
import { assert } from "../base/assert.ts";
import { Queue } from "../base/queue.ts";
import type { StoredBlock } from "./outbox-block.ts";
import { Outbox } from "./outbox.ts";
import type { OutboxWatch } from "./outbox-watch.ts";

/** In place of an incarnation: the peer has lost its past, and what it never acknowledged is not yet put aside. */
export const endingIncarnation = "ending";

/** What waits in the inboxes of a node, each message counted with its overhead. */
export interface InboxShare {
  heldBytes: number;
}

/** What a message takes in memory beside its payload. */
const inboxOverheadBytes = 128;

export type Receipt = "accepted" | "duplicate" | "gap";

export class Channel {
  readonly peer: string;
  /** The peer's incarnation; empty until they have met. */
  incarnation = "";
  /** The fingerprint of the peer's key; empty until it is pinned. */
  key = "";
  /** The turn that learned key or incarnation last: nothing is exchanged before it is durable. */
  metTurn = 0;
  /** The number by which records name this channel; -1 until a record has introduced it. */
  recordIndex = -1;

  /** What the peer's last greeting said of the longest message that it takes. */
  peerMaxMessageBytes = Infinity;

  /** The highest number ever written to a connection, for the count of those sent again. */
  transmitted = 0;

  // Incoming
  /** The highest number accepted. */
  received = 0;
  /** The highest number consumed by an executed turn. */
  executed = 0;
  /** The highest number consumed by a durable turn: what may be acknowledged. */
  consumed = 0;
  readonly inbox = new Queue<Uint8Array>();
  inboxWeightBytes = 0;
  /** The turns that consumed the numbers from consumed + 1 to executed, in order. */
  readonly #consuming = new Queue<number>();

  /** Messages acknowledged + 1 to sent. */
  readonly outbox: Outbox;
  readonly #inboxes: InboxShare;

  constructor(peer: string, watch: OutboxWatch, inboxes: InboxShare) {
    this.peer = peer;
    this.#inboxes = inboxes;
    this.outbox = new Outbox(peer, watch);
  }

  /** The highest number given out. */
  get sent(): number {
    return this.outbox.sent;
  }

  /** The highest number whose turn is durable. */
  get released(): number {
    return this.outbox.released;
  }

  /** The highest number the peer has durably consumed. */
  get acknowledged(): number {
    return this.outbox.acknowledged;
  }

  /** Has marks that the next durable turn may move. */
  get awaitsDurability(): boolean {
    return this.released < this.sent || this.consumed < this.executed;
  }

  // ---- incoming

  receive(number: number, payload: Uint8Array): Receipt {
    if (number <= this.received) return "duplicate";
    if (number !== this.received + 1) return "gap";
    this.received = number;
    this.inbox.push(payload);
    this.#holdInbox(payload.length + inboxOverheadBytes);
    return "accepted";
  }

  #holdInbox(bytes: number): void {
    this.inboxWeightBytes += bytes;
    this.#inboxes.heldBytes += bytes;
  }

  /** The oldest message of the inbox was consumed by `turn`. */
  consume(turn: number): void {
    const payload = this.inbox.shift();
    assert(payload !== undefined, "only a received message is consumed (K3)");
    this.#holdInbox(-payload.length - inboxOverheadBytes);
    this.executed++;
    assert(this.executed <= this.received, "a channel is consumed in sequence (K4)");
    this.#consuming.push(turn);
  }

  /** Turns up to `turn` are durable: moves the marks that wait for it. */
  becomeDurable(turn: number): void {
    this.outbox.becomeDurable(turn);
    for (let consuming = this.#consuming.peek(); consuming !== undefined && consuming <= turn; consuming = this.#consuming.peek()) {
      this.#consuming.shift();
      this.consumed++;
    }
    assert(this.consumed <= this.executed && this.released <= this.sent, "durable marks stay below executed ones (K7)");
  }

  // ---- recovery

  /** The state of a channel in a snapshot, everything in it durable. */
  restore(state: { incarnation: string; key: string; consumed: number; acknowledged: number; blocks: readonly StoredBlock[]; outbox: readonly Uint8Array[] }): void {
    this.incarnation = state.incarnation;
    this.key = state.key;
    this.received = this.executed = this.consumed = state.consumed;
    this.outbox.restore(state.acknowledged, state.blocks, state.outbox);
  }

  restoreConsumed(): void {
    this.consumed = this.executed = ++this.received;
  }

  /** The peer begins a new life, or is forgotten: both directions start again at 1. What was never acknowledged has been taken out before. */
  reset(incarnation: string): void {
    this.outbox.reset();
    this.inbox.clear();
    this.#consuming.clear();
    this.#holdInbox(-this.inboxWeightBytes);
    this.received = this.executed = this.consumed = this.transmitted = 0;
    this.incarnation = incarnation;
  }
}
