/**
 * What messages carry, as bytes: primitives, plain objects, arrays, built-ins, errors and refs; shared references and
 * cycles inside one message keep their identity. Class instances, functions, promises, symbols are refused with their path.
 * Breadth first with an explicit queue, so nesting is bounded by memory and limits, never by the call stack.
 *
 * Layout: the root's slot, then the contents of each container in the order in which they were announced. A slot is a
 * primitive, a ref, `seen n`, or the announcement of a new container.
 */
import { isAddress } from "../base/address.ts";
import { MaceKenError } from "../base/error.ts";
import { errorCodes, type ErrorCode } from "../base/error-codes.ts";
import { Rejection } from "../base/rejection.ts";
import { builtInOf, errorNumber, errors, isDense, makeView, typedArrayNumber, typedArrays, viewLength } from "./built-in.ts";
import { notPrimitive, readPrimitive, writePrimitive } from "./primitive.ts";
import type { Reader } from "./reader.ts";
import { internRef, refAddress } from "./ref-value.ts";
import { tag } from "./tags.ts";
import { describePath } from "./value-path.ts";
import type { Writer } from "./writer.ts";

const linearSearchMax = 12;

/** Containers of the message being written, in the order of their announcement. */
const containers: object[] = [];
let ordinals: Map<object, number> | undefined;
let writing = false;

/**
 * Appends `value`. On refusal nothing of it remains in the writer and MK_VALUE_NOT_SENDABLE names the path, which starts with `name`.
 */
export function writeMessageValue(writer: Writer, value: unknown, name: string): void {
  if (writePrimitive(writer, value)) return;
  if (writing) throw new MaceKenError("MK_VALUE_NOT_SENDABLE", "a getter sent a message while its object was being encoded");
  const start = writer.length;
  writing = true;
  try {
    if (!writeSlot(writer, value)) refuse(value, value, name);
    for (let i = 0; i < containers.length; i++) {
      const refused = writeContent(writer, containers[i]!);
      if (refused !== accepted) refuse(value, refused, name);
    }
  } catch (error) {
    writer.truncate(start);
    throw error;
  } finally {
    containers.length = 0;
    ordinals = undefined;
    writing = false;
  }
}

const accepted: unique symbol = Symbol("accepted");

function refuse(root: unknown, refused: unknown, name: string): never {
  const { path, what } = describePath(root, refused, name);
  throw new MaceKenError("MK_VALUE_NOT_SENDABLE", `${path} is ${what}`, { details: { path } });
}

function ordinalOf(value: object): number {
  if (ordinals !== undefined) return ordinals.get(value) ?? -1;
  return containers.indexOf(value);
}

function announce(value: object): void {
  containers.push(value);
  if (ordinals !== undefined) ordinals.set(value, containers.length - 1);
  else if (containers.length > linearSearchMax) ordinals = new Map(containers.map((container, i) => [container, i]));
}

function writeSlot(writer: Writer, value: unknown): boolean {
  if (writePrimitive(writer, value)) return true;
  if (typeof value !== "object") {
    // Refs are callable-looking proxies over functions nowhere; a function is never sendable.
    return false;
  }
  const object = value as object;
  const address = refAddress(object);
  if (address !== undefined) {
    writer.u8(tag.ref);
    writer.string(address);
    return true;
  }
  const ordinal = ordinalOf(object);
  if (ordinal >= 0) {
    writer.u8(tag.seen);
    writer.uint(ordinal);
    return true;
  }
  if (object instanceof Rejection) writer.u8(tag.rejection);
  else if (object instanceof MaceKenError) writer.u8(tag.maceKenError);
  else {
    const kind = builtInOf(object);
    if (kind === undefined) return false;
    if (kind === "array") writer.u8(isDense(object as unknown[], Object.getOwnPropertyNames(object)) ? tag.array : tag.sparseArray);
    else writer.u8(tag[kind]);
  }
  announce(object);
  return true;
}

/** Writes a container's content; answers the refused child, or `accepted`. */
function writeContent(writer: Writer, object: object): unknown {
  if (object instanceof Rejection) {
    writer.string(object.message);
    return writeSlot(writer, object.details) ? accepted : object.details;
  }
  if (object instanceof MaceKenError) {
    writer.string(object.code);
    writer.string(object.message);
    return writeSlot(writer, object.details) ? accepted : object.details;
  }
  switch (builtInOf(object)) {
    case "array":
      return writeArray(writer, object as unknown[]);
    case "object":
    case "nullObject":
      return writeProperties(writer, object as Record<string, unknown>, enumerableNames(object));
    case "map": {
      const map = object as Map<unknown, unknown>;
      writer.uint(map.size);
      for (const [key, value] of map) {
        if (!writeSlot(writer, key)) return key;
        if (!writeSlot(writer, value)) return value;
      }
      return accepted;
    }
    case "set": {
      const set = object as Set<unknown>;
      writer.uint(set.size);
      for (const value of set) if (!writeSlot(writer, value)) return value;
      return accepted;
    }
    case "date":
      writer.f64((object as Date).getTime());
      return accepted;
    case "regexp": {
      const pattern = object as RegExp;
      writer.string(pattern.source);
      writer.string(pattern.flags);
      writePrimitive(writer, pattern.lastIndex);
      return accepted;
    }
    case "arrayBuffer":
      writer.blob(new Uint8Array(object as ArrayBuffer));
      return accepted;
    case "typedArray": {
      const view = object as ArrayBufferView;
      if (!(view.buffer instanceof ArrayBuffer)) return view;
      writer.u8(typedArrayNumber(view));
      writer.uint(view.byteOffset);
      writer.uint(viewLength(view));
      return writeSlot(writer, view.buffer) ? accepted : view.buffer;
    }
    case "error": {
      // The stack stays at home: it describes the sender's files.
      const error = object as Error;
      writer.u8(errorNumber(error)!);
      const names = Object.getOwnPropertyNames(error).filter((name) => name !== "stack");
      return writeProperties(writer, error as unknown as Record<string, unknown>, names);
    }
    default:
      return object;
  }
}

function enumerableNames(object: object): string[] {
  return Object.keys(object);
}

function writeArray(writer: Writer, array: unknown[]): unknown {
  const names = Object.getOwnPropertyNames(array);
  writer.uint(array.length);
  if (isDense(array, names)) {
    for (let i = 0; i < array.length; i++) if (!writeSlot(writer, array[i])) return array[i];
    return accepted;
  }
  return writeProperties(writer, array as unknown as Record<string, unknown>, names.filter((name) => name !== "length"));
}

function writeProperties(writer: Writer, object: Record<string, unknown>, names: readonly string[]): unknown {
  if (Object.getOwnPropertySymbols(object).length > 0) return Object.getOwnPropertySymbols(object)[0];
  writer.uint(names.length);
  for (const name of names) {
    writer.string(name);
    const value = object[name];
    if (!writeSlot(writer, value)) return value;
  }
  return accepted;
}

// ---------------------------------------------------------------------------------------------------------------- reading

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
    array.length = length;
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
