/** What an operator reads of a handler that threw. */
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import type { Note } from "./kernel-effect.ts";
import type { NextTurn } from "./turn-queue.ts";

export function failureNote({ lane, input }: NextTurn, error: unknown): Note {
  const what = input.kind === "request" || input.kind === "deferred" ? `${input.request.service}.${input.request.method}` : input.kind;
  return {
    level: "error",
    ...(error instanceof MaceKenError ? { code: error.code } : {}),
    message: `${what} failed (try ${lane.attempts + 1}): ${messageOf(error)}`,
    fields: { lane: lane.name, stack: stackOf(error) },
  };
}
