/** A turn as one line for people: what it consumes, while that is still there, and what came of it. */
import { handlerOf } from "../turn/input-facts.ts";
import type { NodeState } from "../turn/node-state.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import { readPayload } from "../turn/payload.ts";
import type { Consumed, Turn } from "./turn-history.ts";
import { outcomeInWords, valuesInWords } from "./value-words.ts";

/** `bank.transfer("ann", 5) from shop`. */
export function inputInWords(input: TurnInput, consumed: Consumed, state: NodeState): string {
  const handler = handlerOf(input, state);
  switch (consumed.kind) {
    case "message": {
      const payload = readPayload(consumed.payload);
      if (payload.kind === "request") return `${handler}(${valuesInWords(payload.args)}) from ${consumed.from}`;
      return payload.kind === "outcome" ? `${handler} told ${outcomeInWords(payload.outcome)} by ${consumed.from}` : `${consumed.from}: ${payload.what} failed`;
    }
    case "call":
      return `${handler}(${input.kind === "request" ? valuesInWords(input.request.args) : ""}), call ${consumed.number} of ${consumed.client}`;
    case "timer":
      return `${handler} by its timer`;
    case "local":
      return `${handler} by itself`;
    case "deferred":
      return `${handler}, deferred before`;
    case "effect":
      return `${handler} told ${outcomeInWords(consumed.outcome)} by an effect`;
    case "system":
      return consumed.what;
    default:
      return consumed.kind;
  }
}

/** `, sends 2 messages`. */
export function outputsInWords({ messages, answers, effectKeys }: Turn["outputs"]): string {
  const parts = messages.map(({ node, payload }) => {
    const read = readPayload(payload);
    return read.kind === "request" ? `${read.service}.${read.method} to ${node}` : `${read.kind} to ${node}`;
  });
  for (const { outcome } of answers) parts.push(`answers ${outcomeInWords(outcome)}`);
  if (effectKeys.length > 0) parts.push(`${effectKeys.length} effects`);
  return parts.length === 0 ? "" : ` -> ${parts.join(", ")}`;
}
