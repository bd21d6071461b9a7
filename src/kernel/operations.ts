/**
 * What an operator asks of a running node, as system turns: dead letters and forgetting a peer.
 */
import { assert } from "../base/assert.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import type { RequestMessage } from "../turn/node-state.ts";
import { activeTurn } from "../turn/running-turn.ts";
import { forgetPeer } from "./channel-lives.ts";
import type { Kernel } from "./kernel.ts";
import type { Operation } from "./kernel-input.ts";

export function operationTurn(kernel: Kernel, operation: Operation): Extract<TurnInput, { kind: "system" }> {
  switch (operation.kind) {
    case "dropDeadLetter":
      return { kind: "system", what: "drop a dead letter", run: () => void kernel.state.dead.delete(operation.id) };
    case "retryDeadLetter":
      return { kind: "system", what: "retry a dead letter", run: () => retry(kernel, operation.id) };
    case "forgetPeer":
      return {
        kind: "system",
        what: `forget ${operation.peer}`,
        run: () => forgetPeer(kernel, operation.peer),
      };
  }
}

/** A dead letter becomes a new input, after everything consumed; its caller was answered and is not answered again. */
function retry(kernel: Kernel, id: number): void {
  const letter = kernel.state.dead.get(id);
  if (letter === undefined) return;
  kernel.state.dead.delete(id);
  const input = letter.input as { kind: string } & Partial<RequestMessage>;
  if (input.kind !== "request") return;
  assert(input.service !== undefined && input.method !== undefined && input.args !== undefined && input.sender !== undefined, "a dead request keeps its parts");
  activeTurn("dead retry").addLocal({ request: { service: input.service, method: input.method, args: input.args, sender: input.sender, origin: { kind: "local", call: 0 } } });
}
