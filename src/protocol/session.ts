/**
 * One connection to a peer: the handshake, then messages and acknowledgements both ways. A session only moves what the
 * channel allows: released messages, durable acknowledgements. Losing a session loses nothing; the next one goes on from
 * what the handshake says. Output is collected as length-prefixed frames for the transport to write at once.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { Writer } from "../codec/writer.ts";
import type { Channel } from "./channel.ts";
import { frameType, writeHello, type Hello } from "./frame.ts";

/** Names and numbers around the arguments, which are what the limit of a message counts. */
export const frameOverheadBytes = 4096;

/** Frames of one write stay below this, so that one peer's backlog does not hold the memory of all. */
const batchBytes = 256 * 1024;

export class Session {
  readonly connection: number;
  /** The name of the peer this side dialled; undefined for an inbound connection. */
  readonly dialled: string | undefined;
  /** The fingerprint that the other side has proved; empty where the transport proves nothing. */
  readonly key: string;
  channel: Channel | undefined;
  /** Who is at the other end, as far as this side can tell: dialled, or said by somebody who may say so. */
  peer: string | undefined;
  readonly output = new Writer(4096);
  /** The next message to transmit on this connection. */
  #cursor = 0;
  #acknowledgementSent = 0;
  /** Monotonic ms: when anything was received last, and by when something must be, because a ping was sent. */
  lastReceivedAt: number;
  answerDueAt = Infinity;
  /** The transport has not yet taken what was written: more would only pile up. */
  congested = false;
  helloSent = false;

  constructor(connection: number, dialled: string | undefined, key: string, now: number) {
    this.connection = connection;
    this.dialled = this.peer = dialled;
    this.key = key;
    this.lastReceivedAt = now;
  }

  get isOpen(): boolean {
    return this.channel !== undefined;
  }

  hello(hello: Hello): void {
    this.helloSent = true;
    this.#frame(() => writeHello(this.output, hello));
  }

  /** The handshake is done: go on after what the peer has received. */
  open(channel: Channel, peer: Hello): void {
    this.channel = channel;
    this.#cursor = Math.max(peer.received, channel.acknowledged) + 1;
    this.#acknowledgementSent = 0;
    channel.peerMaxMessageBytes = peer.maxMessageBytes;
  }

  /**
   * Writes what the channel has released and what may be acknowledged. True when something remains for the next time; what is not in
   * memory does not count, since its coming is an occasion of its own. Errors: MK_TOO_LARGE, when the peer takes only shorter messages
   * than it did when this one was sent.
   */
  fill(): boolean {
    const channel = this.channel;
    assert(channel !== undefined, "only an open session carries messages");
    const { output } = this;
    if (this.#acknowledgementSent < channel.consumed) {
      this.#acknowledgementSent = channel.consumed;
      this.#frame(() => {
        output.u8(frameType.acknowledgement);
        output.uint(channel.consumed);
      });
    }
    if (this.#cursor <= channel.acknowledged) this.#cursor = channel.acknowledged + 1;
    while (this.#cursor <= channel.released && output.length < batchBytes) {
      const payload = channel.outbox.payloadOf(this.#cursor);
      if (payload === undefined) return false;
      if (payload.length > channel.peerMaxMessageBytes + frameOverheadBytes) throw tooLong(channel, payload.length);
      const at = output.length;
      output.u32(0);
      output.u8(frameType.message);
      output.uint(this.#cursor++);
      output.raw(payload);
      output.patchU32(at, output.length - at - 4);
    }
    return this.#cursor <= channel.released;
  }

  /** A duplicate arrived: the peer did not get the acknowledgement. */
  acknowledgeAgain(): void {
    this.#acknowledgementSent = 0;
  }

  /** Asks for a sign of life; a question that is open already may be made more urgent. */
  ping(dueAt: number): void {
    const isAsked = this.answerDueAt !== Infinity;
    this.answerDueAt = Math.min(this.answerDueAt, dueAt);
    if (!isAsked) this.#frame(() => this.output.u8(frameType.ping));
  }

  pong(): void {
    this.#frame(() => this.output.u8(frameType.pong));
  }

  /** Nothing is on its way in either direction, nor was for a while. */
  isIdle(now: number, idleMs: number): boolean {
    const { channel } = this;
    if (channel === undefined || this.congested || now - this.lastReceivedAt < idleMs) return false;
    return channel.outbox.length === 0 && channel.received === channel.consumed && this.#acknowledgementSent === channel.consumed;
  }

  /** This side closes because there is nothing to say. */
  rest(): void {
    this.#frame(() => this.output.u8(frameType.rest));
  }

  /** The reason why this side closes, so that the other's operator reads it too. */
  goodbye(code: string, message: string): void {
    this.#frame(() => {
      this.output.u8(frameType.goodbye);
      this.output.string(code);
      this.output.string(message.slice(0, 500));
    });
  }

  #frame(write: () => void): void {
    const at = this.output.length;
    this.output.u32(0);
    write();
    this.output.patchU32(at, this.output.length - at - 4);
  }
}

function tooLong({ peer, peerMaxMessageBytes }: Channel, bytes: number): MaceKenError {
  return new MaceKenError("MK_TOO_LARGE", `a message of ${bytes} bytes waits for ${peer}, which takes ${peerMaxMessageBytes} at most`, {
    remedy: `Raise maxMessageBytes on ${peer} to what it was; what waits for it then goes on.`,
  });
}
