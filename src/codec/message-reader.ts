/**
 * Message values from bytes, as message-writer.ts wrote them. The bytes come from outside: anything else is a DecodeError, and
 * nothing is allocated on the word of a length. Containers are made when announced and filled in that order; those that can
 * only be made with their content (RegExp, errors, windows on buffers) come late and are put into their places then.
 */
import { isAddress } from "../base/address.ts";
import { errorCodes, type ErrorCode } from "../base/error-codes.ts";
import { MaceKenError } from "../base/error.ts";
import { Rejection } from "../base/rejection.ts";
import { errors, makeView, setSparseLength, typedArrays } from "./built-in.ts";
import { notPrimitive, readPrimitive } from "./primitive.ts";
import type { Reader } from "./reader.ts";
import { internRef } from "./ref-value.ts";
import { tag } from "./tags.ts";

type Fill = (reader: Reader, slot: () => unknown) => void;

/** Reads one value; a DecodeError on anything that writeMessageValue does not write. */
export function readMessageValue(reader: Reader): unknown {
  const first = reader.u8();
  const primitive = readPrimitive(reader, first);
  if (primitive !== notPrimitive) return primitive;
  const made: unknown[] = [];
  const fills: Fill[] = [];
  const slot = (): unknown => readSlot(reader, reader.u8(), made, fills);
  const root = readSlot(reader, first, made, fills);
  for (let i = 0; i < fills.length; i++) fills[i]!(reader, slot);
  // A window needs its buffer, whose bytes come later: windows are made last and put where they belong.
  return made.length > 0 && root instanceof LateValue ? root.value : root;
}

/** Stands for a value that can only be made after its content was read. */
class LateValue {
  value: unknown;
  readonly uses: ((value: unknown) => void)[] = [];

  settle(value: unknown): void {
    this.value = value;
    for (const use of this.uses) use(value);
  }
}

function readSlot(reader: Reader, first: number, made: unknown[], fills: Fill[]): unknown {
  const primitive = readPrimitive(reader, first);
  if (primitive !== notPrimitive) return primitive;
  switch (first) {
    case tag.ref: {
      const address = reader.string();
      if (!isAddress(address)) reader.fail("ref to something that is not an address");
      return internRef(address);
    }
    case tag.seen: {
      const ordinal = reader.uint();
      if (ordinal >= made.length) reader.fail("reference to a container that was not announced");
      const value = made[ordinal];
      return value instanceof LateValue && value.value !== undefined ? value.value : value;
    }
    default: {
      const make = containerReaders[first];
      if (make === undefined) return reader.fail(`unknown tag ${first}`);
      return make(made, fills);
    }
  }
}

function container<T>(made: unknown[], fills: Fill[], value: T, fill: (value: T, reader: Reader, slot: () => unknown) => void): T {
  made.push(value);
  fills.push((reader, slot) => fill(value, reader, slot));
  return value;
}

function late(made: unknown[], fills: Fill[], fill: (value: LateValue, reader: Reader, slot: () => unknown) => void): LateValue {
  return container(made, fills, new LateValue(), fill);
}

/** Puts a value that may come late; `put` keeps its place with undefined until then, so keys keep their order. */
function place(value: unknown, put: (value: unknown) => void): void {
  if (!(value instanceof LateValue)) put(value);
  else if (value.value !== undefined) put(value.value);
  else {
    put(undefined);
    value.uses.push(put);
  }
}

/** Defines a property as its own, whatever its name: a `__proto__` key is a key. */
function define(object: object, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else (object as Record<string, unknown>)[name] = value;
}

function readProperties(object: object, reader: Reader, slot: () => unknown): void {
  const count = reader.count(2);
  for (let i = 0; i < count; i++) {
    const name = reader.string();
    if (name === "length" && Array.isArray(object)) reader.fail("an array's length is not a property of its own");
    place(slot(), (value) => define(object, name, value));
  }
}

/** Late map keys and set members would lose their place, so they are collected first. */
function readLater(count: number, slot: () => unknown, done: (values: unknown[]) => void): void {
  const values: unknown[] = [];
  let missing = 1;
  const arrived = (): void => {
    if (--missing === 0) done(values);
  };
  for (let i = 0; i < count; i++) {
    const value = slot();
    if (value instanceof LateValue && value.value === undefined) {
      missing++;
      value.uses.push((settled) => {
        values[i] = settled;
        arrived();
      });
    } else values[i] = value instanceof LateValue ? value.value : value;
  }
  arrived();
}

