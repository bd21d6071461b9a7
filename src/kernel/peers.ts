/**
 * Connections to peers: one session a peer, frames in and out, idle and dead connections. Who is at the other end is decided in
 * introductions.ts. What is sent when is the channels' matter; here nothing can make a message leave early (K2), twice be consumed
 * (K3) or be lost (K6). Anything malformed closes its connection and changes nothing.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { DecodeError, Reader } from "../codec/reader.ts";
import type { Channel } from "../protocol/channel.ts";
import { frameType, readHello, type Hello } from "../protocol/frame.ts";
import { frameOverheadBytes, Session } from "../protocol/session.ts";
import { Dialling } from "./dialling.ts";
import { InboxPressure } from "./inbox-pressure.ts";
import { Introductions } from "./introductions.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelEffect } from "./kernel-effect.ts";

const watchEveryMs = 1_000;
const pingAfterMs = 5_000;
const answerWithinMs = 10_000;
/** Of a connection in whose place the peer wants another one: it may be alive at this end only. */
const doubtedAnswerWithinMs = 2_000;
const greetingTimeoutMs = 10_000;

/** Whether a peer can be talked with, as far as this node can tell. */
export type Reach =
  | { readonly state: "connected" | "resting" | "away" }
  | { readonly state: "refused"; readonly code: string }
  | { readonly state: "unreachable"; readonly sinceMs: number; readonly reason: string };

export class Peers {
  readonly #kernel: Kernel;
  readonly #emit: (effect: KernelEffect) => void;
  readonly #sessions = new Map<number, Session>();
  readonly #open = new Map<string, Session>();
  /** Sessions that may have something to write at the end of this step. */
  readonly #touched = new Set<Session>();
  readonly #refused = new Map<string, string>();
  readonly #warned = new Set<string>();
  readonly #dialling: Dialling;
  readonly #introductions: Introductions;
  /** Sessions that have not greeted yet or owe an acknowledgement: an idle connection costs nothing. */
  readonly #watched = new Set<Session>();
  /** Sessions that this side closes when they are idle: the other has dialled, and this side could dial as well. */
  readonly #mayRest = new Set<Session>();
  #restCheckAt = 0;
  readonly #pressure: InboxPressure;

  constructor(kernel: Kernel, emit: (effect: KernelEffect) => void) {
    this.#kernel = kernel;
    this.#emit = emit;
    this.#pressure = new InboxPressure(kernel.limits, kernel.channels.inboxes, emit);
    this.#introductions = new Introductions(kernel, (peer) => this.closePeer(peer));
    this.#dialling = new Dialling(kernel.options.peering.dials, kernel.options.peering.restsFirst ?? false, emit, (note) => kernel.note(note));
  }

