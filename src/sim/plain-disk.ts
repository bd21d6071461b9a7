/**
 * A node's disk reduced to "appended" and "durable", with snapshots that are there at once and blocks that are there until dropped: what
 * happens to it. Its state is the node's own (simulated-node.ts).
 */
import type { KernelLoader } from "../kernel/recovery.ts";
import { keptAppends, type DiskCopy, type DiskOutcome, type SimulatedNode } from "./simulated-node.ts";

export function isEmpty({ durable, snapshot }: SimulatedNode): boolean {
  return durable.length === 0 && snapshot === undefined;
}

export function loadFrom({ snapshot, durable, blocks, dropped }: SimulatedNode, loader: KernelLoader): void {
  for (const chunk of snapshot?.chunks ?? []) loader.snapshotChunk(chunk);
  for (const { bytes } of durable) loader.records(bytes);
  // What no snapshot names is worth nothing to a recovery.
  for (const block of blocks.keys()) if (snapshot?.blocks.has(block) !== true) blocks.delete(block);
  dropped.clear();
}

export function crashDisk({ durable, unsynced }: SimulatedNode, outcome: DiskOutcome): void {
  durable.push(...unsynced.slice(0, keptAppends(outcome, unsynced.length)));
  unsynced.length = 0;
}

export function installSnapshot(node: SimulatedNode): void {
  const { snapshot, chunks } = node.taking!;
  snapshot.end();
  node.taking = undefined;
  node.snapshot = { turn: snapshot.atTurn, chunks, blocks: snapshot.blocks };
  for (let i = node.durable.length - 1; i >= 0; i--) if (node.durable[i]!.turn <= snapshot.atTurn) node.durable.splice(i, 1);
  for (const block of node.dropped) dropBlock(node, block);
}

export function dropBlock(node: SimulatedNode, block: number): void {
  const isNeeded = node.taking !== undefined || node.snapshot?.blocks.has(block) === true;
  if (isNeeded) node.dropped.add(block);
  else {
    node.dropped.delete(block);
    node.blocks.delete(block);
  }
}

export function copyOf({ durable, snapshot, blocks, restoredAs }: SimulatedNode): DiskCopy {
  return { durable: [...durable], snapshot, blocks: new Map(blocks), restoredAs };
}

export function putBackOn(node: SimulatedNode, copy: DiskCopy): void {
  node.durable.splice(0, Infinity, ...copy.durable);
  node.snapshot = copy.snapshot;
  node.blocks.clear();
  for (const [block, bytes] of copy.blocks) node.blocks.set(block, bytes);
  node.restoredAs = copy.restoredAs;
}
