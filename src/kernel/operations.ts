/**
 * What an operator asks of a running node, as system turns: dead letters and forgetting a peer.
 */
import type { TurnInput } from "../turn/turn-input.ts";
import { findMethod } from "../turn/continuation.ts";
import type { DeadInput } from "../turn/input-facts.ts";
import { claim, ReplyState, TimerState, type DeadLetter, type NodeState } from "../turn/node-state.ts";
import { activeTurn, type ActiveTurn } from "../turn/running-turn.ts";
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

/**
 * A dead letter becomes a new input, after everything consumed; a caller was answered and is not answered again. What cannot run
 * stays: a message that never reached its peer, a method or service that is gone, an outcome that nobody waited for.
 */
function retry(kernel: Kernel, id: number): void {
  const { state } = kernel;
  const letter = state.dead.get(id);
  if (letter === undefined) return;
  const turn = activeTurn("dead retry");
  const input = letter.input as DeadInput;
  if (!canRetry(state, letter) || !("service" in input)) return;
  if (input.kind === "request") {
    const { service, method, args, sender } = input;
    turn.addLocal({ request: { service, method, args, sender, origin: { kind: "local", call: 0 } } });
  } else {
    const service = state.services.get(input.service)!;
    if (input.kind === "timer") retryTimer(turn, service, input);
    else {
      const reply = new ReplyState(input.call, input.node, input.what);
      claim(reply, { service, method: input.method, context: input.context });
      state.calls.set(reply.call, reply);
      turn.addLocal({ call: reply.call, outcome: input.outcome });
    }
  }
  state.dead.delete(id);
}

export function canRetry(state: NodeState, { input }: DeadLetter): boolean {
  const { kind, service, method } = input as { readonly kind: string; readonly service?: string; readonly method?: string };
  if (service === undefined || method === undefined) return false;
  const found = state.services.get(service);
  // A request that nobody takes any more is refused as a new one would be.
  return kind === "request" || (found !== undefined && findMethod(found, method) !== undefined);
}

/** Under its old number, which cancels it; one with a period that goes on by itself runs once more beside it. */
function retryTimer(turn: ActiveTurn, service: object, { id, method, args, periodMs }: Extract<DeadInput, { kind: "timer" }>): void {
  const goesOn = turn.state.timers.has(id);
  const timer = new TimerState(goesOn ? turn.nextId() : id, service, method, args, turn.now, goesOn ? 0 : periodMs);
  turn.state.timers.set(timer.id, timer);
  turn.outputs.timers.push(timer);
}
