/**
 * Goal: what a message carries arrives bit for bit, equal values have equal bytes, and no bytes whatever crash, hang or blow up
 * the reader. Method: random values (fast-check prints its seed) round trip; every truncation and random change of good bytes is read.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { MaceKenError, ref, Rejection, type Service } from "#maceken/index.js";
import { readMessageValue } from "#maceken/codec/message-reader.js";
import { writeMessageValue } from "#maceken/codec/message-writer.js";
import { DecodeError, Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";

function encode(value: unknown): Uint8Array {
  const writer = new Writer(4);
  writeMessageValue(writer, value, "value");
  return writer.copy();
}

/** Through bytes as a socket hands them over: a part of a Buffer that holds others' too, and is used again afterwards. */
function roundTrip(value: unknown): unknown {
  const bytes = encode(value);
  const slab = Buffer.alloc(bytes.length + 64, 0xee);
  slab.set(bytes, 24);
  const reader = new Reader(slab.subarray(24, 24 + bytes.length));
  const copy = readMessageValue(reader);
  reader.expectEnd();
  slab.fill(0x55);
  return copy;
}

const show = (value: unknown) => inspect(value, { depth: 50, maxArrayLength: null, maxStringLength: null }).replace(/\n\s+at .*/g, "");

const anyValue = fc.anything({
  withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true,
  values: [fc.integer(), fc.double(), fc.string({ unit: "binary" }), fc.constant(-0), fc.constant(undefined), fc.constant("\ud800"), fc.maxSafeInteger(), fc.boolean()],
});

