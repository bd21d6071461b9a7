/**
 * Goal: frames come out whole whatever the network cuts, and lengths cannot make the reader allocate. Method: the same stream in
 * every cut of one and two places and byte by byte; hostile lengths.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { FrameAssembler, FrameTooLong } from "#maceken/transport/frame-assembler.js";

const frame = (bytes: number[]): number[] => [bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes];
const frames = [[1], Array.from({ length: 300 }, (_, i) => i & 255), [2, 3], [9, 9, 9, 9, 9]];
const stream = new Uint8Array(frames.flatMap(frame));

function cut(places: number[]): number[][] {
  const assembler = new FrameAssembler(1000);
  const out: number[][] = [];
  let at = 0;
  for (const place of [...places, stream.length]) {
    assembler.read(stream.slice(at, place), (some) => some.forEach((each) => out.push([...each])) === undefined);
    at = place;
  }
  return out;
}

it("F24: assembles frames from any cut of the stream", () => {
  for (let one = 0; one <= stream.length; one++) {
    assert.deepEqual(cut([one]), frames);
    for (let two = one; two <= stream.length; two += 41) assert.deepEqual(cut([one, two]), frames);
  }
  assert.deepEqual(cut(Array.from({ length: stream.length }, (_, i) => i)), frames);
});

it("F25, F26: refuses lengths of 0 and above the limit before keeping anything", () => {
  for (const bytes of [[0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff, 1], [0xe9, 3, 0, 0, 1], [0, 0, 0, 0x80, 1]]) {
    assert.throws(() => new FrameAssembler(1000).read(new Uint8Array(bytes), () => true), FrameTooLong);
    assert.throws(() => {
      const assembler = new FrameAssembler(1000);
      for (const byte of bytes) assembler.read(new Uint8Array([byte]), () => true);
    }, FrameTooLong);
  }
});

it("F26: behind a greeting in the same chunk, frames may be as long as the greeting has allowed", () => {
  for (let place = 0; place <= stream.length; place++) {
    const assembler = new FrameAssembler(10);
    const out: number[][] = [];
    const taken = (some: Uint8Array[]): boolean => {
      out.push(...some.map((each) => [...each]));
      assembler.maxFrameBytes = 1000;
      return true;
    };
    assembler.read(stream.slice(0, place), taken);
    assembler.read(stream.slice(place), taken);
    assert.deepEqual(out, frames);
  }
  const assembler = new FrameAssembler(10);
  let count = 0;
  assert.throws(() => assembler.read(stream, () => ++count > 0), FrameTooLong, "a greeting that allows nothing");
  assert.equal(count, 1);
  const other = new FrameAssembler(1000);
  count = 0;
  other.read(stream, () => ++count < 0);
  assert.equal(count, 1, "nobody wants more");
});
