/**
 * Holds an app against recovered data before any turn runs: versions, services, and the methods that timers, continuations
 * and deferred messages name. Refuses with the list; the data stay as they were.
 */
import { MaceKenError } from "../base/error.ts";
import type { AppDefinition } from "../service/app.ts";
import { findMethod } from "../turn/continuation.ts";
import type { NodeState } from "../turn/node-state.ts";

export function checkApp(state: NodeState, app: AppDefinition): void {
  if (app.version < state.version) throw new MaceKenError("MK_VERSION_LOWER", `the data were written by version ${state.version} of the app, this is version ${app.version}`);
  const missing = [...state.services.keys()].filter((name) => !app.factories.has(name) && !app.removed.includes(name));
  if (missing.length > 0) throw new MaceKenError("MK_SERVICE_REMOVED", `the data hold services that the app does not have: ${missing.join(", ")}`);
  const added = [...app.factories.keys()].filter((name) => !state.services.has(name));
  if (added.length > 0 && app.version === state.version) {
    throw new MaceKenError("MK_APP_INVALID", `the app has services that the data do not: ${added.join(", ")}`, { remedy: "Raise the app's version: new services are born in the upgrade turn." });
  }
  const lost = [...lostMethods(state)];
  if (lost.length > 0) throw new MaceKenError("MK_METHOD_MISSING", `pending work names methods that do not exist any more: ${lost.slice(0, 20).join("; ")}`, { details: lost });
}

function* lostMethods(state: NodeState): Iterable<string> {
  for (const timer of state.timers.values()) {
    if (findMethod(timer.service, timer.method) === undefined) yield `timer ${timer.service.constructor.name}.${timer.method}`;
  }
  for (const reply of state.calls.values()) {
    if (reply.service !== null && findMethod(reply.service, reply.method) === undefined) yield `continuation ${reply.service.constructor.name}.${reply.method} of ${reply.what}`;
  }
  for (const { service, method } of state.deferred.values()) {
    const target = state.services.get(service);
    if (target === undefined || findMethod(target, method) === undefined) yield `deferred message ${service}.${method}`;
  }
}