type ContainerReader = (made: unknown[], fills: Fill[]) => unknown;

const containerReaders: Record<number, ContainerReader> = {
  [tag.array]: (made, fills) => container<unknown[]>(made, fills, [], (array, reader, slot) => {
    const length = reader.count();
    for (let i = 0; i < length; i++) place(slot(), (value) => void (array[i] = value));
  }),
  [tag.sparseArray]: (made, fills) => container<unknown[]>(made, fills, [], (array, reader, slot) => {
    const length = reader.uint();
    if (length > 0xffffffff) reader.fail("array is too long");
    setSparseLength(array, length);
    readProperties(array, reader, slot);
  }),
  [tag.object]: (made, fills) => container<object>(made, fills, {}, readProperties),
  [tag.nullObject]: (made, fills) => container<object>(made, fills, Object.create(null) as object, readProperties),
  [tag.map]: (made, fills) => container(made, fills, new Map<unknown, unknown>(), (map, reader, slot) => {
    readLater(reader.count(2) * 2, slot, (values) => {
      for (let i = 0; i < values.length; i += 2) map.set(values[i], values[i + 1]);
    });
  }),
  [tag.set]: (made, fills) => container(made, fills, new Set<unknown>(), (set, reader, slot) => {
    readLater(reader.count(), slot, (values) => {
      for (const value of values) set.add(value);
    });
  }),
  [tag.date]: (made, fills) => container(made, fills, new Date(0), (date, reader) => void date.setTime(reader.f64())),
  [tag.regexp]: (made, fills) => late(made, fills, (value, reader, slot) => {
    const source = reader.string();
    const flags = reader.string();
    let pattern: RegExp;
    try {
      pattern = new RegExp(source, flags);
    } catch {
      return reader.fail("regular expression does not compile");
    }
    const lastIndex = slot();
    if (typeof lastIndex !== "number") return reader.fail("lastIndex is not a number");
    pattern.lastIndex = lastIndex;
    value.settle(pattern);
  }),
  [tag.arrayBuffer]: (made, fills) => late(made, fills, (value, reader) => {
    value.settle(reader.blob().slice().buffer);
  }),
  [tag.typedArray]: (made, fills) => late(made, fills, (value, reader, slot) => {
    const number = reader.u8();
    const byteOffset = reader.uint();
    const length = reader.uint();
    if (number >= typedArrays.length) reader.fail("unknown typed array");
    const at = reader.at;
    place(slot(), (buffer) => {
      if (buffer === undefined) return;
      if (!(buffer instanceof ArrayBuffer)) return reader.fail("typed array without a buffer");
      try {
        value.settle(makeView(number, buffer, byteOffset, length));
      } catch {
        reader.at = at;
        reader.fail("typed array outside its buffer");
      }
    });
  }),
  [tag.error]: (made, fills) => late(made, fills, (value, reader, slot) => {
    const make = errors[reader.u8()];
    if (make === undefined) return reader.fail("unknown error class");
    const error = Object.create(make.prototype) as Error;
    const remade = new Error();
    Object.defineProperty(error, "stack", { value: remade.stack, writable: true, enumerable: false, configurable: true });
    value.settle(error);
    const count = reader.count(2);
    for (let i = 0; i < count; i++) {
      const name = reader.string();
      if (name === "stack") reader.fail("a stack does not travel");
      const hidden = name === "message" || name === "cause" || name === "errors";
      place(slot(), (settled) => Object.defineProperty(error, name, { value: settled, writable: true, enumerable: !hidden, configurable: true }));
    }
  }),
  [tag.rejection]: (made, fills) => late(made, fills, (value, reader, slot) => {
    const rejection = new Rejection<unknown>(reader.string());
    value.settle(rejection);
    place(slot(), (details) => Object.defineProperty(rejection, "details", { value: details, writable: true, enumerable: true, configurable: true }));
  }),
  [tag.maceKenError]: (made, fills) => late(made, fills, (value, reader, slot) => {
    const code = reader.string();
    if (!Object.hasOwn(errorCodes, code)) return reader.fail("unknown error code");
    const error = new MaceKenError(code as ErrorCode, reader.string());
    value.settle(error);
    place(slot(), (details) => Object.defineProperty(error, "details", { value: details, writable: true, enumerable: true, configurable: true }));
  }),
};
