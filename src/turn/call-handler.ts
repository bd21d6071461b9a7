/**
 * Calling what the user wrote: handlers, continuations, timers, hooks. A Rejection is an answer, anything else that is thrown
 * goes on; a promise is refused, because a handler is one synchronous turn.
 */
import { MaceKenError } from "../base/error.ts";
import { Rejection } from "../base/rejection.ts";
import type { Handler } from "./dispatch.ts";
import { ReplyState } from "./node-state.ts";

export type HandlerResult = { readonly value: unknown } | { readonly rejection: Rejection };

export function callHandler(handler: Handler, service: object, args: readonly unknown[]): HandlerResult {
  try {
    return { value: handler.apply(service, args as unknown[]) };
  } catch (error) {
    if (error instanceof Rejection) return { rejection: error };
    throw error;
  }
}

/** Timers and continuations answer nobody: a Rejection undoes the turn and is noted, a promise is an error. */
export function asRefusal(result: HandlerResult, what: string): Rejection | undefined {
  if ("rejection" in result) return result.rejection;
  refuseThenable(result.value, what);
  return undefined;
}

export function refuseThenable(value: unknown, what: string): void {
  if (typeof value !== "object" || value === null || value instanceof ReplyState) return;
  if (typeof (value as { then?: unknown }).then !== "function") return;
  // What becomes of it is nobody's business any more; a rejection must not end the process on top of this error.
  if (value instanceof Promise) value.catch(() => {});
  throw new MaceKenError("MK_TURN_ASYNC", `${what} returned a promise`);
}

/** Runs an optional life-cycle method. */
export function callHook(service: object, name: "born" | "restarted" | "upgraded", ...args: unknown[]): void {
  const hook = (service as Record<string, unknown>)[name];
  if (typeof hook !== "function") return;
  refuseThenable(hook.apply(service, args), `${service.constructor.name}.${name}`);
}
