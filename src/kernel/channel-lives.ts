/**
 * How channels begin, inside turns, so that it is durable before anything builds on it: a peer is met, begins a new life, is
 * forgotten, or this node itself was restored. What becomes of a channel that begins anew is channel-restarts.ts. Decides nothing:
 * protocol/handshake.ts does.
 */
import { touch } from "../heap/barrier.ts";
import type { Channel } from "../protocol/channel.ts";
import { demandHistory, type NodeState } from "../turn/node-state.ts";
import type { Kernel } from "./kernel.ts";

/** A peer that comes back in one of its last lives is recognised: more would be kept for nothing. */
const endedKept = 16;

/** What this node is called towards a peer: by its incarnation, until it has forgotten that peer. */
export function incarnationTowards(state: NodeState, peer: string): string {
  return state.histories?.get(peer)?.incarnation || state.incarnation;
}

export function endedIncarnations(state: NodeState, peer: string): readonly string[] {
  return state.histories?.get(peer)?.ended ?? [];
}

/** A greeting has told the peer's incarnation: the first, or another than `before`. */
export function learnIncarnation(kernel: Kernel, peer: string, before: string, incarnation: string): void {
  const channel = kernel.channels.demand(peer);
  // Another greeting has come first: the next one is judged by what it taught.
  if (channel.incarnation !== before || kernel.restarts.isUnderWay(channel)) return;
  if (before === "") {
    // What was sent before they met keeps its numbers.
    channel.incarnation = incarnation;
    kernel.channels.noteMeeting(channel, false, kernel.executed);
    return;
  }
  const lost = whatIsLost(kernel, [channel]);
  const written = touch(demandHistory(kernel.state, peer));
  written.ended = [...written.ended, before].slice(-endedKept);
  kernel.restarts.begin(channel, incarnation);
  kernel.note({ level: "warn", message: `${peer} began a new life: its data are new or were restored, or it was told to forget this node. ${inWords(lost)}`, fields: { peer, ...lost } });
}

/** The operator has given the peer up. Whoever answers for it next may have another key; the peer sees a new life of this node's. */
export function forgetPeer(kernel: Kernel, peer: string): void {
  const channel = kernel.channels.get(peer);
  if (channel === undefined) return;
  const lost = whatIsLost(kernel, [channel]);
  if (channel.key !== "") kernel.channels.pin(channel, "", kernel.executed);
  const written = touch(demandHistory(kernel.state, peer));
  written.incarnation = kernel.options.newIncarnation();
  written.ended = [];
  kernel.restarts.begin(channel, "");
  kernel.note({ level: "info", message: `${peer} is forgotten. ${inWords(lost)}`, fields: { peer, ...lost } });
}

/** In the first turn after a restore: a new life of the whole node. Once it is durable there is nothing to do. */
export function beginNewLife(kernel: Kernel, incarnation: string): void {
  const { state, channels } = kernel;
  if (state.incarnation === incarnation) return;
  touch(state).incarnation = incarnation;
  const lost = whatIsLost(kernel, channels.all());
  for (const channel of channels.all()) {
    touch(demandHistory(state, channel.peer)).incarnation = "";
    kernel.restarts.begin(channel, "");
  }
  kernel.note({ level: "warn", message: `this node was restored: it goes on from turn ${kernel.executed - 1} in a new life, of which its peers will hear. ${inWords(lost)}`, fields: { incarnation, ...lost } });
}

interface Lost {
  readonly messages: number;
  readonly calls: number;
}

function whatIsLost({ executor }: Kernel, channels: Iterable<Channel>): Lost {
  let messages = 0;
  let calls = 0;
  for (const { peer, outbox } of channels) {
    messages += outbox.length;
    calls += executor.waitingFor(peer);
  }
  return { messages, calls };
}

function inWords({ messages, calls }: Lost): string {
  const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
  return `${count(messages, "unacknowledged message becomes a dead letter", "unacknowledged messages become dead letters")}, ${count(calls, "call gets", "calls get")} MK_PEER_LOST`;
}
