/**
 * A node as a data directory has it, as the beginning of a search: its state, and what it has sent that its peers have not consumed. Its
 * timers keep how far apart they are: time stands still in a search.
 */
import { MaceKenError } from "../base/error.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { TimerState } from "../turn/node-state.ts";
import { LoadedNode, standingTimeMs, type NodePorts } from "./loaded-node.ts";

export interface StoredNode {
  /** Read from its directory, and not run. */
  readonly kernel: Kernel;
  /** Node time of its last turn, ms. */
  readonly nowMs: number;
}

/** Errors: MK_WORLD_INVALID. */
export function stateOf(ports: NodePorts, { kernel, nowMs }: StoredNode): LoadedNode {
  if (kernel.options.name !== ports.name) throw new MaceKenError("MK_WORLD_INVALID", `the world cannot be: the data of ${kernel.options.name} are given for ${ports.name}`);
  if (kernel.state.version !== ports.app.version) throw new MaceKenError("MK_WORLD_INVALID", `the world cannot be: the data of ${ports.name} are of version ${kernel.state.version}, its app of ${ports.app.version}`, { remedy: "Upgrade a copy of the data first, or check with the app that wrote them." });
  const node = LoadedNode.load(ports, LoadedNode.chunksOf(kernel.heap), 0);
  const { timers } = node.state;
  // In the order in which they are due, as if that were the order in which they were set.
  const inOrder = [...timers.values()].sort((a, b) => a.dueAt - b.dueAt);
  for (const timer of inOrder) shift(timers, timer, nowMs);
  return node;
}

/** Before any turn, on objects that were loaded for this: no heap needs to hear of it. */
function shift(timers: Map<number, TimerState>, timer: TimerState, nowMs: number): void {
  timer.dueAt = standingTimeMs + Math.max(0, timer.dueAt - nowMs);
  Map.prototype.delete.call(timers, timer.id);
  Map.prototype.set.call(timers, timer.id, timer);
}

/** The payloads of what `from` has sent and `to` has not consumed, in order. Errors: MK_WORLD_INVALID when that is more than memory had. */
export function underWay(from: Kernel, to: Kernel): Uint8Array[] {
  const channel = from.channels.get(to.options.name);
  if (channel === undefined) return [];
  const consumed = to.channels.get(from.options.name)?.executed ?? 0;
  const payloads: Uint8Array[] = [];
  for (let number = Math.max(channel.acknowledged, consumed) + 1; number <= channel.sent; number++) {
    const payload = channel.outbox.payloadOf(number);
    if (payload === undefined) throw new MaceKenError("MK_WORLD_INVALID", `the world cannot be: ${from.options.name} has more messages for ${to.options.name} than a check can begin with`);
    payloads.push(payload);
  }
  return payloads;
}