describe("message values", () => {
  it("round trip, and equal values have equal bytes", () => {
    fc.assert(fc.property(anyValue, (value) => {
      const copy = roundTrip(value);
      assert.equal(show(copy), show(value));
      assert.deepEqual(encode(copy), encode(value));
    }), { numRuns: 500 });
  });

  it("keep shared references, cycles, refs, errors, holes, extra properties and hostile keys", () => {
    const shared = { a: 1 };
    const cyclic: Record<string, unknown> = { shared };
    cyclic.self = cyclic;
    cyclic.map = new Map<unknown, unknown>([[cyclic, shared], [shared, cyclic]]);
    cyclic.set = new Set([cyclic, shared]);
    const copy = roundTrip(cyclic) as any;
    assert.ok(copy.self === copy && copy.map.get(copy) === copy.shared && copy.map.get(copy.shared) === copy && copy.set.has(copy));
    assert.equal(roundTrip(ref<never>("a/b" as never)), ref<never>("a/b" as never));
    const buffer = new ArrayBuffer(16);
    const views = roundTrip([new Uint8Array(buffer, 2, 4), new Float64Array(buffer), new DataView(buffer, 1), buffer]) as any[];
    assert.ok(views[0].buffer === views[3] && views[1].buffer === views[3] && views[2].buffer === views[3] && views[0].byteOffset === 2);
    const array = Object.assign([1, , 3], { tag: "t" });
    array.length = 10;
    assert.equal(show(roundTrip(array)), show(array));
    const odd = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}');
    assert.deepEqual(Object.keys(roundTrip(odd) as object), ["__proto__", "constructor"]);
    assert.equal((roundTrip(odd) as any).x, undefined);
    const rejection = roundTrip(new Rejection("no", { code: "X" })) as Rejection<{ code: string }>;
    assert.ok(rejection instanceof Rejection && rejection.message === "no" && rejection.details.code === "X");
    const known = roundTrip(new MaceKenError("MK_PARKED", "m", { details: { n: 1 } })) as MaceKenError;
    assert.ok(known instanceof MaceKenError && known.code === "MK_PARKED" && known.remedy !== "" && (known.details as any).n === 1);
    const error = roundTrip(new RangeError("r", { cause: new TypeError("c") })) as Error;
    assert.ok(error instanceof RangeError && error.message === "r" && error.cause instanceof TypeError && !Object.keys(error).includes("message"));
    const pattern = Object.assign(/x+/giu, { lastIndex: 3 });
    const again = roundTrip(pattern) as RegExp;
    assert.ok(again.source === "x+" && again.flags === "giu" && again.lastIndex === 3);
  });

  it("F19: refuse what a message cannot carry, with its path, and leave the writer as it was", () => {
    class Local {}
    const cases: [unknown, RegExp][] = [
      [[{ deep: [() => 1] }], /value\[0\]\.deep\[0\] is a function/], [{ s: Symbol("s") }, /value\.s is a symbol/], [new Map([[1, new Local()]]), /value\.get\(1\) is an instance of Local/],
      [{ p: Promise.resolve() }, /value\.p is a promise/], [{ [Symbol("k")]: 1 }, /is a symbol/], [new WeakMap(), /an instance of WeakMap/],
    ];
    for (const [value, message] of cases) {
      const writer = new Writer();
      writer.u8(7);
      assert.throws(() => writeMessageValue(writer, value, "value"), (error: any) => error.code === "MK_VALUE_NOT_SENDABLE" && message.test(error.message));
      assert.equal(writer.length, 1);
      writeMessageValue(writer, { fine: 1 }, "value");
    }
  });

  it("take nesting of 10^5 levels without overflowing the stack", () => {
    let deep: unknown = 0;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    let copy = roundTrip(deep);
    let depth = 0;
    while (Array.isArray(copy)) {
      copy = copy[0];
      depth++;
    }
    assert.equal(depth, 100_000);
  });

  it("F25: reading hostile bytes ends in a value or a DecodeError", () => {
    const read = (bytes: Uint8Array): void => {
      try {
        readMessageValue(new Reader(bytes));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    };
    fc.assert(fc.property(anyValue, fc.nat(), fc.nat(255), (value, at, byte) => {
      const bytes = encode(value);
      for (let cut = 0; cut < Math.min(bytes.length, 200); cut++) read(bytes.subarray(0, cut));
      bytes[at % bytes.length] = byte;
      read(bytes);
    }), { numRuns: 200 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { numRuns: 5_000 });
    // Lengths that promise more than there is cost nothing.
    for (const tag of [8, 17, 18, 19, 21, 22, 25, 26]) read(new Uint8Array([tag, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]));
  });

  it("F25: a few bytes that say an array of millions of holes take no memory for them", () => {
    for (const length of [2 ** 20, 2 ** 25 - 1, 2 ** 32 - 1]) {
      const holes: unknown[] = [];
      holes.length = 2 ** 32 - 1;
      holes.length = length;
      holes[5] = "x";
      const before = process.memoryUsage().heapUsed;
      const copy = roundTrip(holes) as unknown[];
      assert.ok(process.memoryUsage().heapUsed - before < 2 ** 22, `${length} holes`);
      assert.deepEqual([copy.length, Object.keys(copy), copy[5]], [length, ["5"], "x"]);
    }
  });

  it("F25: refs to addresses that were made up go when nobody holds them, and are the same object while somebody does", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const rest = async (): Promise<void> => {
      // What was looked up is kept until the task ends, what has gone is told in one of its own.
      for (let i = 0; i < 3; i++) {
        await new Promise((next) => setImmediate(next));
        collect();
      }
    };
    const held = ref<Service>("b/held");
    const map = new Map([[held, 1]]);
    await rest();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 20; round++) {
      const bytes = encode(Array.from({ length: 5_000 }, (_, i) => ref<Service>(`n${round}/service${i}`)));
      assert.equal((readMessageValue(new Reader(bytes)) as unknown[]).length, 5_000);
      await rest();
    }
    assert.ok(process.memoryUsage().heapUsed - before < 2 ** 23, "100,000 of them");
    assert.equal(map.get(roundTrip(held) as typeof held), 1);
  });
});
