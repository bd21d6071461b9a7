/**
 * Undo: what an object held when a turn first touched it, and putting that back, key order and private fields included (K1).
 * At the first touch an object equals its last image, so the mark's shape says which keys to keep. What can be large is kept
 * by keys, elements or pages instead, as the barrier tells them: Map, Set and dictionary (keyed-changes.ts), dense arrays
 * (array-changes.ts), buffers (byte-changes.ts).
 */
import { ArrayChanges, restoreElements, smallArrayMax } from "./array-changes.ts";
import { ByteChanges } from "./byte-changes.ts";
import { MapChanges, SetChanges } from "./collection-changes.ts";
import { DictionaryChanges } from "./dictionary-changes.ts";
import { KeyedChanges } from "./keyed-changes.ts";
import type { Mark } from "./mark.ts";
import { OwnBefore } from "./own-before.ts";
import { attributesOf, nativeSetPrototypeOf, ownNames } from "./own-properties.ts";
import { holdsOwn, isFixed } from "./shapes.ts";

/** An array with holes or properties of its own, or of a class. */
class SparseBefore {
  readonly length: number;
  readonly own: OwnBefore;

  constructor(array: unknown[], mark: Mark) {
    this.length = array.length;
    this.own = new OwnBefore(array, ownNames(array, "array", undefined), mark.shape.record);
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
export function captureBefore(object: object, mark: Mark): unknown {
  const { shape } = mark;
  switch (shape.kind) {
    case "object":
    case "nullObject":
    case "instance":
      return new OwnBefore(object, shape.keys, shape.record, shape.attributes);
    case "denseArray":
      if (!isFixed(shape)) return new SparseBefore(object as unknown[], mark);
      return (object as unknown[]).length <= smallArrayMax ? (object as unknown[]).slice() : new ArrayChanges(object as unknown[]);
    case "array":
      return new SparseBefore(object as unknown[], mark);
    case "map":
    case "set":
      return collectionChanges(object, mark);
    case "dictionary":
    case "nullDictionary":
      return new DictionaryChanges(object, mark.heap.isUnordered(object));
    case "arrayBuffer":
      return new ByteChanges(object as ArrayBuffer, ownBefore(object, mark));
    case "date":
      return new DateBefore(object as Date, ownBefore(object, mark));
    case "regexp":
      return new RegExpBefore(object as RegExp, ownBefore(object, mark));
    case "typedArray":
      return ownBefore(object, mark);
    case "error":
      return isFixed(shape) ? errorBefore(object) : ownBefore(object, mark);
    default:
      return undefined;
  }
}

/** Of an error that an old log gave a fixed shape. */
function errorBefore(error: object): OwnBefore {
  const names = Object.getOwnPropertyNames(error);
  return new OwnBefore(error, names, undefined, attributesOf(error, names, 0) ?? "");
}

export function collectionChanges(object: object, mark: Mark): KeyedChanges {
  const unordered = mark.heap.isUnordered(object);
  const changes = mark.shape.kind === "map" ? new MapChanges(object as Map<unknown, unknown>, unordered) : new SetChanges(object as Set<unknown>, unordered);
  if (holdsOwn(mark.shape)) changes.own = ownBefore(object, mark);
  return changes;
}

/** Own properties beside the content proper. */
export function ownBefore(object: object, { shape }: Mark): OwnBefore {
  return new OwnBefore(object, shape.keys, shape.record, shape.attributes);
}

export function restoreBefore(object: object, mark: Mark): void {
  const { before, shape } = mark;
  if (before instanceof OwnBefore) before.restore(object, shape.kind, shape.record);
  else if (before instanceof KeyedChanges) {
    if (before instanceof DictionaryChanges) before.whole?.restore(object, shape.kind, undefined);
    before.undo();
    before.own?.restore(object, shape.kind, shape.record);
  } else if (before instanceof ArrayChanges || Array.isArray(before)) {
    if (Object.getPrototypeOf(object) !== Array.prototype) nativeSetPrototypeOf(object, Array.prototype);
    if (before instanceof ArrayChanges) before.undo();
    else restoreElements(object as unknown[], before, true);
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

