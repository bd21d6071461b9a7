/**
 * What messages carry, as bytes: primitives, plain objects, arrays, built-ins, errors and refs; shared references and
 * cycles inside one message keep their identity. Class instances, functions, promises, symbols are refused with their path.
 * Breadth first with an explicit queue, so nesting is bounded by memory and limits, never by the call stack.
 *
 * Layout: the root's slot, then the contents of each container in the order in which they were announced. A slot is a
 * primitive, a ref, `seen n`, or the announcement of a new container. Read by message-reader.ts.
 */
import { MaceKenError } from "../base/error.ts";
import { Rejection } from "../base/rejection.ts";
import { builtInOf, errorNumber, isDense, typedArrayNumber, viewLength } from "./built-in.ts";
import { writePrimitive } from "./primitive.ts";
import { refAddress } from "./ref-value.ts";
import { tag } from "./tags.ts";
import { describePath } from "./value-path.ts";
import type { Writer } from "./writer.ts";

const linearSearchMax = 12;

/** Containers of the message being written, in the order of their announcement, and which of them are arrays without holes. */
const containers: object[] = [];
const dense: boolean[] = [];
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
      const refused = dense[i]! ? writeDense(writer, containers[i] as unknown[]) : writeContent(writer, containers[i]!);
      if (refused !== accepted) refuse(value, refused, name);
    }
  } catch (error) {
    writer.truncate(start);
    throw error;
  } finally {
    containers.length = dense.length = 0;
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

function announce(value: object, isDenseArray: boolean): void {
  containers.push(value);
  dense.push(isDenseArray);
  if (ordinals !== undefined) ordinals.set(value, containers.length - 1);
  else if (containers.length > linearSearchMax) ordinals = new Map(containers.map((container, i) => [container, i]));
}

function writeSlot(writer: Writer, value: unknown): boolean {
  if (writePrimitive(writer, value)) return true;
  if (typeof value !== "object") return false;
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
  let isDenseArray = false;
  const kind = builtInOf(object);
  if (kind === "array") {
    isDenseArray = isDense(object as unknown[], Object.getOwnPropertyNames(object));
    writer.u8(isDenseArray ? tag.array : tag.sparseArray);
  } else if (kind !== undefined) writer.u8(tag[kind]);
  else if (object instanceof Rejection) writer.u8(tag.rejection);
  else if (object instanceof MaceKenError) writer.u8(tag.maceKenError);
  else return false;
  announce(object, isDenseArray);
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
      return writeSparse(writer, object as unknown[]);
    case "object":
    case "nullObject":
      return writeProperties(writer, object as Record<string, unknown>, Object.keys(object));
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

function writeDense(writer: Writer, array: unknown[]): unknown {
  writer.uint(array.length);
  for (let i = 0; i < array.length; i++) if (!writeSlot(writer, array[i])) return array[i];
  return accepted;
}

function writeSparse(writer: Writer, array: unknown[]): unknown {
  writer.uint(array.length);
  return writeProperties(writer, array as unknown as Record<string, unknown>, Object.getOwnPropertyNames(array).filter((name) => name !== "length"));
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