  get #now(): number {
    return this.#kernel.clock.now;
  }

  opened(connection: number, dialled: string | undefined, key: string): void {
    assert((key === "") === (this.#kernel.options.peering.key === ""), "all connections prove a key, or none does");
    const session = new Session(connection, dialled, key, this.#now);
    this.#sessions.set(connection, session);
    this.#watched.add(session);
    if (dialled === undefined) return;
    if (this.#open.has(dialled)) return this.#close(session);
    const channel = this.#kernel.channels.get(dialled);
    if (channel !== undefined && this.#kernel.restarts.isUnderWay(channel)) return this.#close(session);
    this.#guarded(session, () => {
      if (!this.#introductions.isProved(session, dialled)) return this.#close(session);
      this.#introductions.greet(session);
      this.#touched.add(session);
    });
  }

  closed(connection: number): void {
    const session = this.#sessions.get(connection);
    if (session === undefined) return;
    this.#forget(session);
    const { dialled } = session;
    if (dialled !== undefined && !this.#open.has(dialled)) this.#redial(dialled);
    const peer = session.channel?.peer;
    if (dialled === undefined && peer !== undefined && !this.#open.has(peer)) this.#redial(peer);
  }

  dialFailed(peer: string, reason: string): void {
    this.#dialling.failed(peer, reason, this.#now);
    if (!this.#open.has(peer)) this.#redial(peer);
  }

  #redial(peer: string): void {
    this.#dialling.again(peer, this.#refused.has(peer), (this.#kernel.channels.get(peer)?.outbox.length ?? 0) > 0);
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.connection);
    this.#touched.delete(session);
    this.#watched.delete(session);
    this.#mayRest.delete(session);
    this.#pressure.closed(session);
    const peer = session.channel?.peer;
    if (peer === undefined || this.#open.get(peer) !== session) return;
    this.#open.delete(peer);
    session.channel!.outbox.unload();
  }

  #close(session: Session, error?: MaceKenError): void {
    if (error !== undefined) session.goodbye(error.code, error.message);
    this.#flushSession(session);
    this.#emit({ kind: "close", connection: session.connection });
    this.#forget(session);
    if (session.dialled !== undefined && !this.#open.has(session.dialled)) this.#redial(session.dialled);
  }

  frames(connection: number, frames: readonly Uint8Array[]): void {
    const session = this.#sessions.get(connection);
    if (session === undefined) return;
    session.lastReceivedAt = this.#now;
    session.answerDueAt = Infinity;
    for (const frame of frames) {
      if (!this.#sessions.has(connection)) return;
      this.#guarded(session, () => this.#frame(session, new Reader(frame)));
    }
  }

  #guarded(session: Session, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof DecodeError) this.#refuse(session, new MaceKenError("MK_FRAME_MALFORMED", `a connection sent something malformed: ${error.message}`));
      else if (error instanceof MaceKenError) this.#refuse(session, error);
      else throw error;
    }
  }

  #refuse(session: Session, error: MaceKenError): void {
    const { peer, connection } = session;
    const key = peer ?? "inbound";
    // Once for each reason: a peer that keeps trying must not fill the log. Of strangers the driver tells some.
    if (peer === undefined || this.#refused.get(key) !== error.code) {
      this.#kernel.note({ level: "warn", code: error.code, message: error.message, fields: { peer, connection, remedy: error.remedy } });
    }
    this.#refused.set(key, error.code);
    this.#close(session, error);
  }

  #frame(session: Session, reader: Reader): void {
    const type = reader.u8();
    if (type === frameType.hello) {
      if (session.isOpen) reader.fail("a second greeting");
      const hello = readHello(reader);
      reader.expectEnd();
      this.#welcome(session, hello);
      return;
    }
    if (type === frameType.goodbye) {
      const code = reader.string();
      const message = reader.string();
      reader.expectEnd();
      const peer = session.peer ?? "a peer";
      if (this.#refused.get(peer) !== code) this.#kernel.note({ level: "warn", code, message: `${peer} closed the connection: ${message}`, fields: { peer: session.peer, connection: session.connection } });
      this.#refused.set(peer, code);
      this.#close(session);
      return;
    }
    const channel = session.channel;
    if (channel === undefined) return reader.fail("a frame before the greeting");
    if (this.#refused.size > 0 && type !== frameType.rest) this.#refused.delete(channel.peer);
    switch (type) {
      case frameType.message: {
        const number = reader.uint();
        this.#message(session, channel, number, reader.raw(reader.remaining));
        return;
      }
      case frameType.acknowledgement: {
        const number = reader.uint();
        reader.expectEnd();
        if (!this.#kernel.channels.acknowledge(channel, number)) throw new MaceKenError("MK_PEER_ROLLED_BACK", `${channel.peer} acknowledged message ${number}, but only ${channel.released} were sent`);
        return;
      }
      case frameType.ping:
        reader.expectEnd();
        session.pong();
        this.#touched.add(session);
        return;
      case frameType.pong:
        reader.expectEnd();
        return;
      case frameType.rest:
        reader.expectEnd();
        this.#dialling.rest(channel.peer);
        this.#close(session);
        return;
      default:
        return reader.fail(`unknown frame type ${type}`);
    }
  }

  #message(session: Session, channel: Channel, number: number, payload: Uint8Array): void {
    switch (channel.receive(number, payload.slice())) {
      case "accepted":
        this.#kernel.counters.received++;
        this.#pressure.received(session, this.#now);
        this.#kernel.queue.wakeChannel(channel);
        return;
      case "duplicate":
        this.#kernel.counters.duplicates++;
        session.acknowledgeAgain();
        this.#touched.add(session);
        return;
      case "gap":
        throw new MaceKenError("MK_FRAME_MALFORMED", `${channel.peer} sent message ${number} where ${channel.received + 1} was due`);
    }
  }

  #welcome(session: Session, hello: Hello): void {
    const answer = this.#introductions.answer(session, hello);
    if (answer === "close") return this.#close(session);
    this.#touched.add(session);
    if (answer === "wait") return;
    const channel = this.#kernel.channels.demand(session.peer!);
    const existing = this.#open.get(channel.peer);
    if (existing !== undefined && existing !== session) {
      if (this.#introductions.isKept(session, hello, existing)) this.#close(existing);
      else {
        existing.ping(this.#now + doubtedAnswerWithinMs);
        this.#watched.add(existing);
        this.#touched.add(existing);
        return this.#close(session);
      }
    }
    this.#introductions.greet(session);
    this.#admit(session, channel, hello);
  }

  #admit(session: Session, channel: Channel, hello: Hello): void {
    const { peer } = channel;
    assert(this.#kernel.channels.acknowledge(channel, Math.min(hello.consumed, channel.released)), "the greeting's numbers were checked");
    this.#kernel.counters.retransmitted += Math.max(0, Math.min(channel.transmitted, channel.released) - Math.max(hello.received, channel.acknowledged));
    session.open(channel, hello);
    this.#kernel.guard?.heard(channel, hello.released);
    this.#emit({ kind: "admit", connection: session.connection, maxFrameBytes: this.#kernel.limits.maxMessageBytes + frameOverheadBytes });
    this.#open.set(peer, session);
    // What was said of a message that is too long is found only when it is its turn again.
    if (this.#refused.get(peer) !== "MK_TOO_LARGE") this.#refused.delete(peer);
    this.#dialling.met(peer);
    if (session.dialled === undefined && this.#dialling.canDial(peer)) this.#mayRest.add(session);
    channel.transmitted = channel.released;
  }

  /** At a start. Of peers that rest, those for whom something waits. */
  dialAll(): void {
    const { dials, restsFirst } = this.#kernel.options.peering;
    if (restsFirst === true) for (const channel of this.#kernel.channels.all()) this.touch(channel);
    else for (const peer of dials) this.#emit({ kind: "dial", peer, delayMs: 0 });
  }

  closePeer(peer: string): void {
    const open = this.#open.get(peer);
    if (open !== undefined) this.#close(open);
  }

  reachOf(peer: string): Reach {
    if (this.#open.has(peer)) return { state: "connected" };
    const code = this.#refused.get(peer);
    if (code !== undefined) return { state: "refused", code };
    const failing = this.#dialling.failing(peer);
    if (failing !== undefined) return { state: "unreachable", sinceMs: failing.sinceMs, reason: failing.reason };
    return { state: this.#dialling.isResting(peer) ? "resting" : "away" };
  }

  /** The channel's marks moved: its session may have something to write. */
  touch(channel: Channel): void {
    const session = this.#open.get(channel.peer);
    if (session !== undefined) this.#touched.add(session);
    else if (channel.outbox.length > 0) this.#dialling.wake(channel.peer);
  }

  /** There is something to be said beside messages. */
  wake(peer: string): void {
    this.#dialling.wake(peer);
  }

  congested(connection: number): void {
    const session = this.#sessions.get(connection);
    if (session !== undefined) session.congested = true;
  }

  drained(connection: number): void {
    const session = this.#sessions.get(connection);
    if (session === undefined) return;
    session.congested = false;
    this.#touched.add(session);
  }

  /** The end of a step: one write for each session that has something to say. */
  flush(): void {
    for (const session of this.#touched) {
      let more = false;
      if (session.isOpen && !session.congested) {
        const channel = session.channel!;
        more = this.#fill(session);
        // Refused for what it would carry, and closed.
        if (!this.#sessions.has(session.connection)) continue;
        if (channel.acknowledged < channel.released) this.#watched.add(session);
        if (channel.transmitted < channel.released) channel.transmitted = channel.released;
      }
      this.#flushSession(session, more);
    }
    this.#touched.clear();
    if (this.#pressure.size > 0) this.#pressure.flush(this.#now);
  }

  #fill(session: Session): boolean {
    try {
      return session.fill();
    } catch (error) {
      if (!(error instanceof MaceKenError)) throw error;
      this.#refuse(session, error);
      return false;
    }
  }

  #flushSession(session: Session, more = false): void {
    if (session.output.length === 0) return;
    this.#emit({ kind: "transmit", connection: session.connection, bytes: session.output.copy(), more });
    session.output.reset();
    // The rest follows when the transport has taken this: a slow peer costs one batch of memory.
    if (more) session.congested = true;
  }

  /** Asks silent peers that owe something for a sign of life, and gives up connections that never greeted or did not answer. */
  tick(): void {
    for (const session of [...this.#watched]) {
      const silentMs = this.#now - session.lastReceivedAt;
      if (!session.isOpen) {
        if (silentMs > greetingTimeoutMs) this.#close(session);
      } else if (session.answerDueAt === Infinity && session.channel!.acknowledged === session.channel!.released) this.#watched.delete(session);
      else if (this.#pressure.isPaused(session)) continue;
      else if (this.#now >= session.answerDueAt) {
        this.#close(session);
        // Whoever dialled it may not have noticed; one that this side dialled is dialled again by now.
        if (session.dialled === undefined) this.#redial(session.peer!);
      } else if (silentMs > pingAfterMs && session.answerDueAt === Infinity) {
        session.ping(this.#now + answerWithinMs);
        this.#touched.add(session);
      }
    }
    for (const session of this.#pressure.tick(this.#now)) this.#touched.add(session);
    this.#restIdle();
  }

  #restIdle(): void {
    const { idleConnectionMs } = this.#kernel.limits;
    if (this.#mayRest.size === 0 || this.#now < this.#restCheckAt) return;
    this.#restCheckAt = this.#now + idleConnectionMs / 4;
    for (const session of this.#mayRest) {
      if (!session.isIdle(this.#now, idleConnectionMs)) continue;
      this.#dialling.rest(session.channel!.peer);
      session.rest();
      this.#close(session);
    }
  }

  /** When a tick is wanted. */
  nextTickAt(): number {
    if (this.#watched.size > 0 || this.#pressure.size > 0) return this.#now + watchEveryMs;
    return this.#mayRest.size > 0 ? Math.max(this.#restCheckAt, this.#now + watchEveryMs) : Infinity;
  }

  /** A message was sent to a name that nobody configured: kept, and said once. */
  warnUnknown(node: string): void {
    if (this.#open.has(node) || this.#warned.has(node) || this.#introductions.isListed(node)) return;
    this.#warned.add(node);
    this.#kernel.note({ level: "warn", code: "MK_PEER_UNKNOWN", message: `a message was sent to ${node}, which is not a peer of this node; it is kept until it is` });
  }
}
