/**
 * Paths to refused values, as people know the parts of a node: a service by its name, a timer by its method.
 */
import type { NodeState } from "../turn/node-state.ts";

export function* labelsOfRoot(root: object): Iterable<[label: string, value: unknown]> {
  const state = root as NodeState;
  for (const [name, service] of state.services) yield [name, service];
  for (const [id, timer] of state.timers) yield [`timer ${timer.method} (${id})`, timer];
  for (const [, reply] of state.calls) yield [`continuation ${reply.method || "?"} of ${reply.what}`, reply];
  for (const [id, message] of state.local) yield [`message to itself ${id}`, message];
  for (const [key, effect] of state.effects) yield [`effect ${effect.name} (${key})`, effect];
}
