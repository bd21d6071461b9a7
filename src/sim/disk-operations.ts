/**
 * What a disk in memory remembers of an operation until a sync has covered it, and what a loss of power may leave of it. No state.
 */
export const sectorBytes = 512;

export interface Inode {
  cache: Uint8Array;
  durable: Uint8Array;
}

export type DataChange =
  | { readonly kind: "write"; readonly inode: Inode; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly inode: Inode; readonly size: number };
export type EntryChange =
  | { readonly kind: "link" | "unlink"; readonly directory: string; readonly name: string; readonly inode: Inode }
  | { readonly kind: "rename"; readonly directory: string; readonly from: string; readonly name: string; readonly inode: Inode };

/** An operation that no successful sync has covered. */
export type UnsyncedOperation = (DataChange | EntryChange) & { abandoned: boolean };

/**
 * What a loss of power leaves of an operation: all, nothing, the first bytes, or some of the sectors (by number within
 * the file).
 */
export type Kept = boolean | { readonly firstBytes: number } | { readonly sectors: (sector: number) => boolean };

export function isData(operation: UnsyncedOperation): operation is DataChange & { abandoned: boolean } {
  return operation.kind === "write" || operation.kind === "truncate";
}

export function written(image: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const result = position + bytes.length > image.length ? resized(image, position + bytes.length) : image;
  result.set(bytes, position);
  return result;
}

export function resized(image: Uint8Array, size: number): Uint8Array {
  if (size <= image.length) return image.slice(0, size);
  const result = new Uint8Array(size);
  result.set(image);
  return result;
}

export function keptRanges(position: number, length: number, kept: Exclude<Kept, false>): [start: number, end: number][] {
  if (kept === true) return [[0, length]];
  if ("firstBytes" in kept) return [[0, Math.min(kept.firstBytes, length)]];
  const ranges: [number, number][] = [];
  for (let start = 0; start < length; ) {
    const sector = Math.floor((position + start) / sectorBytes);
    const end = Math.min(length, (sector + 1) * sectorBytes - position);
    if (kept.sectors(sector)) ranges.push([start, end]);
    start = end;
  }
  return ranges;
}

/**
 * What is left of an operation that a failed sync has abandoned, once a later one is durable: the page or the entry that it wrote has been
 * written again since, with what is there now, so that it cannot come back.
 */
export function withoutSuperseded(older: UnsyncedOperation, durable: UnsyncedOperation): UnsyncedOperation[] {
  if (older.inode !== durable.inode) return [older];
  if (!isData(older) || !isData(durable)) return !isData(older) && !isData(durable) ? [] : [older];
  if (older.kind !== "write") return durable.kind === "truncate" ? [] : [older];
  const [start, end] = [older.position, older.position + older.bytes.length];
  const from = durable.kind === "write" ? durable.position : durable.size;
  const to = durable.kind === "write" ? durable.position + durable.bytes.length : Infinity;
  const part = (first: number, last: number): UnsyncedOperation[] => (first >= last ? [] : [{ ...older, position: first, bytes: older.bytes.subarray(first - start, last - start) }]);
  return from >= end || to <= start ? [older] : [...part(start, Math.min(end, from)), ...part(Math.max(start, to), end)];
}
