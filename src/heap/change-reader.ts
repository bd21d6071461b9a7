/**
 * Reads what patch-changes.ts wrote and applies it to the object, unless that is in a newer state already. Positions are checked against
 * the object: bytes that do not fit are a DecodeError.
 */
import type { Reader } from "../codec/reader.ts";
import { operation } from "./keyed-changes.ts";
import { setOwn } from "./own-properties.ts";
import type { Kind } from "./shapes.ts";
import { arrayForm } from "./patch-changes.ts";

type ReadSlot = () => unknown;

export interface KeyedTarget {
  readonly hasValues: boolean;
  set(key: unknown, value: unknown): void;
  delete(key: unknown): void;
  clear(): void;
}

const { set: mapSet, delete: mapDelete, clear: mapClear } = Map.prototype;
const { add: setAdd, delete: setDelete, clear: setClear } = Set.prototype;

/** With the engine's own methods, because a subclass may have others. */
export function keyedTarget(object: object): KeyedTarget {
  if (object instanceof Map) {
    return {
      hasValues: true,
      set: (key, value) => void mapSet.call(object, key, value),
      delete: (key) => void mapDelete.call(object, key),
      clear: () => mapClear.call(object),
    };
  }
  if (object instanceof Set) {
    return { hasValues: false, set: (key) => void setAdd.call(object, key), delete: (key) => void setDelete.call(object, key), clear: () => setClear.call(object) };
  }
  const dictionary = object as Record<string, unknown>;
  return {
    hasValues: true,
    set: (key, value) => setOwn(dictionary, key as string, value),
    delete: (key) => void delete dictionary[key as string],
    clear: () => {},
  };
}

export function readKeyedChanges(reader: Reader, readSlot: ReadSlot, target: KeyedTarget | undefined, hasValues: boolean): void {
  const count = reader.u32();
  for (let i = 0; i < count; i++) {
    const kind = reader.u8();
    if (kind === operation.clear) {
      target?.clear();
      continue;
    }
    const key = readSlot();
    if (kind === operation.delete) target?.delete(key);
    else if (kind !== operation.set) reader.fail("unknown change of a collection");
    else {
      const value = hasValues ? readSlot() : undefined;
      target?.set(key, value);
    }
  }
}

/** `array` is undefined when what is read is not news. */
export function readArrayChanges(reader: Reader, readSlot: ReadSlot, array: unknown[] | undefined): void {
  const form = reader.u8();
  if (form === arrayForm.piece) return readPiece(reader, readSlot, array);
  if (form !== arrayForm.elements) reader.fail("unknown change of an array");
  const shift = reader.uint();
  const length = reader.uint();
  const runs = reader.uint();
  if (array !== undefined) {
    if (shift > array.length) reader.fail("more elements gone than there were");
    if (shift > 0) array.splice(0, shift);
    if (length < array.length) array.length = length;
  }
  let at = 0;
  for (let run = 0; run < runs; run++) {
    at += reader.uint();
    const count = reader.count();
    for (let i = 0; i < count; i++, at++) {
      const value = readSlot();
      if (array === undefined) continue;
      if (at > array.length) reader.fail("an element behind the end");
      if (at === array.length) array.push(value);
      else array[at] = value;
    }
  }
  if (array !== undefined && array.length !== length) reader.fail("an array is not as long as it should be");
}

function readPiece(reader: Reader, readSlot: ReadSlot, array: unknown[] | undefined): void {
  const start = reader.uint();
  const gone = reader.uint();
  const count = reader.count();
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(readSlot());
  if (array === undefined) return;
  if (start + gone > array.length) reader.fail("a piece behind the end");
  const tail = array.slice(start + gone);
  array.length = start;
  for (const value of values) array.push(value);
  for (const value of tail) array.push(value);
}

export function readByteChanges(reader: Reader, buffer: ArrayBuffer | undefined): void {
  const count = reader.count(2);
  for (let i = 0; i < count; i++) {
    const start = reader.uint();
    const bytes = reader.blob();
    if (buffer === undefined) continue;
    if (start + bytes.length > buffer.byteLength) reader.fail("bytes behind the end");
    new Uint8Array(buffer).set(bytes, start);
  }
}

/** A part of a large object's image (large-image.ts). */
export function readPart(reader: Reader, readSlot: ReadSlot, object: object, kind: Kind): void {
  if (kind === "map" || kind === "set") {
    const target = keyedTarget(object);
    const count = reader.u32();
    for (let i = 0; i < count; i++) {
      const key = readSlot();
      target.set(key, target.hasValues ? readSlot() : undefined);
    }
  } else if (kind === "denseArray") {
    const count = reader.u32();
    for (let i = 0; i < count; i++) (object as unknown[]).push(readSlot());
  } else if (kind === "arrayBuffer") {
    const start = reader.uint();
    const bytes = reader.blob();
    if (start + bytes.length > (object as ArrayBuffer).byteLength) reader.fail("bytes behind the end");
    new Uint8Array(object as ArrayBuffer).set(bytes, start);
  } else reader.fail("a part of something that has no parts");
}
