/**
 * A peer of a kernel, played with knowledge of the kernel's own marks: what it says is valid until somebody bends it. Remembers which
 * calls wait for its answer.
 */
import { incarnationTowards } from "#maceken/kernel/channel-lives.js";
import type { Kernel } from "#maceken/kernel/kernel.js";
import { frameType, protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import { encodeArguments, outcomePayload, readPayload, requestPayload } from "#maceken/turn/payload.js";
import type { Random } from "../lib/generator.ts";
import { written } from "../lib/written.ts";
import { corpusArguments, corpusOutcomes, corpusValues } from "./corpus.ts";
import { mutated } from "./mutations.ts";

const methods = ["keep", "keep", "keep", "ask", "few", "later", "open", "fail", "refuse", "refuse", "constructor", "__proto__", "onAnswer", "hasOwnProperty"];

export class Conversation {
  readonly #random: Random;
  readonly #kernel: Kernel;
  readonly #calls = new Set<number>();
  #life = 1;

  constructor(random: Random, kernel: Kernel) {
    this.#random = random;
    this.#kernel = kernel;
  }

  /** What the kernel sent: requests of its calls are to be answered. */
  hear(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint32(at, true);
      if (bytes[at + 4] === frameType.message) {
        let from = at + 5;
        while (bytes[from++]! >= 0x80);
        const payload = readPayload(bytes.subarray(from, at + 4 + length));
        if (payload.kind === "request" && payload.call !== 0) this.#calls.add(payload.call);
      }
      at += 4 + length;
    }
  }

  get #channel() {
    return this.#kernel.channels.get("peer");
  }

  #hello(more: number, consumed = this.#between(this.#channel?.acknowledged ?? 0, this.#channel?.released ?? 0), incarnation = this.#channel?.incarnation || `p-${this.#life}`): Uint8Array {
    const channel = this.#channel;
    const received = this.#between(consumed, channel?.released ?? 0);
    const released = (channel?.received ?? 0) + more;
    const knownIncarnation = incarnationTowards(this.#kernel.state, "peer");
    return written((writer) => writeHello(writer, { version: protocolVersion, node: "peer", incarnation, knownIncarnation, received, consumed, released, acknowledged: channel?.consumed ?? 0, maxMessageBytes: 1 << 24 }));
  }

  #between(low: number, high: number): number {
    return low + this.#random(high - low + 1);
  }

  #message(number: number, payload: Uint8Array): Uint8Array {
    return written((writer) => {
      writer.u8(frameType.message);
      writer.uint(number);
      writer.raw(payload);
    });
  }

  #acknowledgement(number: number): Uint8Array {
    return written((writer) => {
      writer.u8(frameType.acknowledgement);
      writer.uint(number);
    });
  }

  /** A greeting and what follows it. Now and then of a peer that began a new life. */
  frames(): Uint8Array[] {
    const random = this.#random;
    const count = random(8);
    const isNewLife = random(300) === 0;
    const channel = this.#channel;
    const frames = [isNewLife ? this.#hello(count, 0, `p-${++this.#life}`) : this.#hello(count)];
    let number = channel?.received ?? 0;
    for (let i = 0; i < count; i++) frames.push(this.#message(++number, this.#payload()));
    for (let i = random(3); i > 0; i--) frames.splice(1 + random(frames.length), 0, this.#small());
    return frames;
  }

  #small(): Uint8Array {
    const channel = this.#channel;
    switch (this.#random(8)) {
      case 0:
        return Uint8Array.of(frameType.ping);
      case 1:
        return Uint8Array.of(frameType.pong);
      case 2:
        return written((writer) => {
          writer.u8(frameType.goodbye);
          writer.string("MK_PEER_REFUSED");
          writer.string("no reason");
        });
      default:
        return this.#acknowledgement(this.#between(channel?.acknowledged ?? 0, channel?.released ?? 0));
    }
  }

  #payload(): Uint8Array {
    const random = this.#random;
    if (random(6) === 0) return corpusOutcomes[random(corpusOutcomes.length)]!;
    const args = corpusArguments[random(corpusArguments.length)]!;
    const bytes = requestPayload("keeper", methods[random(methods.length)]!, random(2) === 0 ? mutated(random, args, corpusArguments) : args, random(2) === 0 ? 0 : random(1000));
    return bytes;
  }

  /** What `honest` said was heard. */
  answered(): void {
    this.#calls.clear();
  }

  /** Acknowledges everything and answers every call, without a mistake. */
  honest(): Uint8Array[] {
    const answers = [...this.#calls].map((call) => outcomePayload(call, { ok: true, value: corpusValues[call % corpusValues.length] }, "answer"));
    const first = (this.#channel?.received ?? 0) + 1;
    const opened = requestPayload("keeper", "open", encodeArguments([true], "open"), 0);
    const released = this.#channel?.released ?? 0;
    return [this.#hello(answers.length + 1, released), ...[...answers, opened].map((payload, i) => this.#message(first + i, payload)), this.#acknowledgement(released)];
  }
}
