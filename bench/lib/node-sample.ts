/**
 * What a node says of itself at an instant, and the difference of two such samples: turns, processor time, syncs and bytes of
 * the log. A difference without real syncs is an error: nobody shall publish figures of a node that did not sync.
 */
import { performance } from "node:perf_hooks";
import type { MaceNode } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";
import { syncs } from "./count-syncs.ts";

export interface NodeSample {
  readonly atMs: number;
  readonly turns: number;
  readonly cpuMs: number;
  /** Seen at node:fs, not claimed by the log. */
  readonly syncs: number;
  readonly groups: number;
  readonly blockingSyncs: number;
  readonly logBytes: number;
}

/** Runs in the node's process. */
export function sampleNode(node: MaceNode<unknown>): NodeSample {
  const { user, system } = process.cpuUsage();
  const { log } = nodeInternals(node);
  const { groups = 0, blockingSyncs = 0, bytesWritten = 0 } = log?.counters ?? {};
  return { atMs: performance.now(), turns: node.turn, cpuMs: (user + system) / 1000, syncs: syncs.count, groups, blockingSyncs, logBytes: bytesWritten };
}

export interface NodeWindow {
  readonly turns: number;
  readonly turnsPerSecond: number;
  readonly cpuUsPerTurn: number;
  readonly syncsPerTurn: number;
  readonly logBytesPerTurn: number;
  readonly blockingShare: number;
}

export function windowOf(before: NodeSample, after: NodeSample): NodeWindow {
  const turns = after.turns - before.turns;
  const groups = after.groups - before.groups;
  const synced = after.syncs - before.syncs;
  if (turns <= 0) throw new Error("no turn ran while it was measured");
  // One group may be in flight at either end.
  if (synced < groups - 1 || synced === 0) throw new Error(`${groups} groups were written but only ${synced} syncs seen: these would not be durable turns`);
  return {
    turns,
    turnsPerSecond: (turns * 1000) / (after.atMs - before.atMs),
    cpuUsPerTurn: ((after.cpuMs - before.cpuMs) * 1000) / turns,
    syncsPerTurn: synced / turns,
    logBytesPerTurn: (after.logBytes - before.logBytes) / turns,
    blockingShare: (after.blockingSyncs - before.blockingSyncs) / Math.max(1, groups),
  };
}
