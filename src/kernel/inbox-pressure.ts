/**
 * Holds a peer back whose messages come faster than their turns: beyond its share of memory its connection is not read, until half of it
 * is consumed. Nothing is refused for it, and nothing waits for an outbox, so no two nodes wait for each other: turns go on, and with
 * them the inbox drains.
 */
import type { Session } from "../protocol/session.ts";
import type { InboxShare } from "../protocol/channel.ts";
import type { KernelEffect } from "./kernel-effect.ts";

export interface InboxLimits {
  /** Of one peer's messages that wait for their turns. */
  readonly inboxMemoryBytes: number;
  /** Of all peers': beyond it each has `inboxSpareBytes`. */
  readonly nodeInboxMemoryBytes: number;
  readonly inboxSpareBytes: number;
}

/** The other side hears of this one, which does not hear it, so that it is not taken for dead. */
const signEveryMs = 5_000;

export class InboxPressure {
  readonly #limits: InboxLimits;
  readonly #share: InboxShare;
  readonly #emit: (effect: KernelEffect) => void;
  /** Sessions that are not read, with the time of the last sign of life to them. */
  readonly #paused = new Map<Session, number>();

  constructor(limits: InboxLimits, share: InboxShare, emit: (effect: KernelEffect) => void) {
    this.#limits = limits;
    this.#share = share;
    this.#emit = emit;
  }

  get size(): number {
    return this.#paused.size;
  }

  #limitBytes(): number {
    const { inboxMemoryBytes, nodeInboxMemoryBytes, inboxSpareBytes } = this.#limits;
    return this.#share.heldBytes > nodeInboxMemoryBytes ? inboxSpareBytes : inboxMemoryBytes;
  }

  isPaused(session: Session): boolean {
    return this.#paused.has(session);
  }

  /** A message has come. */
  received(session: Session, now: number): void {
    if (session.channel!.inboxWeightBytes <= this.#limitBytes() || this.#paused.has(session)) return;
    this.#paused.set(session, now);
    this.#emit({ kind: "pause", connection: session.connection });
  }

  /** The end of a step. */
  flush(now: number): void {
    for (const session of this.#paused.keys()) {
      if (session.channel!.inboxWeightBytes > this.#limitBytes() / 2) continue;
      this.#paused.delete(session);
      // What it sent meanwhile was not read: its silence was this side's.
      session.lastReceivedAt = now;
      session.answerDueAt = Infinity;
      this.#emit({ kind: "resume", connection: session.connection });
    }
  }

  /** Gives signs of life; answers the sessions that have something to write for it. */
  *tick(now: number): Iterable<Session> {
    for (const [session, signedAt] of this.#paused) {
      if (now - signedAt < signEveryMs) continue;
      this.#paused.set(session, now);
      session.pong();
      yield session;
    }
  }

  closed(session: Session): void {
    this.#paused.delete(session);
  }
}
