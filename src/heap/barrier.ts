/**
 * The write barrier at run time: compiled code calls it with the object before each write. Objects the heap does not know
 * pass through; the first touch of a persistent object in a turn takes its before-image and makes it dirty. A write to a
 * persistent object while no turn of its heap runs is refused. K1 stands on this: nothing changes unnoticed.
 * Map, Set and Date are tracked by own methods of the instance (tracked-collections.ts), engine functions that write
 * into their arguments by native-writers.ts.
 */
import { MaceKenError } from "../base/error.ts";
import { captureBefore } from "./before-image.ts";
import { registerClass, reviving } from "./class-registry.ts";
import type { Heap } from "./heap.ts";
import { markOf, type Mark } from "./mark.ts";

/** The turn that runs, as the barrier sees it: its heap, and a number that no two turns of the process share. */
const current: { heap: Heap | undefined; epoch: number } = { heap: undefined, epoch: 1 };

/** The object written last: the same object again is the common case and costs one comparison. */
let last: unknown;

export function openEpoch(heap: Heap): number {
  current.heap = heap;
  last = undefined;
  return ++current.epoch;
}

export function closeEpoch(): void {
  current.heap = undefined;
  last = undefined;
  current.epoch++;
}

/** Before a write to a property of `object`, which may be any value: the write itself then fails as the language says. */
export function touch<T>(object: T): T {
  if (object === last) return object;
  if (typeof object === "object" && object !== null) {
    const mark = markOf(object);
    if (mark !== undefined && mark.id !== 0 && mark.epoch !== current.epoch) firstTouch(object, mark);
    last = object;
  }
  return object;
}

function firstTouch(object: object, mark: Mark): void {
  demandTurn(object, mark);
  // A view has no content of its own: what changes is the buffer that it shows.
  if (mark.shape.kind === "typedArray") {
    touch((object as ArrayBufferView).buffer);
    return;
  }
  mark.before = captureBefore(object, mark);
  mark.epoch = current.epoch;
  mark.heap.noteDirty(object, mark);
}

/** The mark of a persistent object about to change; undefined when the object is not persistent. Throws outside a turn of its heap. */
export function markForChange(object: object): Mark | undefined {
  const mark = markOf(object);
  if (mark === undefined || mark.id === 0) return undefined;
  demandTurn(object, mark);
  return mark;
}

export function isTouched(mark: Mark): boolean {
  return mark.epoch === current.epoch;
}

export function noteTouched(object: object, mark: Mark): void {
  mark.epoch = current.epoch;
  mark.heap.noteDirty(object, mark);
}

function demandTurn(object: object, mark: Mark): void {
  if (mark.heap === current.heap) return;
  const name = mark.shape.record?.name ?? mark.shape.kind;
  throw new MaceKenError(
    "MK_WRITE_OUTSIDE_TURN",
    current.heap === undefined
      ? `a persistent object (${name}) was written while no turn runs`
      : `a persistent object (${name}) of another node was written`,
    { details: { class: name, keys: Object.keys(object).slice(0, 8) } },
  );
}

const arrayMutators = new Set(["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);

/** Before a call of a method that has the name of an array's mutator. */
export function touchArray<T>(object: T): T {
  if (Array.isArray(object) || ArrayBuffer.isView(object)) touch(object);
  return object;
}

/** Before a call `object[key](…)`. */
export function touchComputed<T>(object: T, key: unknown): T {
  // An object as key would run code of its own when it becomes a name, so it counts as a mutator's.
  if (typeof key === "object" || arrayMutators.has(key as string) || ArrayBuffer.isView(object)) touchArray(object);
  return object;
}

/** What compiled modules find under Symbol.for("maceken.barrier"); the contract is written down in compile/barrier-contract.ts. */
export const barrier = {
  w: touch,
  a: touchArray,
  c: touchComputed,
  r: registerClass,
  v: reviving,
};
