/**
 * Stored work that the code of a new version cannot do: timers and continuations whose method is gone, deferred messages and messages of the
 * node to itself to a service or method that is gone. Found before the upgrade, and, if the app says so, made dead letters in its turn.
 */
import { MaceKenError } from "../base/error.ts";
import { touch } from "../heap/barrier.ts";
import { findMethod } from "./continuation.ts";
import { DeadLetter, type NodeState, type ReplyState, type RequestMessage, type TimerState } from "./node-state.ts";
import type { ActiveTurn } from "./running-turn.ts";

export interface LostWork {
  /** For people: `timer bank.tick`. */
  readonly what: string;
  /** Takes it out of its table and answers who waits for it. Inside a turn. */
  park(turn: ActiveTurn): void;
}

/** `staying`: the services that the app still has. */
export function findLostWork(state: NodeState, staying: ReadonlySet<object>): LostWork[] {
  const names = new Map([...state.services].map(([name, service]) => [service, name]));
  const missing = (service: object, method: string): string | undefined => {
    const name = names.get(service) ?? service.constructor.name;
    if (!staying.has(service)) return `${name}.${method} (the service is removed)`;
    return findMethod(service, method) === undefined ? `${name}.${method}` : undefined;
  };
  const lost: LostWork[] = [];
  for (const timer of state.timers.values()) {
    const where = missing(timer.service, timer.method);
    if (where !== undefined) lost.push({ what: `timer ${where}`, park: (turn) => parkTimer(turn, timer, where) });
  }
  for (const reply of state.calls.values()) {
    const where = reply.service === null ? undefined : missing(reply.service, reply.method);
    if (where !== undefined) lost.push({ what: `continuation ${where} of ${reply.what}`, park: (turn) => parkContinuation(turn, reply, where) });
  }
  const missingOf = (request: RequestMessage): string | undefined => {
    const service = state.services.get(request.service);
    return service === undefined ? `${request.service}.${request.method} (the service is removed)` : missing(service, request.method);
  };
  for (const [id, request] of state.deferred) {
    const where = missingOf(request);
    if (where !== undefined) lost.push({ what: `deferred message ${where}`, park: (turn) => parkRequest(turn, state.deferred, id, request, `the deferred message's method ${where}`) });
  }
  for (const [id, message] of state.local) {
    if (!("request" in message)) continue;
    const { request } = message;
    const where = missingOf(request);
    if (where !== undefined) lost.push({ what: `message to itself ${where}`, park: (turn) => parkRequest(turn, state.local, id, request, `the method ${where} of a message of the node to itself`) });
  }
  return lost;
}

function parkTimer(turn: ActiveTurn, timer: TimerState, where: string): void {
  const { id, method, args, periodMs } = timer;
  turn.state.timers.delete(id);
  addLetter(turn, { kind: "timer", id, method, args, periodMs }, `the method ${where} of a timer`);
}

/** The outcome, when it comes, finds nobody who waits. */
function parkContinuation(turn: ActiveTurn, reply: ReplyState, where: string): void {
  const { call, what, method, context } = reply;
  turn.state.calls.delete(call);
  const unclaimed = touch(reply);
  unclaimed.service = null;
  unclaimed.method = "";
  unclaimed.context = [];
  addLetter(turn, { kind: "continuation", call, what, method, context }, `the continuation ${where} of ${what}`);
}

function parkRequest(turn: ActiveTurn, table: Map<number, unknown>, id: number, request: RequestMessage, what: string): void {
  table.delete(id);
  const { service, method, args, sender } = request;
  addLetter(turn, { kind: "request", service, method, args, sender: { ...sender } }, what);
  turn.answer(request.origin, { ok: false, error: new MaceKenError("MK_PARKED", `${service}.${method} does not exist any more since an upgrade of the node`) }, `${service}.${method}`);
}

function addLetter(turn: ActiveTurn, input: unknown, what: string): void {
  turn.state.dead.set(turn.nextId(), new DeadLetter(turn.now, input, `MK_METHOD_MISSING: ${what} does not exist any more since the upgrade`, 0));
}
