/**
 * Requests whose guard said "later": durable in the heap's table, here only the order in which to try them. Guards see
 * state only and are asked once per method after a turn that wrote; the oldest of a method runs first.
 */
import type { ServiceClass } from "../service/messages.ts";
import { entryOf } from "../turn/dispatch.ts";
import type { NodeState } from "../turn/node-state.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import type { TurnWatch } from "../turn/turn-watch.ts";

export class DeferredRequests {
  readonly #byMethod = new Map<string, number[]>();
  readonly #watch: TurnWatch | undefined;

  constructor(watch: TurnWatch | undefined) {
    this.#watch = watch;
  }

  get length(): number {
    return this.#byMethod.size;
  }

  restore(state: NodeState): void {
    for (const id of [...state.deferred.keys()].sort((a, b) => a - b)) this.add(id, state);
  }

  add(id: number, state: NodeState): void {
    const request = state.deferred.get(id)!;
    const method = `${request.service}.${request.method}`;
    const ids = this.#byMethod.get(method);
    if (ids === undefined) this.#byMethod.set(method, [id]);
    else ids.push(id);
  }

  /** The oldest deferred request whose guard holds now. */
  ready(state: NodeState): TurnInput | undefined {
    let oldest: number | undefined;
    for (const [method, ids] of this.#byMethod) {
      // An upgrade may have made dead letters of some.
      while (ids.length > 0 && !state.deferred.has(ids[0]!)) ids.shift();
      const id = ids[0];
      if (id === undefined) this.#byMethod.delete(method);
      else if ((oldest === undefined || id < oldest) && this.#guardHolds(state, method)) oldest = id;
    }
    return oldest === undefined ? undefined : { kind: "deferred", id: oldest, request: state.deferred.get(oldest)! };
  }

  #guardHolds(state: NodeState, method: string): boolean {
    // Names of services may hold dots, names of methods do not.
    const dot = method.lastIndexOf(".");
    const [serviceName, methodName] = [method.slice(0, dot), method.slice(dot + 1)];
    const service = state.services.get(serviceName);
    if (service === undefined) return true;
    const entry = entryOf(service.constructor as unknown as ServiceClass, methodName);
    if (entry?.guard === undefined) return true;
    this.#watch?.begins(serviceName, methodName);
    try {
      return entry.guard(service) === true;
    } catch {
      // A guard that throws is reported when the request runs.
      return true;
    } finally {
      this.#watch?.ends();
    }
  }

  taken(id: number): void {
    for (const [method, ids] of this.#byMethod) {
      const at = ids.indexOf(id);
      if (at < 0) continue;
      ids.splice(at, 1);
      if (ids.length === 0) this.#byMethod.delete(method);
      return;
    }
  }
}
