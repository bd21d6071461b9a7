/**
 * The channels of a node by peer, and by the small index that records use for them. Remembers which ones wait for
 * durability, so that a durable turn costs nothing for the others.
 */
import { assert } from "../base/assert.ts";
import { Channel, type InboxShare } from "../protocol/channel.ts";
import type { Outbox } from "../protocol/outbox.ts";
import type { OutboxWatch } from "../protocol/outbox-watch.ts";
import type { RecordHead } from "./record.ts";

const none: RecordHead["acknowledged"] = [];

export class ChannelTable {
  readonly #byPeer = new Map<string, Channel>();
  readonly #byKey = new Map<string, Channel>();
  readonly #byIndex: Channel[] = [];
  readonly #waiting = new Set<Channel>();
  readonly #watch: OutboxWatch;
  readonly inboxes: InboxShare = { heldBytes: 0 };
  /** Introductions that the next record must carry. */
  #introductions: RecordHead["peers"][number][] = [];
  /** Channels whose acknowledgements the next record is to say. */
  readonly #acknowledged = new Set<Channel>();

  constructor(watch: OutboxWatch) {
    this.#watch = watch;
  }

  get(peer: string): Channel | undefined {
    return this.#byPeer.get(peer);
  }

  /** The peer that a key is pinned for. */
  byKey(key: string): Channel | undefined {
    return this.#byKey.get(key);
  }

  pin(channel: Channel, key: string, turn: number): void {
    this.#byKey.delete(channel.key);
    channel.key = key;
    if (key !== "") this.#byKey.set(key, channel);
    this.noteMeeting(channel, false, turn);
  }

  /** The peer's key or incarnation was learned or has changed in this turn, and its record says so. */
  noteMeeting(channel: Channel, reset: boolean, turn: number): void {
    channel.metTurn = turn;
    this.#noteIntroduction(channel, reset);
  }

  all(): Iterable<Channel> {
    return this.#byPeer.values();
  }

  *outboxes(): Iterable<Outbox> {
    for (const { outbox } of this.#byPeer.values()) yield outbox;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  demand(peer: string): Channel {
    let channel = this.#byPeer.get(peer);
    if (channel === undefined) {
      channel = new Channel(peer, this.#watch, this.inboxes);
      this.#byPeer.set(peer, channel);
    }
    return channel;
  }

  /** The index under which a record names the channel; the first use introduces it. */
  indexOf(channel: Channel): number {
    if (channel.recordIndex < 0) {
      channel.recordIndex = this.#byIndex.length;
      this.#byIndex.push(channel);
      this.#introductions.push({ index: channel.recordIndex, peer: channel.peer, incarnation: channel.incarnation, key: channel.key, reset: false });
    }
    return channel.recordIndex;
  }

  #noteIntroduction(channel: Channel, reset: boolean): void {
    const isNew = channel.recordIndex < 0;
    const index = this.indexOf(channel);
    if (isNew) this.#introductions.pop();
    this.#introductions.push({ index, peer: channel.peer, incarnation: channel.incarnation, key: channel.key, reset });
  }

  takeIntroductions(): RecordHead["peers"] {
    const taken = this.#introductions;
    if (taken.length > 0) this.#introductions = [];
    return taken;
  }

  /** The peer has durably consumed its messages up to `number`; false when that was never released, which no honest peer says. */
  acknowledge(channel: Channel, number: number): boolean {
    if (number <= channel.acknowledged) return true;
    if (!channel.outbox.acknowledge(number)) return false;
    this.#acknowledged.add(channel);
    return true;
  }

  /** Messages of the channel's outbox were put aside in this turn: to a recovery they are as good as acknowledged. */
  noteAcknowledged(channel: Channel): void {
    this.#acknowledged.add(channel);
  }

  /**
   * What the next record says of acknowledgements. They make no record of their own: one that is lost comes again with the peer's next
   * greeting, and until then a recovered node only takes for waiting what has arrived.
   */
  takeAcknowledged(): RecordHead["acknowledged"] {
    if (this.#acknowledged.size === 0) return none;
    const taken = Array.from(this.#acknowledged, (channel) => ({ index: this.indexOf(channel), upTo: channel.acknowledged }));
    this.#acknowledged.clear();
    return taken;
  }

  awaitDurability(channel: Channel): void {
    this.#waiting.add(channel);
  }

  /** Moves the marks of the channels that wait; calls `moved` for each. */
  becomeDurable(turn: number, moved: (channel: Channel) => void): void {
    for (const channel of this.#waiting) {
      channel.becomeDurable(turn);
      if (!channel.awaitsDurability) this.#waiting.delete(channel);
      moved(channel);
    }
  }

  // ---- recovery

  restore(channel: Channel): void {
    if (channel.recordIndex >= 0) this.#byIndex[channel.recordIndex] = channel;
    if (channel.key !== "") this.#byKey.set(channel.key, channel);
  }

  applyIntroduction({ index, peer, incarnation, key, reset }: RecordHead["peers"][number]): void {
    const channel = this.demand(peer);
    assert(channel.recordIndex < 0 || channel.recordIndex === index, "a channel keeps its index");
    channel.recordIndex = index;
    this.#byIndex[index] = channel;
    if (reset) channel.reset(incarnation);
    else channel.incarnation = incarnation;
    this.#byKey.delete(channel.key);
    channel.key = key;
    if (key !== "") this.#byKey.set(key, channel);
  }

  at(index: number): Channel | undefined {
    return this.#byIndex[index];
  }
}
