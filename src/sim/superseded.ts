/**
 * What is left of an operation that a failed sync has abandoned, once a later one is durable: the page or the entry that it wrote has been
 * written again since, with what is there now, so that it cannot come back.
 */
import type { UnsyncedOperation } from "./memory-disk.ts";

/** The parts of `older` that a loss of power may still leave or not. */
export function withoutSuperseded(older: UnsyncedOperation, durable: UnsyncedOperation): UnsyncedOperation[] {
  if (older.inode !== durable.inode) return [older];
  const isEntry = (operation: UnsyncedOperation): boolean => operation.kind !== "write" && operation.kind !== "truncate";
  if (isEntry(older) || isEntry(durable)) return isEntry(older) && isEntry(durable) ? [] : [older];
  if (older.kind !== "write") return durable.kind === "truncate" ? [] : [older];
  const [start, end] = [older.position, older.position + older.bytes.length];
  const from = durable.kind === "write" ? durable.position : durable.kind === "truncate" ? durable.size : end;
  const to = durable.kind === "write" ? durable.position + durable.bytes.length : Infinity;
  const part = (first: number, last: number): UnsyncedOperation[] => (first >= last ? [] : [{ ...older, position: first, bytes: older.bytes.subarray(first - start, last - start) }]);
  return from >= end || to <= start ? [older] : [...part(start, Math.min(end, from)), ...part(Math.max(start, to), end)];
}
