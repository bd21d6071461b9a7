/**
 * What a turn changed of one object, where that is less than the whole: operations on keys, runs of elements, pieces of bytes.
 * Written for objects that the reader knows; change-reader.ts is the other half. Values are those at the end of the turn.
 */
import type { ArrayChanges } from "./array-changes.ts";
import { pageBytes, type ByteChanges } from "./byte-changes.ts";
import { operation, puts, type KeyedChanges } from "./keyed-changes.ts";
import type { PatchWriter } from "./patch-writer.ts";

export function writeKeyedChanges(patch: PatchWriter, changes: KeyedChanges): void {
  const { writer } = patch;
  const countAt = writer.length;
  let count = 0;
  writer.u32(0);
  const { operations, keys } = changes;
  for (let i = 0; i < operations.length; i++) {
    const kind = operations[i]!;
    const key = keys[i];
    // A key that is gone again, or came and went within the turn, leaves nothing to say.
    if (puts(kind) && !changes.has(key)) continue;
    if (kind === operation.delete && patch.isUnknown(key)) continue;
    count++;
    writer.u8(puts(kind) ? operation.set : kind);
    if (kind === operation.clear) continue;
    patch.writeSlot(key);
    if (puts(kind) && changes.hasValues) patch.writeSlot(changes.get(key));
  }
  writer.patchU32(countAt, count);
}

/** How the changes of an array are written: elements in their place, or a piece replaced by another that may be longer or shorter. */
export const arrayForm = { elements: 0, piece: 1 } as const;

export function writeArrayChanges(patch: PatchWriter, changes: ArrayChanges): void {
  const { array, whole, front } = changes;
  if (whole !== undefined) return writeArrayDifference(patch, array, whole);
  const shift = front.length;
  const changed: number[] = [];
  for (const place of changes.placesInOrder) {
    const index = changes.oldIndexes[place]! - shift;
    if (index < array.length && !Object.is(array[index], changes.oldValues[place])) changed.push(index);
  }
  for (let index = changes.length - shift; index < array.length; index++) changed.push(index);
  writeElements(patch, array, shift, changed);
}

/** False when the account of an array does not explain it: somebody deleted an element or wrote one behind the end. */
export function isUntouched({ array, whole, length, front, oldIndexes }: ArrayChanges): boolean {
  if (whole !== undefined) {
    for (let i = 0; i < array.length; i++) if (array[i] === undefined && !Object.hasOwn(array, i)) return false;
    return true;
  }
  for (let i = 0; i < oldIndexes.length; i++) {
    const index = oldIndexes[i]! - front.length;
    if (index < array.length && array[index] === undefined && !Object.hasOwn(array, index)) return false;
  }
  for (let index = length - front.length; index < array.length; index++) if (array[index] === undefined && !Object.hasOwn(array, index)) return false;
  return true;
}

/** Both are dense. */
export function writeArrayDifference(patch: PatchWriter, array: readonly unknown[], before: readonly unknown[]): void {
  if (array.length === before.length) {
    const changed: number[] = [];
    for (let i = 0; i < array.length; i++) if (!Object.is(array[i], before[i])) changed.push(i);
    return writeElements(patch, array, 0, changed);
  }
  const shorter = Math.min(array.length, before.length);
  let same = 0;
  while (same < shorter && Object.is(array[same], before[same])) same++;
  let tail = 0;
  while (tail < shorter - same && Object.is(array[array.length - 1 - tail], before[before.length - 1 - tail])) tail++;
  const { writer } = patch;
  writer.u8(arrayForm.piece);
  writer.uint(same);
  writer.uint(before.length - tail - same);
  writer.uint(array.length - tail - same);
  for (let i = same; i < array.length - tail; i++) patch.writeSlot(array[i]);
}

/** Elements that went from the front, the length after all, then runs of changed ones: gap since the last run, length, values. */
function writeElements(patch: PatchWriter, array: readonly unknown[], shift: number, changed: readonly number[]): void {
  const { writer } = patch;
  writer.u8(arrayForm.elements);
  writer.uint(shift);
  writer.uint(array.length);
  let runs = 0;
  for (let i = 0; i < changed.length; i++) if (i === 0 || changed[i] !== changed[i - 1]! + 1) runs++;
  writer.uint(runs);
  let end = 0;
  for (let i = 0; i < changed.length; ) {
    let until = i + 1;
    while (until < changed.length && changed[until] === changed[until - 1]! + 1) until++;
    writer.uint(changed[i]! - end);
    writer.uint(until - i);
    for (; i < until; i++) patch.writeSlot(array[changed[i]!]);
    end = changed[until - 1]! + 1;
  }
}

/** Pieces: where, and the bytes. */
export function writeByteChanges(patch: PatchWriter, changes: ByteChanges): void {
  const { writer } = patch;
  const pieces: { start: number; end: number }[] = [];
  for (const page of [...changes.pages.keys()].sort((a, b) => a - b)) {
    const difference = changes.difference(page);
    if (difference !== undefined) pieces.push({ start: page * pageBytes + difference.from, end: page * pageBytes + difference.to });
  }
  writer.uint(pieces.length);
  for (const { start, end } of pieces) {
    writer.uint(start);
    writer.blob(changes.bytes.subarray(start, end));
  }
}
