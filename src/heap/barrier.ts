/**
 * The write barrier at run time: compiled code calls it with the object before each write, with the key where that is computed.
 * Objects the heap does not know pass through; the first touch of a persistent object in a turn takes its before-image and
 * makes it dirty; later ones tell large objects which key, element or page comes next. A write to a
 * persistent object while no turn of its heap runs is refused. K1 stands on this: nothing changes unnoticed.
 * Map, Set and Date are tracked by own methods of the instance (tracked-collections.ts), engine functions that write
 * into their arguments by native-writers.ts.
 */
import { MaceKenError } from "../base/error.ts";
import { ArrayChanges } from "./array-changes.ts";
import { captureBefore, ownBefore } from "./before-image.ts";
import { pageBytes, type ByteChanges } from "./byte-changes.ts";
import { reviving } from "./class-registry.ts";
import { DictionaryChanges } from "./dictionary-changes.ts";
import type { Heap } from "./heap.ts";
import type { KeyedChanges } from "./keyed-changes.ts";
import { isPersistent, setState, shapeIn, stateOf } from "./mark.ts";
import type { Shape } from "./shapes.ts";
import { noteOddKey, noteUnusual } from "./unusual-objects.ts";
import { writtenBytes } from "./written-bytes.ts";

/** The heap whose turn runs. */
let current: Heap | undefined;

/** The object written last, of which nothing more needs to be told in this turn: the common case costs one comparison. */
let last: unknown;
/** No program has it, while undefined is what a broken chain of properties hands to the barrier. */
const noArray = {};

/** The large array written last, and its account: loops write to the same one. */
let lastArray: unknown = noArray;
let lastChanges: ArrayChanges | undefined;

/** The view written last, and the page's worth of it that has been told. */
let lastView: unknown;
let lastFrom = 0;

/** From here on writes to the heap's objects belong to its turn. */
export function openTurn(heap: Heap): void {
  current = heap;
  forgetLast();
}

export function closeTurn(): void {
  current = undefined;
  forgetLast();
}

function forgetLast(): void {
  last = lastChanges = lastView = undefined;
  lastArray = noArray;
}

/** Before a write to a property of `object`, which may be any value: the write itself then fails as the language says. */
export function touch<T>(object: T): T {
  if (object === last) return object;
  if (typeof object === "object" && object !== null) {
    const shape = shapeIn(object);
    if (shape !== undefined) {
      if (shape.isKeyed) touchWhole(object, shape, beforeIn(object, shape));
      else if (stateOf(object) >= 0) firstTouch(object, shape);
    } else if (ArrayBuffer.isView(object)) touchBytes(object, 0, object.byteLength);
    last = object;
  }
  return object;
}

function firstTouch(object: object, shape: Shape): object {
  demandTurn(object, shape);
  const before = captureBefore(object, shape);
  setState(object, ~shape.heap.dirty.add(object, before, shape));
  return before;
}

/** What undoes this turn's changes of the object, from now on at the latest. */
function beforeIn(object: object, shape: Shape): object {
  const state = stateOf(object);
  return state < 0 ? shape.heap.dirty.befores[~state]! : firstTouch(object, shape);
}

/** Something will change that no key tells. */
function touchWhole(object: object, shape: Shape, before: object): void {
  if (before instanceof ArrayChanges || before instanceof DictionaryChanges) before.beforeAnything();
  else if (shape.kind === "map" || shape.kind === "set") (before as KeyedChanges).own ??= ownBefore(object, shape);
  else if (shape.kind === "typedArray") touchBytes(object as ArrayBufferView, 0, (object as ArrayBufferView).byteLength);
  else if (shape.kind === "arrayBuffer") (before as ByteChanges).beforeBytes(0, Infinity);
}

/** Before a write to a property whose name is computed; `deletes` says that it is deleted. */
export function touchKey<T>(object: T, key: unknown, deletes?: unknown): T {
  if ((typeof key !== "string" && typeof key !== "number") || key === "__proto__") oddKey(object);
  if (object === last) return object;
  if (object === lastArray) {
    lastChanges!.beforeElement(key);
    return object;
  }
  if (typeof object === "object" && object !== null) {
    const shape = shapeIn(object);
    if (shape === undefined) {
      // A view that was just made shows a buffer that may be persistent.
      if (ArrayBuffer.isView(object)) tellElement(object, key);
      else last = object;
    } else if (!shape.isKeyed) touch(object);
    else tellKey(object, shape, key, deletes !== undefined);
  }
  return object;
}

/** A symbol, an object that may become one, or the object's prototype. Nobody looks at a new object again, unless it is noted. */
function oddKey(object: unknown): void {
  if (isPersistent(object)) noteOddKey();
  else noteUnusual(object);
}

