/** What is left to happen in a world: for knowing that it is quiet, and for saying what is stuck when it should be. */
import { handlerOf } from "../turn/input-facts.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";

/** A name that stays the same while it is pending, and what it is. */
export type Pending = ReadonlyMap<string, string>;

/** Timers that fire once count when they are due by then, in each node's time from now; those with a period when they are overdue. */
export function pendingWork(machines: Iterable<SimulatedMachine>, clients: Iterable<SimulatedClient>, timersWithinMs: number): Pending {
  const pending = new Map<string, string>();
  const gone = new Set<string>();
  const alive: SimulatedMachine[] = [];
  for (const machine of machines) {
    if (machine.hasDeparted) gone.add(machine.name);
    else alive.push(machine);
  }
  for (const machine of alive) addNode(pending, machine, gone, timersWithinMs);
  for (const client of clients) {
    const call = client.calls[client.answers.length];
    if (call !== undefined && !gone.has(call.node)) pending.set(`call ${client.name} ${client.answers.length}`, `${client.name} waits for the answer of ${call.node}/${call.service}.${call.method}`);
    else if (call === undefined && !client.isDone) pending.set(`again ${client.name}`, `${client.name} asks again`);
  }
  return pending;
}

function addNode(pending: Map<string, string>, { name, kernel, isReady }: SimulatedMachine, gone: ReadonlySet<string>, timersWithinMs: number): void {
  if (kernel === undefined || !isReady) {
    pending.set(`start ${name}`, `${name} has not come up`);
    if (kernel === undefined) return;
  }
  const { state } = kernel;
  if (kernel.durable < kernel.executed) pending.set(`durable ${name} ${kernel.executed}`, `turn ${kernel.executed} of ${name} is not durable`);
  for (const { peer, sent, acknowledged, executed, inbox } of kernel.channels.all()) {
    if (gone.has(peer)) continue;
    if (sent > acknowledged) pending.set(`message ${name} ${peer} ${acknowledged + 1}`, `message ${acknowledged + 1} of ${name} to ${peer} is not acknowledged`);
    if (inbox.length > 0) pending.set(`inbox ${name} ${peer} ${executed + 1}`, `message ${executed + 1} of ${peer} waits at ${name} for its turn`);
  }
  for (const id of state.local.keys()) pending.set(`local ${name} ${id}`, `a message of ${name} to itself: ${handlerOf({ kind: "local", id }, state)}`);
  for (const [key, effect] of state.effects) pending.set(`effect ${name} ${key}`, `an effect of ${name}: ${effect.name}`);
  const until = kernel.clock.now + timersWithinMs;
  for (const [id, timer] of state.timers) if (timer.dueAt <= (timer.periodMs === 0 ? until : kernel.clock.now - timer.periodMs)) pending.set(`timer ${name} ${id} ${timer.dueAt}`, `a timer of ${name}: ${handlerOf({ kind: "timer", id }, state)}`);
}

/** Some never stop: a world with them is never quiet, and goes on for a while to show what they do. */
export function hasPeriodicTimers(machines: Iterable<SimulatedMachine>): boolean {
  for (const { kernel, hasDeparted } of machines) {
    if (kernel === undefined || hasDeparted) continue;
    for (const { periodMs } of kernel.state.timers.values()) if (periodMs > 0) return true;
  }
  return false;
}
