/** What a peer's message is to the turn that consumes it. Reads no table; notes about it are the caller's. */
import type { Payload } from "./payload.ts";
import type { Origin } from "./origin.ts";
import type { TurnInput } from "./turn-input.ts";

/** `begun`: how often the peer's channel had begun anew, undefined for never. */
export function messageInput(peer: string, payload: Payload, begun: number | undefined): TurnInput {
  switch (payload.kind) {
    case "request": {
      const { service, method, args, call } = payload;
      const origin: Origin = begun === undefined ? { kind: "node", node: peer, call } : { kind: "node", node: peer, call, begun };
      return { kind: "request", request: { service, method, args, origin, sender: { kind: "node", name: peer } } };
    }
    case "outcome":
      return { kind: "outcome", call: payload.call, outcome: payload.outcome, node: peer };
    case "failure":
      return { kind: "nothing", what: `${payload.what} failed, and nobody waits for it` };
  }
}
