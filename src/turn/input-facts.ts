/**
 * What an input is about: who sent it, which call it answers, how a dead letter keeps it. Reads the system's tables, writes nothing.
 */
import { assert } from "../base/assert.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Sender } from "../service/turn-context.ts";
import type { DeadLetter, NodeState, ReplyState, RequestMessage } from "./node-state.ts";
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

/**
 * What a dead letter keeps of its input: enough for people and for trying it again. `reply`: what waits for the outcome that the input
 * carries. To be asked before the input is consumed.
 */
export function describeInput(input: TurnInput, reply: ReplyState | undefined, state: NodeState): unknown {
  const request = requestOf(input, state);
  if (request !== undefined) return { kind: "request", service: request.service, method: request.method, args: request.args, sender: { ...request.sender } };
  if (input.kind === "timer") {
    const { id, service, method, args, periodMs } = state.timers.get(input.id)!;
    return { kind: "timer", id, service: nameOf(service, state), method, args, periodMs };
  }
  if (reply !== undefined && reply.service !== null) {
    return { kind: "continuation", what: reply.what, service: nameOf(reply.service, state), method: reply.method, args: [outcomeOf(input, state), ...reply.context] };
  }
  return { kind: input.kind };
}

function requestOf(input: TurnInput, state: NodeState): RequestMessage | undefined {
  if (input.kind === "request" || input.kind === "deferred") return input.request;
  const message = input.kind === "local" ? state.local.get(input.id) : undefined;
  return message !== undefined && "request" in message ? message.request : undefined;
}

function nameOf(service: object, state: NodeState): string | undefined {
  for (const [name, each] of state.services) if (each === service) return name;
  return undefined;
}

/** The message that a dead letter becomes when it is tried again; undefined for one of which too little was kept. Its caller was answered. */
export function retryOf({ input }: DeadLetter): RequestMessage | undefined {
  const { kind, service, method, args, sender } = input as { readonly kind: string } & Partial<RequestMessage>;
  if (service === undefined || method === undefined || args === undefined) return undefined;
  // Timers and continuations name methods that nobody but the service itself may call.
  return { service, method, args, sender: kind === "request" ? sender! : { kind: "self", name: service }, origin: { kind: "local", call: 0 } };
}
