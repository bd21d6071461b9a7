/**
 * What an input is about: who sent it, which call it answers, how a dead letter keeps it. Reads the system's tables, writes nothing.
 */
import { assert } from "../base/assert.ts";
import type { Outcome } from "../base/rejection.ts";
import type { Sender } from "../service/turn-context.ts";
import type { NodeState, RequestMessage } from "./node-state.ts";
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

/** What a dead letter keeps of its input: enough for people and for trying it again. */
export function describeInput(input: TurnInput, request: RequestMessage | undefined): unknown {
  if (request !== undefined) return { kind: "request", service: request.service, method: request.method, args: request.args, sender: { ...request.sender } };
  if (input.kind === "outcome") return { kind: "outcome", call: input.call, outcome: input.outcome, node: input.node };
  if (input.kind === "timer") return { kind: "timer", id: input.id };
  return { kind: input.kind };
}
