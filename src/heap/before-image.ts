/**
 * Undo: what an object held when a turn first touched it, and putting that back, key order and private fields included (K1).
 * At the first touch an object equals its last image, so its shape says which keys to keep; of usual objects the values alone
 * are. What can be large is kept by keys, elements or pages instead, as the barrier tells them: Map, Set and dictionary (keyed-changes.ts), dense arrays
 * (array-changes.ts), buffers (byte-changes.ts).
 */
import { assert } from "../base/assert.ts";
import { ArrayChanges } from "./array-changes.ts";
import { ByteChanges } from "./byte-changes.ts";
import { MapChanges, SetChanges } from "./collection-changes.ts";
import { DictionaryChanges } from "./dictionary-changes.ts";
import { KeyedChanges } from "./keyed-changes.ts";
import { OwnBefore, restoreUsual, usualBefore } from "./own-before.ts";
import { attributesOf, nativeSetPrototypeOf, ownNames } from "./own-properties.ts";
import { holdsOwn, isFixed, type Shape } from "./shapes.ts";

/** An array with holes or properties of its own, or of a class. */
class SparseBefore {
  readonly length: number;
  readonly own: OwnBefore;

  constructor(array: unknown[], record: Shape["record"]) {
    this.length = array.length;
    this.own = new OwnBefore(array, ownNames(array, "array", undefined), record);
  }
}

class DateBefore {
  readonly time: number;
  readonly own: OwnBefore;

  constructor(date: Date, own: OwnBefore) {
    this.time = Date.prototype.getTime.call(date);
    this.own = own;
  }
}

export class RegExpBefore {
  readonly source: string;
  readonly flags: string;
  readonly lastIndex: unknown;
  readonly own: OwnBefore;

  constructor(pattern: RegExp, own: OwnBefore) {
    this.source = pattern.source;
    this.flags = pattern.flags;
    this.lastIndex = pattern.lastIndex;
    this.own = own;
  }
}

/** Before the first write of the turn to the object. What is kept by keys begins empty; the caller tells what will change. */
export function captureBefore(object: object, shape: Shape): object {
  switch (shape.kind) {
    case "object":
    case "nullObject":
    case "instance":
      return (shape.isUsual && !shape.hasPrivates ? usualBefore(object, shape) : undefined) ?? ownBefore(object, shape);
    case "denseArray":
      return isFixed(shape) ? new ArrayChanges(object as unknown[]) : new SparseBefore(object as unknown[], shape.record);
    case "array":
      return new SparseBefore(object as unknown[], shape.record);
    case "map":
    case "set":
      return collectionChanges(object, shape);
    case "dictionary":
    case "nullDictionary":
      return new DictionaryChanges(object, shape.heap.isUnordered(object));
    case "arrayBuffer":
      return new ByteChanges(object as ArrayBuffer, ownBefore(object, shape));
    case "date":
      return new DateBefore(object as Date, ownBefore(object, shape));
    case "regexp":
      return new RegExpBefore(object as RegExp, ownBefore(object, shape));
    case "typedArray":
      return ownBefore(object, shape);
    case "error":
      return isFixed(shape) ? errorBefore(object) : ownBefore(object, shape);
    default:
      assert(false, "no object is of a kind that only patches have");
  }
}

/** Of an error that an old log gave a fixed shape. */
function errorBefore(error: object): OwnBefore {
  const names = Object.getOwnPropertyNames(error);
  return new OwnBefore(error, names, undefined, attributesOf(error, names, 0) ?? "");
}

function collectionChanges(object: object, shape: Shape): KeyedChanges {
  const unordered = shape.heap.isUnordered(object);
  const changes = shape.kind === "map" ? new MapChanges(object as Map<unknown, unknown>, unordered) : new SetChanges(object as Set<unknown>, unordered);
  if (holdsOwn(shape)) changes.own = ownBefore(object, shape);
  return changes;
}

/** Own properties beside the content proper. */
export function ownBefore(object: object, shape: Shape): OwnBefore {
  return new OwnBefore(object, shape.keys, shape.record, shape.attributes);
}

/** `shape`: what the object had when `before` was taken. */
export function restoreBefore(object: object, before: object, shape: Shape): void {
  if (Array.isArray(before)) restoreUsual(object, before, shape);
  else if (before instanceof OwnBefore) before.restore(object, shape.kind, shape.record);
  else if (before instanceof KeyedChanges) {
    if (before instanceof DictionaryChanges) before.whole?.restore(object, shape.kind, undefined);
    before.undo();
    before.own?.restore(object, shape.kind, shape.record);
  } else if (before instanceof ArrayChanges) {
    if (Object.getPrototypeOf(object) !== Array.prototype) nativeSetPrototypeOf(object, Array.prototype);
    before.undo();
  } else if (before instanceof ByteChanges) {
    before.undo();
    before.own.restore(object, shape.kind, shape.record);
  } else if (before instanceof SparseBefore) {
    // A sealed array keeps its elements, and takes no others: only their values and its length can have changed.
    const array = object as unknown[];
    if (Object.isExtensible(array)) array.length = 0;
    before.own.restore(array, "array", shape.record);
    if (array.length !== before.length) array.length = before.length;
  } else if (before instanceof DateBefore) {
    Date.prototype.setTime.call(object as Date, before.time);
    before.own.restore(object, shape.kind, shape.record);
  } else if (before instanceof RegExpBefore) restorePattern(object as RegExp, before);
}

function restorePattern(pattern: RegExp, before: RegExpBefore): void {
  if (pattern.source !== before.source || pattern.flags !== before.flags) recompile(pattern, before.source, before.flags);
  pattern.lastIndex = before.lastIndex as number;
  before.own.restore(pattern, "regexp", undefined);
}

/** The only way to give an existing RegExp its pattern; annex B of the language keeps it for ever. */
export function recompile(pattern: RegExp, source: string, flags: string): void {
  nativeCompile.call(pattern, source, flags);
}

const nativeCompile = (RegExp.prototype as RegExp & { compile(source: string, flags: string): void }).compile;

