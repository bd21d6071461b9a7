/**
 * What a simulated disk has promised nobody yet: writes, truncations and changes of directories that no sync has covered, and what a loss
 * of power may leave of each. Data and how they apply; whose they are and when they are covered is memory-disk.ts.
 */
export const sectorBytes = 512;

export interface Inode {
  cache: Uint8Array;
  durable: Uint8Array;
}

export interface Directory {
  cache: Map<string, Inode>;
  durable: Map<string, Inode>;
}

type DataChange =
  | { readonly kind: "write"; readonly inode: Inode; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly inode: Inode; readonly size: number };
type EntryChange =
  | { readonly kind: "link" | "unlink"; readonly directory: string; readonly name: string; readonly inode: Inode }
  | { readonly kind: "rename"; readonly directory: string; readonly from: string; readonly name: string; readonly inode: Inode };
/** An operation that no successful sync has covered. */
export type UnsyncedOperation = (DataChange | EntryChange) & { abandoned: boolean };

/**
 * What a loss of power leaves of an operation: all, nothing, the first bytes, or some of the sectors (by number within
 * the file).
 */
export type Kept = boolean | { readonly firstBytes: number } | { readonly sectors: (sector: number) => boolean };

export function emptyInode(): Inode {
  return { cache: new Uint8Array(0), durable: new Uint8Array(0) };
}

export function isData(operation: UnsyncedOperation): operation is DataChange & { abandoned: boolean } {
  return operation.kind === "write" || operation.kind === "truncate";
}

export function makeDurable(operation: UnsyncedOperation, directories: ReadonlyMap<string, Directory>): void {
  if (operation.kind === "write") operation.inode.durable = written(operation.inode.durable, operation.position, operation.bytes);
  else if (operation.kind === "truncate") operation.inode.durable = resized(operation.inode.durable, operation.size);
  else relink(directories.get(operation.directory)!.durable, operation, operation.inode);
}

/** After a loss of power: what of the operation is there after all. */
export function redo(operation: UnsyncedOperation, inode: Inode, kept: Kept, directories: ReadonlyMap<string, Directory>): void {
  if (kept === false) return;
  if (operation.kind === "truncate") inode.cache = resized(inode.cache, operation.size);
  else if (operation.kind === "write") {
    for (const [start, end] of keptRanges(operation.position, operation.bytes.length, kept)) {
      inode.cache = written(inode.cache, operation.position + start, operation.bytes.subarray(start, end));
    }
  } else relink(directories.get(operation.directory)!.cache, operation, inode);
}

/** A file has one name at most: an operation that survived takes it from wherever one that did not would have. */
function relink(entries: Map<string, Inode>, operation: EntryChange, inode: Inode): void {
  for (const [name, other] of entries) if (other === inode) entries.delete(name);
  if (operation.kind !== "unlink") entries.set(operation.name, inode);
}

export function written(image: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const result = position + bytes.length > image.length ? resized(image, position + bytes.length) : image;
  result.set(bytes, position);
  return result;
}

/** Where there is room behind the image it is zero: a file that grows piece by piece is not copied for each. */
export function resized(image: Uint8Array, size: number): Uint8Array {
  if (size <= image.length) return image.slice(0, size);
  if (image.byteOffset === 0 && image.buffer.byteLength >= size) return new Uint8Array(image.buffer, 0, size);
  const result = new Uint8Array(new ArrayBuffer(Math.max(size, 2 * image.length)), 0, size);
  result.set(image);
  return result;
}

function keptRanges(position: number, length: number, kept: Exclude<Kept, false>): [start: number, end: number][] {
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
