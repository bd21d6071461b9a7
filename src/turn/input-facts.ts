/**
 * What an input is about: who sent it, which call it answers, how a dead letter keeps it. Reads the system's tables, writes nothing.
 */
import { assert } from "../base/assert.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Sender } from "../service/turn-context.ts";
import type { NodeState, ReplyState, RequestMessage } from "./node-state.ts";
import type { TurnInput } from "./turn-input.ts";

/** Who caused the turn. */
export function senderOf(input: TurnInput, state: NodeState): Sender {
  switch (input.kind) {
    case "request":
    case "deferred":
      return input.request.sender;
    case "local": {
      const message = state.local.get(input.id);
      return message !== undefined && "request" in message ? message.request.sender : { kind: "self" };
    }
    case "outcome":
      return { kind: "node", name: input.node };
    case "timer":
      return { kind: "timer" };
    default:
      return { kind: "self" };
  }
}

const longestWords = 100;

/** For people, and only where what the turn takes out of the system's tables does not tell. A peer may have chosen the words. */
export function inWords(input: TurnInput): string | undefined {
  switch (input.kind) {
    case "request": {
      const { service, method, origin } = input.request;
      // Where it has a key, that one's entry names the method.
      if (origin.kind === "external") return input.fingerprint === undefined ? `request ${service}.${method}` : undefined;
      return `${service}.${method}`.slice(0, longestWords);
    }
    case "system":
    case "nothing":
      return input.what.slice(0, longestWords);
    default:
      return undefined;
  }
}

/** The call whose outcome the input carries; 0 for other inputs. */
export function callOfInput(input: TurnInput, state: NodeState): number {
  if (input.kind === "outcome") return input.call;
  if (input.kind === "effect") return state.effects.get(input.key)?.call ?? 0;
  if (input.kind !== "local") return 0;
  const message = state.local.get(input.id);
  return message !== undefined && "call" in message ? message.call : 0;
}

/** The outcome that the input carries. */
export function outcomeOf(input: TurnInput, state: NodeState): Outcome<unknown> {
  if (input.kind === "outcome" || input.kind === "effect") return input.outcome;
  assert(input.kind === "local", "only these inputs carry outcomes");
  const message = state.local.get(input.id);
  assert(message !== undefined && "outcome" in message, "a message to itself is a request or an outcome");
  return message.outcome;
}

/** The handler that the input runs, for people: `bank.transfer`. */
export function handlerOf(input: TurnInput, state: NodeState): string {
  if (input.kind === "request" || input.kind === "deferred") return `${input.request.service}.${input.request.method}`;
  if (input.kind === "timer") {
    const timer = state.timers.get(input.id);
    return timer === undefined ? "a timer" : `${serviceName(timer.service, state)}.${timer.method}`;
  }
  const message = input.kind === "local" ? state.local.get(input.id) : undefined;
  if (message !== undefined && "request" in message) return `${message.request.service}.${message.request.method}`;
  const reply = state.calls.get(callOfInput(input, state));
  return reply === undefined || reply.service === null ? "an outcome" : `${serviceName(reply.service, state)}.${reply.method}`;
}

/** The name under which this node has the service. */
export function serviceName(service: object, state: NodeState): string {
  for (const [name, each] of state.services) if (each === service) return name;
  return service.constructor.name;
}

/** What a dead letter keeps of its input. Those of other kinds cannot run again. */
export type DeadInput =
  | { readonly kind: "request"; readonly service: string; readonly method: string; readonly args: readonly unknown[]; readonly sender: Sender }
  | { readonly kind: "timer"; readonly id: number; readonly service: string; readonly method: string; readonly args: readonly unknown[]; readonly periodMs: number }
  | { readonly kind: "outcome"; readonly call: number; readonly node: string; readonly what: string; readonly service: string; readonly method: string; readonly context: readonly unknown[]; readonly outcome: Outcome<unknown> }
  | { readonly kind: Exclude<TurnInput["kind"], "request" | "timer" | "outcome"> | "outcome" };

/** Before the input is consumed: enough for people and for trying it again. */
export function describeInput(input: TurnInput, state: NodeState, reply: ReplyState | undefined): DeadInput {
  if (input.kind === "request" || input.kind === "deferred") return describeRequest(input.request);
  if (input.kind === "timer") {
    const { id, service, method, args, periodMs } = state.timers.get(input.id)!;
    return { kind: "timer", id, service: serviceName(service, state), method, args, periodMs };
  }
  const message = input.kind === "local" ? state.local.get(input.id) : undefined;
  if (message !== undefined && "request" in message) return describeRequest(message.request);
  if (reply === undefined || reply.service === null) return { kind: input.kind };
  const { call, node, what, service, method, context } = reply;
  return { kind: "outcome", call, node, what, service: serviceName(service, state), method, context, outcome: outcomeOf(input, state) };
}

function describeRequest({ service, method, args, sender }: RequestMessage): DeadInput {
  return { kind: "request", service, method, args, sender: { ...sender } };
}
