/**
 * Channels that begin anew because their peer or this node began a new life, or was told to forget. Who waited for the peer is told in the turn in which
 * numbers start again at 1, so that no crash can come between the two. What the peer never acknowledged becomes dead letters, some at
 * a time when it is much: until the last of it is one, the channel is marked as ending, which a recovery finds and goes on with (K6).
 */
import { touch } from "../heap/barrier.ts";
import { endingIncarnation, type Channel } from "../protocol/channel.ts";
import { demandHistory } from "../turn/node-state.ts";
import type { Kernel } from "./kernel.ts";
import type { Peers } from "./peers.ts";

/** Dead letters of one turn. */
const lettersPerTurn = 1000;
const letterBytesPerTurn = 1024 * 1024;

export class ChannelRestarts {
  readonly #kernel: Kernel;
  readonly #peers: Peers;
  /** The incarnation with which each begins. */
  readonly #underWay = new Map<Channel, string>();

  constructor(kernel: Kernel, peers: Peers) {
    this.#kernel = kernel;
    this.#peers = peers;
  }

  isUnderWay(channel: Channel): boolean {
    return this.#underWay.has(channel);
  }

  /** Inside a turn. An empty incarnation: the next greeting tells it. */
  begin(channel: Channel, incarnation: string): void {
    // A session that is open goes on from numbers that mean nothing any more.
    this.#peers.closePeer(channel.peer);
    const isNew = !this.#underWay.has(channel);
    this.#underWay.set(channel, incarnation);
    if (!isNew) return;
    this.#goOn(channel);
    if (!this.#underWay.has(channel)) return;
    channel.incarnation = endingIncarnation;
    this.#kernel.channels.noteMeeting(channel, false, this.#kernel.executed);
  }

  /** After a recovery: goes on where the last process was. */
  resume(): void {
    for (const channel of this.#kernel.channels.all()) {
      if (channel.incarnation !== endingIncarnation || this.#underWay.has(channel)) continue;
      this.#underWay.set(channel, "");
      const { outbox } = channel;
      if (outbox.length === 0 || outbox.payloadOf(outbox.acknowledged + 1) !== undefined) this.#queue(channel);
    }
  }

  #goOn(channel: Channel): void {
    // Two blocks may have come, and each is an occasion.
    const incarnation = this.#underWay.get(channel);
    if (incarnation === undefined) return;
    const { channels, executor, executed, state } = this.#kernel;
    const { peer, outbox } = channel;
    const taken = outbox.takeOldest(lettersPerTurn, letterBytesPerTurn) ?? [];
    executor.loseMessages(peer, taken);
    if (outbox.length > 0) {
      if (taken.length > 0) channels.noteAcknowledged(channel);
      if (outbox.payloadOf(outbox.acknowledged + 1) !== undefined) this.#queue(channel);
      return;
    }
    channel.reset(incarnation);
    this.#kernel.queue.beginAnew(channel);
    this.#underWay.delete(channel);
    channels.noteMeeting(channel, true, executed);
    touch(demandHistory(state, peer)).begun++;
    executor.losePeer(peer);
    // A peer that rests is to hear of it.
    this.#peers.wake(peer);
  }

  #queue(channel: Channel): void {
    this.#kernel.queue.addSystem({ kind: "system", what: `put aside what ${channel.peer} never acknowledged`, run: () => this.#goOn(channel) });
  }

  /** Messages of the channel have come into memory. */
  loaded(channel: Channel): void {
    if (this.#underWay.has(channel)) this.#queue(channel);
  }
}
