/** The frame assembler against a reference that sees the whole stream at once: the same frames, and the same refusal at the same place. */
import assert from "node:assert/strict";
import { FrameAssembler, FrameTooLong } from "#maceken/transport/frame-assembler.js";
import type { Random } from "../lib/generator.ts";
import { joined, mutated, randomBytes } from "./mutations.ts";
import type { FuzzTarget, Tally } from "./target.ts";

const maxFrameBytes = 300;
const lengths = [0, 0, -1, 0x7fffffff, 0x80000000, maxFrameBytes + 1, maxFrameBytes];

export class AssemblerTarget implements FuzzTarget {
  readonly tally: Tally = { accepted: 0, refused: 0 };
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  feed(frames: number): void {
    for (let fed = 0; fed < frames; ) {
      const pieces = Array.from({ length: 1 + this.#random(12) }, () => this.#frame());
      fed += pieces.length;
      const stream = this.#random(4) === 0 ? mutated(this.#random, joined(...pieces), pieces) : joined(...pieces);
      this.#compare(stream);
    }
  }

  #frame(): Uint8Array {
    const body = randomBytes(this.#random, this.#random(3) === 0 ? maxFrameBytes : 20);
    const header = new Uint8Array(4);
    const length = this.#random(40) === 0 ? lengths[this.#random(lengths.length)]! : body.length;
    new DataView(header.buffer).setUint32(0, length, true);
    return joined(header, body);
  }

  #compare(stream: Uint8Array): void {
    const expected = reference(stream);
    const got: Uint8Array[] = [];
    const assembler = new FrameAssembler(maxFrameBytes);
    const most = [1, 3, 40, stream.length + 1][this.#random(4)]!;
    let refused = false;
    for (let at = 0; at < stream.length && !refused; ) {
      const end = Math.min(stream.length, at + 1 + this.#random(most));
      // A chunk of its own, as sockets give it; emptied afterwards, so that a view kept too long shows.
      const chunk = stream.slice(at, end);
      at = end;
      try {
        assembler.read(chunk, (frames) => frames.forEach((frame) => got.push(frame.slice())) === undefined);
      } catch (error) {
        if (!(error instanceof FrameTooLong)) throw error;
        refused = true;
      }
      chunk.fill(0xee);
    }
    assert.equal(refused, expected.refused, "a stream is refused for its lengths alone");
    // Of a chunk that ends in a refusal the frames before it may be lost: the connection is closed.
    const comparable = refused ? got.length : expected.frames.length;
    assert.equal(got.length, comparable);
    for (const [i, frame] of got.entries()) assert.ok(Buffer.from(frame).equals(expected.frames[i]!), `frame ${i}`);
    this.tally.accepted += got.length;
    if (refused) this.tally.refused++;
  }
}

function reference(stream: Uint8Array): { frames: Uint8Array[]; refused: boolean } {
  const frames: Uint8Array[] = [];
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  for (let at = 0; at + 4 <= stream.length; ) {
    const length = view.getUint32(at, true);
    if (length === 0 || length > maxFrameBytes) return { frames, refused: true };
    if (at + 4 + length > stream.length) break;
    frames.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { frames, refused: false };
}
