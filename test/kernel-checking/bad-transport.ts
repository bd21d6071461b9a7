/**
 * A transport that breaks its promise: it loses a message with another one behind it, delivers one twice, or makes up an acknowledgement. The
 * protocol must notice each (K3, K4, K6): at worst the connection ends, and the next one goes on where it was.
 */
import { Writer } from "#maceken/codec/writer.js";
import { frameType } from "#maceken/protocol/frame.js";

const isMessage = (frame: Uint8Array | undefined): boolean => frame?.[0] === frameType.message;

export class BadTransport {
  readonly #choose: (options: number) => number;
  /** It is bad so often at most, so that everything ends. */
  #left = 12;

  constructor(choose: (options: number) => number) {
    this.#choose = choose;
  }

  carry(frames: Uint8Array[]): Uint8Array[] {
    if (this.#left === 0) return frames;
    const at = frames.findIndex(isMessage);
    if (at < 0) return frames;
    const hasNext = isMessage(frames[at + 1]);
    const what = this.#choose(6);
    if (what < 1 || what > 3 || (what === 1 && !hasNext)) return frames;
    this.#left--;
    if (what === 1) return frames.filter((_, index) => index !== at);
    if (what === 2) return [...frames.slice(0, at + 1), frames[at]!, ...frames.slice(at + 1)];
    const writer = new Writer(16);
    writer.u8(frameType.acknowledgement);
    writer.uint(1_000_000);
    return [...frames, writer.copy()];
  }
}
