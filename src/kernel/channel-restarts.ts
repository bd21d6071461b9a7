/**
 * Channels that begin anew because their peer began a new life or was forgotten. Who waited for the peer is told in the turn in which
 * numbers start again at 1, so that no crash can come between the two. What the peer never acknowledged becomes dead letters, some at
 * a time when it is much: until the last of it is one, the channel is marked as ending, which a recovery finds and goes on with (K6).
 */
import { endingIncarnation, type Channel } from "../protocol/channel.ts";
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

  /** Inside a system turn. An empty incarnation: the peer is forgotten. */
  begin(peer: string, incarnation: string): void {
    const { channels } = this.#kernel;
    const channel = channels.get(peer);
    if (channel === undefined || channel.incarnation === incarnation) return;
    // A session that is open goes on from numbers that mean nothing any more.
    this.#peers.closePeer(peer);
    const isNew = !this.#underWay.has(channel);
    this.#underWay.set(channel, incarnation);
    if (!isNew) return;
    this.#goOn(channel);
    if (!this.#underWay.has(channel)) return;
    channel.incarnation = endingIncarnation;
    channels.noteIntroduction(channel, false);
  }

  /** In a turn: the operator has given the peer up; whoever answers for it next may have another key. */
  forget(peer: string): void {
    const { channels, executed } = this.#kernel;
    const channel = channels.get(peer);
    if (channel === undefined) return;
    if (channel.key !== "") channels.pin(channel, "", executed);
    this.begin(peer, "");
    this.#peers.closePeer(peer);
  }

  #goOn(channel: Channel): void {
    const { channels, executor } = this.#kernel;
    const { peer, outbox } = channel;
    const taken = outbox.takeOldest(lettersPerTurn, letterBytesPerTurn) ?? [];
    executor.loseMessages(peer, taken);
    if (outbox.length > 0) {
      channels.noteLost(channel, taken.length);
      if (outbox.payloadOf(outbox.acknowledged + 1) !== undefined) this.#queue(channel);
      return;
    }
    channel.reset(this.#underWay.get(channel)!);
    this.#underWay.delete(channel);
    channels.noteIntroduction(channel, true);
    executor.losePeer(peer);
  }

  #queue(channel: Channel): void {
    this.#kernel.queue.addSystem({ kind: "system", what: `what ${channel.peer} never acknowledged`, run: () => this.#goOn(channel) });
  }

  /** Messages of the channel have come into memory. */
  loaded(channel: Channel): void {
    if (this.#underWay.has(channel)) this.#queue(channel);
  }
}
