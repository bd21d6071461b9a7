/** What an operator reads of a handler that threw. */
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import { handlerOf } from "../turn/input-facts.ts";
import type { NodeState } from "../turn/node-state.ts";
import type { Note } from "./kernel-effect.ts";
import type { NextTurn } from "./turn-queue.ts";

/** After the turn was undone, so that the tables still have what it consumed. */
export function failureNote({ lane, input }: NextTurn, state: NodeState, error: unknown): Note {
  return {
    level: "error",
    ...(error instanceof MaceKenError ? { code: error.code } : {}),
    message: `${handlerOf(input, state)} failed (try ${lane.attempts + 1}): ${messageOf(error)}`,
    fields: { lane: lane.name, stack: stackOf(error) },
  };
}
