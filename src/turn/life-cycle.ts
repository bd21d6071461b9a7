/**
 * The turns that no message causes: birth, and the one after each recovery, with the upgrade when the app's version rose.
 */
import { MaceKenError } from "../base/error.ts";
import { touch } from "../heap/barrier.ts";
import { classOf } from "../heap/class-registry.ts";
import type { AppDefinition } from "../service/app.ts";
import { Service } from "../service/service.ts";
import { callHook } from "./call-handler.ts";
import type { ActiveTurn } from "./running-turn.ts";

export function giveBirth(turn: ActiveTurn, app: AppDefinition): void {
  construct(turn, app, [...app.factories.keys()]);
  for (const service of turn.state.services.values()) callHook(service, "born");
}

export function wakeUp(turn: ActiveTurn, app: AppDefinition): void {
  const { state } = turn;
  const from = state.version;
  const old = [...state.services.values()];
  const added = [...app.factories.keys()].filter((name) => !state.services.has(name));
  if (from !== app.version) {
    for (const name of app.removed) state.services.delete(name);
    construct(turn, app, added);
  }
  const staying = new Set(state.services.values());
  const stayed = old.filter((service) => staying.has(service));
  if (from !== app.version) {
    for (const service of stayed) callHook(service, "upgraded", from);
    for (const name of added) callHook(state.services.get(name)!, "born");
    touch(state).version = app.version;
  }
  // A service born in this turn was not there to be restarted.
  for (const service of stayed) callHook(service, "restarted");
}

function construct(turn: ActiveTurn, app: AppDefinition, names: readonly string[]): void {
  const { services } = turn.state;
  for (const name of names) {
    turn.constructing = name;
    const service = app.factories.get(name)!(Object.fromEntries(services));
    turn.constructing = undefined;
    demandService(name, service);
    services.set(name, service);
  }
}

function demandService(name: string, service: unknown): asserts service is object {
  if (typeof service !== "object" || service === null) throw new MaceKenError("MK_SERVICE_INVALID", `the factory of ${name} did not return a service`);
  if (!((service as object) instanceof Service)) throw new MaceKenError("MK_SERVICE_INVALID", `the factory of ${name} returned ${service.constructor.name}, which does not extend Service`);
  if (classOf(service.constructor as never) === undefined) {
    throw new MaceKenError("MK_NOT_COMPILED", `the class ${service.constructor.name} of the service ${name} was not compiled with the write barrier`);
  }
}
