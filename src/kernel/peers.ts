/**
 * Connections and who is at the other end: greeting, one session a peer, frames in and out, dead connections. What is sent
 * when is the channels' matter; here nothing can make a message leave early (K2), twice be consumed (K3) or be lost (K6).
 * Anything malformed closes its connection and changes nothing.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { DecodeError, Reader } from "../codec/reader.ts";
import type { Channel } from "../protocol/channel.ts";
import { frameType, protocolVersion, readHello, type Hello } from "../protocol/frame.ts";
import { checkGreeting, checkNumbers, newerWins } from "../protocol/handshake.ts";
import { checkKey } from "../protocol/pinning.ts";
import { Session } from "../protocol/session.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelEffect } from "./kernel-effect.ts";

/** Again at once, and then at this constant interval: a peer that is back must not wait for a back-off that grew. */
const redialDelayMs = 25;
/** After a greeting that was refused: trying sooner would only fill the log. */
const refusedDelayMs = 1000;
const pingAfterMs = 5_000;
const deadAfterMs = 15_000;
/** Names and numbers around the arguments, which are what the limit counts. */
const frameOverheadBytes = 4096;
const greetingTimeoutMs = 10_000;

export class Peers {
  readonly #kernel: Kernel;
  readonly #emit: (effect: KernelEffect) => void;
  readonly #sessions = new Map<number, Session>();
  readonly #open = new Map<string, Session>();
  /** Sessions that may have something to write at the end of this step. */
  readonly #touched = new Set<Session>();
  readonly #refused = new Map<string, string>();
  readonly #pinning = new Set<string>();
  readonly #warned = new Set<string>();
  #failedDials = new Map<string, number>();

  constructor(kernel: Kernel, emit: (effect: KernelEffect) => void) {
    this.#kernel = kernel;
    this.#emit = emit;
  }

