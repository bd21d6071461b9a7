/**
 * What an operator asks of a running node, as system turns: dead letters and forgetting a peer.
 */
import type { TurnInput } from "../turn/turn-input.ts";
import { retryOf } from "../turn/input-facts.ts";
import { activeTurn } from "../turn/running-turn.ts";
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
        run: () => kernel.forgetPeer(operation.peer),
      };
  }
}

/** A dead letter becomes a new input, after everything consumed; one of which too little was kept stays. */
function retry(kernel: Kernel, id: number): void {
  const letter = kernel.state.dead.get(id);
  const request = letter === undefined ? undefined : retryOf(letter);
  if (request === undefined) return;
  kernel.state.dead.delete(id);
  activeTurn("dead retry").addLocal({ request });
}
