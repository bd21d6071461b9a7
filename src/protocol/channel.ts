/**
 * The two directions between this node and one peer. Outgoing: numbered messages kept until the peer's acknowledgement
 * (K6), released only when the turn that sent them is durable (K2). Incoming: exactly the next number is accepted (K3, K4),
 * and acknowledged only when the turn that consumed it is durable (K5). All marks only rise (K7).
 * Payloads are opaque. Sessions come and go (session.ts); a channel stays for the life of both incarnations.
 */
import { assert } from "../base/assert.ts";
import { Queue } from "../base/queue.ts";

interface Sent {
  readonly payload: Uint8Array;
  readonly turn: number;
}

/** What an unacknowledged message takes in memory beside its payload. */
const messageOverheadBytes = 128;

/** How much may wait for one peer before this node takes no more from outside, and which channels are beyond that. */
export interface OutboxWatch {
  readonly softBytes: number;
  readonly crowded: Set<Channel>;
}

export type Receipt = "accepted" | "duplicate" | "gap";

export class Channel {
  readonly peer: string;
  /** The peer's incarnation; empty until the first handshake. */
  incarnation = "";
  /** The fingerprint of the peer's key; empty until it is pinned. */
  key = "";
  /** The turn that pinned it. */
  keyTurn = 0;
  /** The number by which records name this channel; -1 until a record has introduced it. */
  recordIndex = -1;

  // Incoming
  /** The highest number accepted. */
  received = 0;
  /** The highest number consumed by an executed turn. */
  executed = 0;
  /** The highest number consumed by a durable turn: what may be acknowledged. */
  consumed = 0;
  readonly inbox = new Queue<Uint8Array>();
  inboxBytes = 0;
  /** The turns that consumed the numbers from consumed + 1 to executed, in order. */
  readonly #consuming = new Queue<number>();

  // Outgoing
  /** The highest number given out. */
  sent = 0;
  /** The highest number whose turn is durable. */
  released = 0;
  /** The highest number the peer has durably consumed. */
  acknowledged = 0;
  /** Messages acknowledged + 1 to sent. */
  readonly #outbox = new Queue<Sent>();
  outboxBytes = 0;
  readonly #watch: OutboxWatch;

  constructor(peer: string, watch: OutboxWatch) {
    this.peer = peer;
    this.#watch = watch;
  }

  /** The memory of what waits for the peer. */
  get outboxWeightBytes(): number {
    return this.outboxBytes + this.#outbox.length * messageOverheadBytes;
  }

  get outboxLength(): number {
    return this.#outbox.length;
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
    this.inboxBytes += payload.length;
    return "accepted";
  }

  /** The oldest message of the inbox was consumed by `turn`. */
  consume(turn: number): void {
    const payload = this.inbox.shift();
    assert(payload !== undefined, "only a received message is consumed (K3)");
    this.inboxBytes -= payload.length;
    this.executed++;
    assert(this.executed <= this.received, "a channel is consumed in sequence (K4)");
    this.#consuming.push(turn);
  }

  // ---- outgoing

  send(payload: Uint8Array, turn: number): number {
    this.sent++;
    this.#outbox.push({ payload, turn });
    this.outboxBytes += payload.length;
    if (this.outboxWeightBytes > this.#watch.softBytes) this.#watch.crowded.add(this);
    return this.sent;
  }

  /** The payload of an unacknowledged message. */
  payloadOf(number: number): Uint8Array {
    const sent = this.#outbox.at(number - this.acknowledged - 1);
    assert(sent !== undefined, "an unacknowledged message is kept (K6)");
    return sent.payload;
  }

  /** Turns up to `turn` are durable: moves the marks that wait for it. */
  becomeDurable(turn: number): void {
    while (this.released < this.sent) {
      const next = this.#outbox.at(this.released - this.acknowledged);
      assert(next !== undefined, "an unreleased message is in the outbox (K6)");
      if (next.turn > turn) break;
      this.released++;
    }
    for (let consuming = this.#consuming.peek(); consuming !== undefined && consuming <= turn; consuming = this.#consuming.peek()) {
      this.#consuming.shift();
      this.consumed++;
    }
    assert(this.consumed <= this.executed && this.released <= this.sent, "durable marks stay below executed ones (K7)");
  }

  /** The peer has durably consumed up to `number`; false when that was never released, which no honest peer says. */
  acknowledge(number: number): boolean {
    if (number > this.released) return false;
    while (this.acknowledged < number) {
      this.outboxBytes -= this.#outbox.shift()!.payload.length;
      this.acknowledged++;
    }
    this.#leaveCrowd();
    return true;
  }

  #leaveCrowd(): void {
    const { crowded, softBytes } = this.#watch;
    if (crowded.size > 0 && this.outboxWeightBytes <= softBytes) crowded.delete(this);
  }

  // ---- recovery

  /** The state of a channel in a snapshot, everything in it durable. */
  restore(state: { incarnation: string; key: string; consumed: number; acknowledged: number; outbox: readonly Uint8Array[] }): void {
    this.incarnation = state.incarnation;
    this.key = state.key;
    this.received = this.executed = this.consumed = state.consumed;
    this.acknowledged = this.sent = this.released = state.acknowledged;
    for (const payload of state.outbox) this.restoreSent(payload);
  }

  restoreSent(payload: Uint8Array): void {
    this.send(payload, 0);
    this.released = this.sent;
  }

  restoreConsumed(): void {
    this.consumed = this.executed = ++this.received;
  }

  /** Messages not yet acknowledged, in order. */
  *unacknowledged(): Iterable<Uint8Array> {
    for (const { payload } of this.#outbox) yield payload;
  }

  /** The peer begins a new life, or is forgotten: both directions start again at 1. Answers what was never acknowledged. */
  reset(incarnation: string): Uint8Array[] {
    const lost = [...this.unacknowledged()];
    this.#outbox.clear();
    this.inbox.clear();
    this.#consuming.clear();
    this.outboxBytes = this.inboxBytes = 0;
    this.received = this.executed = this.consumed = this.sent = this.released = this.acknowledged = 0;
    this.incarnation = incarnation;
    this.#leaveCrowd();
    return lost;
  }
}