  get #now(): number {
    return this.#kernel.clock.now;
  }

  opened(connection: number, dialled: string | undefined, key: string): void {
    assert((key === "") === (this.#kernel.options.peering.key === ""), "all connections prove a key, or none does");
    const session = new Session(connection, dialled, key, this.#now);
    this.#sessions.set(connection, session);
    if (dialled === undefined) return;
    if (this.#open.has(dialled)) return this.#close(session);
    this.#guarded(session, () => {
      if (this.#isProved(session, dialled)) this.#greet(session, dialled);
    });
  }

  #isListed(peer: string): boolean {
    const { acceptsAny, listed } = this.#kernel.options.peering;
    return acceptsAny || listed.has(peer);
  }

  /** True when the other side has proved to be `peer`. Otherwise the session is closed; a key learned meanwhile is pinned first, durably. */
  #isProved(session: Session, peer: string): boolean {
    const { options: { peering }, channels, durable } = this.#kernel;
    const { key } = session;
    if (peering.key === "") return true;
    if (key === peering.key) throw new MaceKenError("MK_PEER_NAME_TAKEN", `the node at the address of ${peer} is this node itself`, { remedy: "Give --peer the address of the other node." });
    const holder = channels.byKey(key);
    if (holder !== undefined && holder.peer !== peer) throw new MaceKenError("MK_PEER_NAME_TAKEN", `the node that answers for ${peer} is ${holder.peer}`, { remedy: "Give each peer one name." });
    const channel = channels.demand(peer);
    const verdict = checkKey({
      peer, key, pinned: channel.key, configured: peering.keys.get(peer), dialled: session.dialled !== undefined, dials: peering.dials.has(peer), acceptsAny: peering.acceptsAny,
    });
    if (verdict === "known" && channel.keyTurn <= durable) return true;
    if (verdict === "pin") this.#pin(peer, key);
    this.#close(session);
    return false;
  }

  /** The next connection finds it pinned: that is a turn of its own and must be durable first. */
  #pin(peer: string, key: string): void {
    if (this.#pinning.has(peer)) return;
    this.#pinning.add(peer);
    this.#kernel.queue.addSystem({
      kind: "system",
      what: `pin the key of ${peer}`,
      run: () => {
        this.#pinning.delete(peer);
        this.#kernel.pinPeer(peer, key);
        const given = this.#kernel.options.peering.keys.has(peer);
        this.#kernel.note({
          level: given ? "info" : "warn",
          message: given ? `${peer} has proved the configured key` : `${peer} was met for the first time and is known by the key ${key} from now on`,
          fields: { peer, key },
        });
      },
    });
  }

  #greet(session: Session, peer: string): void {
    const channel = this.#kernel.channels.demand(peer);
    session.hello({
      version: protocolVersion,
      node: this.#kernel.options.name,
      incarnation: this.#kernel.incarnation,
      knownIncarnation: channel.incarnation,
      received: channel.received,
      consumed: channel.consumed,
      released: channel.released,
    });
    this.#touched.add(session);
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
    const failures = (this.#failedDials.get(peer) ?? 0) + 1;
    this.#failedDials.set(peer, failures);
    if (failures === 40) this.#kernel.note({ level: "warn", message: `${peer} cannot be reached: ${reason}` });
    if (!this.#open.has(peer)) this.#redial(peer);
  }

  #redial(peer: string): void {
    if (!this.#kernel.options.peering.dials.has(peer)) return;
    this.#emit({ kind: "dial", peer, delayMs: this.#refused.has(peer) ? refusedDelayMs : redialDelayMs });
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.connection);
    this.#touched.delete(session);
    const peer = session.channel?.peer;
    if (peer !== undefined && this.#open.get(peer) === session) this.#open.delete(peer);
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
    session.pingedAt = 0;
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
    const peer = session.channel?.peer ?? session.dialled;
    const key = peer ?? "inbound";
    // Once for each reason: a peer that keeps trying must not fill the log.
    if (this.#refused.get(key) !== error.code) this.#kernel.note({ level: "warn", code: error.code, message: error.message, fields: { peer, remedy: error.remedy } });
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
      const peer = session.dialled ?? session.channel?.peer ?? "a peer";
      if (this.#refused.get(peer) !== code) this.#kernel.note({ level: "warn", code, message: `${peer} closed the connection: ${message}` });
      this.#refused.set(peer, code);
      this.#close(session);
      return;
    }
    const channel = session.channel;
    if (channel === undefined) return reader.fail("a frame before the greeting");
    switch (type) {
      case frameType.message: {
        const number = reader.uint();
        this.#message(session, channel, number, reader.raw(reader.remaining));
        return;
      }
      case frameType.acknowledgement: {
        const number = reader.uint();
        reader.expectEnd();
        if (!channel.acknowledge(number)) throw new MaceKenError("MK_PEER_ROLLED_BACK", `${channel.peer} acknowledged message ${number}, but only ${channel.released} were sent`);
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
      default:
        return reader.fail(`unknown frame type ${type}`);
    }
  }

  #message(session: Session, channel: Channel, number: number, payload: Uint8Array): void {
    switch (channel.receive(number, payload.slice())) {
      case "accepted":
        this.#kernel.counters.received++;
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

  #welcome(session: Session, received: Hello): void {
    const { options, channels, incarnation } = this.#kernel;
    // Not born durably yet: the caller tries again in a moment.
    if (this.#kernel.durable === 0) return this.#close(session);
    checkGreeting(received, { node: options.name, incarnation }, session.dialled, session.key !== "");
    // What a proved key is pinned for is the peer's name here, whatever it calls itself.
    const peer = session.dialled ?? channels.byKey(session.key)?.peer ?? received.node;
    if (peer === options.name) throw new MaceKenError("MK_PEER_NAME_TAKEN", `another node calls itself ${peer} too`);
    if (session.dialled === undefined && !this.#isListed(peer)) throw new MaceKenError("MK_PEER_REFUSED", `${peer} is not listed as a peer of ${options.name}`);
    if (!this.#isProved(session, peer)) return;
    const channel = channels.demand(peer);
    // Numbers of an earlier life of this node mean nothing in this one; the peer begins anew when it hears of it.
    const meansUs = received.knownIncarnation === incarnation || received.knownIncarnation === "";
    const hello = meansUs ? received : { ...received, received: 0, consumed: 0, released: Infinity };
    if (channel.incarnation !== received.incarnation) {
      if (channel.incarnation !== "") {
        // The next greeting finds the channel begun anew: that is a turn of its own and must be executed first.
        this.#newLife(peer, received.incarnation, "began a new life (its data are new or were restored)");
        return this.#close(session);
      }
      if (hello.received > channel.sent || hello.consumed > channel.released) {
        // This node has forgotten the peer, which does not know it yet: our greeting tells it, and it begins anew.
        if (!session.helloSent) this.#greet(session, peer);
        return this.#close(session);
      }
      channel.incarnation = received.incarnation;
      channels.noteIntroduction(channel, false);
    } else if (received.knownIncarnation === "" && (received.released < channel.received || received.consumed < channel.acknowledged)) {
      this.#newLife(peer, "", "has forgotten this node");
      return this.#close(session);
    } else checkNumbers(hello, channel, incarnation);
    const existing = this.#open.get(peer);
    if (existing !== undefined && existing !== session) {
      if (!newerWins(session.key === "" ? options.name : options.peering.key, session.key === "" ? received.node : session.key, existing.dialled !== undefined, session.dialled !== undefined)) {
        this.#close(session);
        return;
      }
      this.#close(existing);
    }
    if (!session.helloSent) this.#greet(session, peer);
    if (hello.consumed > channel.acknowledged) assert(channel.acknowledge(Math.min(hello.consumed, channel.released)), "the greeting's numbers were checked");
    this.#kernel.counters.retransmitted += Math.max(0, Math.min(this.#sentOn(channel), channel.released) - Math.max(hello.received, channel.acknowledged));
    session.open(channel, hello);
    this.#emit({ kind: "admit", connection: session.connection, maxFrameBytes: this.#kernel.limits.maxMessageBytes + frameOverheadBytes });
    this.#open.set(peer, session);
    this.#refused.delete(peer);
    this.#failedDials.delete(peer);
    this.#touched.add(session);
    this.#transmittedUpTo.set(channel, channel.released);
  }

  /** Highest number ever written to a connection, for the count of retransmissions. */
  readonly #transmittedUpTo = new WeakMap<Channel, number>();

  #sentOn(channel: Channel): number {
    return this.#transmittedUpTo.get(channel) ?? 0;
  }

  #newLife(peer: string, incarnation: string, why: string): void {
    this.#kernel.note({ level: "warn", message: `${peer} ${why}; messages it had not acknowledged are dead letters` });
    this.closePeer(peer);
    this.#kernel.queue.addSystem({ kind: "system", what: `${peer} ${why}`, run: () => this.#kernel.startChannelAgain(peer, incarnation) });
  }

  closePeer(peer: string): void {
    const open = this.#open.get(peer);
    if (open !== undefined) this.#close(open);
  }

  /** The channel's marks moved: its session may have something to write. */
  touch(channel: Channel): void {
    const session = this.#open.get(channel.peer);
    if (session !== undefined) this.#touched.add(session);
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
        more = session.fill();
        if (session.channel !== undefined) this.#transmittedUpTo.set(session.channel, Math.max(this.#sentOn(session.channel), session.channel.released));
      }
      this.#flushSession(session, more);
    }
    this.#touched.clear();
  }

  #flushSession(session: Session, more = false): void {
    if (session.output.length === 0) return;
    this.#emit({ kind: "transmit", connection: session.connection, bytes: session.output.copy(), more });
    session.output.reset();
    // The rest follows when the transport has taken this: a slow peer costs one batch of memory.
    if (more) session.congested = true;
  }

  /** Asks silent peers that owe something for a sign of life, and gives up connections that never greeted or went dead. */
  tick(): void {
    for (const session of [...this.#sessions.values()]) {
      const silentMs = this.#now - session.lastReceivedAt;
      if (!session.isOpen) {
        if (silentMs > greetingTimeoutMs) this.#close(session);
      } else if (silentMs > deadAfterMs && session.pingedAt !== 0) this.#close(session);
      else if (silentMs > pingAfterMs && session.pingedAt === 0 && session.channel!.acknowledged < session.channel!.released) {
        session.ping(this.#now);
        this.#touched.add(session);
      }
    }
  }

  /** A tick is wanted while somebody has not greeted yet or owes an acknowledgement; an idle connection costs nothing. */
  nextTickAt(): number | undefined {
    for (const session of this.#sessions.values()) {
      if (!session.isOpen || session.channel!.acknowledged < session.channel!.released) return this.#now + 1000;
    }
    return undefined;
  }

  /** A message was sent to a name that nobody configured: kept, and said once. */
  warnUnknown(node: string): void {
    if (this.#open.has(node) || this.#warned.has(node) || this.#isListed(node)) return;
    this.#warned.add(node);
    this.#kernel.note({ level: "warn", code: "MK_PEER_UNKNOWN", message: `a message was sent to ${node}, which is not a peer of this node; it is kept until it is` });
  }
}
