/**
 * What may happen to a node, as integers: a message at the head of a channel, a client's call, and what stands in the node's own tables:
 * timers, messages to itself, deferred messages whose guard holds, effects under way.
 */
import type { Outcome } from "../base/rejection.ts";
import { readMessageValue } from "../codec/message-reader.ts";
import { Reader } from "../codec/reader.ts";
import { outcomeInWords, valuesInWords } from "../sim/value-words.ts";
import type { ClientCall } from "../sim/world-definition.ts";
import { DeferredRequests } from "../kernel/deferred-requests.ts";
import { handlerOf } from "../turn/input-facts.ts";
import { messageInput } from "../turn/message-input.ts";
import { encodeArguments, readPayload } from "../turn/payload.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import type { LoadedNode } from "./loaded-node.ts";

export type NodeEvent =
  | { readonly kind: "message"; readonly from: string; readonly payload: Uint8Array }
  | { readonly kind: "call"; readonly client: string; readonly request: number; readonly call: ClientCall }
  /** The oldest. */
  | { readonly kind: "local" }
  | { readonly kind: "deferred" }
  /** By their place among those that may fire. */
  | { readonly kind: "timer"; readonly place: number }
  | { readonly kind: "effect"; readonly place: number; readonly outcome: Outcome<unknown> }
  /** A peer has lost its past: who waits for it is told. */
  | { readonly kind: "lost"; readonly peer: string };

export type EffectOutcomes = (name: string, args: readonly unknown[]) => readonly Outcome<unknown>[];

/** What may happen to a node by itself. */
export function* ownEvents(node: LoadedNode, outcomesOf: EffectOutcomes): Iterable<NodeEvent> {
  const { state } = node;
  if (state.local.size > 0) yield { kind: "local" };
  if (readyDeferred(node) !== undefined) yield { kind: "deferred" };
  for (const place of node.dueTimers().keys()) yield { kind: "timer", place };
  let place = 0;
  for (const { name, args } of state.effects.values()) {
    for (const outcome of outcomesOf(name, args)) yield { kind: "effect", place, outcome };
    place++;
  }
}

function readyDeferred({ state }: LoadedNode): TurnInput | undefined {
  if (state.deferred.size === 0) return undefined;
  const deferred = new DeferredRequests(undefined);
  deferred.restore(state);
  return deferred.ready(state);
}

export function inputOf(event: NodeEvent, node: LoadedNode): TurnInput {
  const { state } = node;
  switch (event.kind) {
    case "message":
      return messageInput(event.from, readPayload(event.payload), undefined);
    case "call": {
      const { service, method, args } = event.call;
      return { kind: "request", request: { service, method, args: copyOf(args) as unknown[], origin: { kind: "external", request: event.request, key: null }, sender: { kind: "client" } } };
    }
    case "lost":
      return { kind: "system", what: `${event.peer} is lost`, run: () => node.losePeer(event.peer) };
    case "local":
      return { kind: "local", id: state.local.keys().next().value! };
    case "deferred":
      return readyDeferred(node)!;
    case "timer":
      return { kind: "timer", id: node.dueTimers()[event.place]!.id };
    case "effect":
      return { kind: "effect", key: [...state.effects.keys()][event.place]!, outcome: event.outcome.ok ? { ok: true, value: copyOf(event.outcome.value) } : event.outcome };
  }
}

/** What comes from outside comes as bytes: no two turns are given the same objects. */
function copyOf(value: unknown): unknown {
  return (readMessageValue(new Reader(encodeArguments([value], "a value"))) as unknown[])[0];
}

/** As production has it: peers' messages, the node's own, timers and effects are tried again, requests from outside are not. */
export function isRetried({ kind }: NodeEvent): boolean {
  return kind !== "call";
}

/** `bank.transfer("ann", 5) from auction`, as a person reads it. */
export function eventInWords(event: NodeEvent, node: LoadedNode): string {
  const input = inputOf(event, node);
  const handler = handlerOf(input, node.state);
  switch (event.kind) {
    case "message": {
      const payload = readPayload(event.payload);
      if (payload.kind === "request") return `${handler}(${valuesInWords(payload.args)}) from ${event.from}`;
      if (payload.kind === "failure") return `${event.from}: ${payload.what} failed`;
      return `${handler} told ${outcomeInWords(payload.outcome)} by ${event.from}`;
    }
    case "call":
      return `${handler}(${valuesInWords(event.call.args)}) from client ${event.client}`;
    case "timer":
      return `${handler} by its timer`;
    case "effect":
      return `${handler} told ${outcomeInWords(event.outcome)} by an effect`;
    case "deferred":
      return `${handler}, deferred before`;
    case "lost":
      return `${event.peer} has lost its past`;
    case "local":
      return `${handler} by itself`;
  }
}