function tellKey(object: object, shape: Shape, key: unknown, deletes: boolean): void {
  if (shape.kind === "typedArray") return tellElement(object as ArrayBufferView, key);
  const before = beforeIn(object, shape);
  if (before instanceof ArrayChanges) {
    before.beforeElement(key);
    lastArray = object;
    lastChanges = before;
  } else if (before instanceof DictionaryChanges) before.beforeWrite(key, deletes);
  else touch(object);
}

function tellElement(view: ArrayBufferView, key: unknown): void {
  const size = (view as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT;
  if (size === undefined || typeof key !== "number") {
    touch(view);
    return;
  }
  const at = key * size;
  if (view === lastView && at >= lastFrom && at < lastFrom + pageBytes) return;
  const from = at - ((view.byteOffset + at) % pageBytes);
  touchBytes(view, from, from + pageBytes);
  lastView = view;
  lastFrom = from;
}

/** Before bytes of a view change, counted from the view's start: they are the buffer's. */
function touchBytes(view: ArrayBufferView, start: number, end: number): void {
  const { buffer, byteOffset, byteLength } = view;
  const shape = shapeIn(buffer);
  if (shape === undefined) return;
  const before = beforeIn(buffer, shape);
  (before as ByteChanges).beforeBytes(byteOffset + Math.max(0, start), byteOffset + Math.min(byteLength, end));
}

/** The changes of this turn, or undefined when the collection is not persistent (any more: its turn may have been undone). */
export function changesOf(collection: object): KeyedChanges | undefined {
  const shape = shapeIn(collection);
  return shape === undefined ? undefined : (beforeIn(collection, shape) as KeyedChanges);
}

function demandTurn(object: object, shape: Shape): void {
  if (shape.heap === current) return;
  const name = shape.record?.name ?? shape.kind;
  throw new MaceKenError(
    "MK_WRITE_OUTSIDE_TURN",
    current === undefined
      ? `a persistent object (${name}) was written while no turn runs`
      : `a persistent object (${name}) of another node was written`,
    { details: { class: name, keys: Object.keys(object).slice(0, 8) } },
  );
}

const arrayMutators = new Set(["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);

/**
 * Before a call of a method that has the name of an array's mutator. The name, where the call is `object.name(…)`, and
 * arguments, where evaluating them twice does no harm, tell which part will change.
 */
export function touchArray<T>(object: T, name?: string, first?: unknown, second?: unknown): T {
  if (object === last || typeof object !== "object" || object === null) return object;
  if (Array.isArray(object)) tellCall(object, name, first);
  else if (ArrayBuffer.isView(object)) {
    const range = name === undefined ? undefined : writtenBytes(object, name, first, second);
    if (range === undefined) touchBytes(object, 0, object.byteLength);
    else touchBytes(object, range.start, range.end);
  } else if (name === undefined && (object instanceof Map || object instanceof Set)) changesOf(object)?.beforeAnything();
  return object;
}

function tellCall(array: unknown[], name: string | undefined, first: unknown): void {
  if (array !== lastArray) {
    const shape = shapeIn(array);
    if (shape === undefined || shape.kind !== "denseArray") return void touch(array);
    const before = beforeIn(array, shape);
    if (!(before instanceof ArrayChanges)) return void touch(array);
    lastArray = array;
    lastChanges = before;
  }
  const changes = lastChanges!;
  // What is pushed comes behind all that was there, and what is not there any more has been kept.
  if (name === "push") return;
  if (name === "pop") changes.beforePop();
  else if (name === "shift") changes.beforeShift();
  else if (name === "splice" && typeof first === "number") changes.beforeTail(first);
  // A dense array has no holes to move, and none come.
  else if (name !== undefined) changes.keepAll();
  else changes.beforeAnything();
}

/** Before a call `object[key](…)`. */
export function touchComputed<T>(object: T, key: unknown): T {
  // An object as key would run code of its own when it becomes a name, so it counts as a mutator's.
  if (typeof key === "object" || arrayMutators.has(key as string)) {
    if (Array.isArray(object) || ArrayBuffer.isView(object)) touch(object);
  } else if (ArrayBuffer.isView(object)) touch(object);
  return object;
}

/** An object literal with accessors, or anything else that needs a closer look when it persists. */
function unusualLiteral<T>(object: T): T {
  noteUnusual(object);
  return object;
}

/** What compiled modules find under Symbol.for("maceken.barrier"), but for `r` (install.ts); the contract is written down in compile/barrier-contract.ts. */
export const barrier = {
  w: touch,
  k: touchKey,
  a: touchArray,
  c: touchComputed,
  u: unusualLiteral,
  v: reviving,
};
