/** Holds the stages' own states against each other and against what clients were told. Every sentence is a violation. */
import type { FleetAnswer } from "./fleet-clients.ts";
import type { StageState } from "./fleet-services.ts";
import type { NodeReport } from "./report.ts";

/** `reports`: in the order of the ring, each node's messages going to the next. */
export function auditFleet(reports: ReadonlyMap<string, NodeReport>, told: readonly FleetAnswer[]): string[] {
  const found: string[] = [];
  const names = [...reports.keys()];
  const stages = new Map([...reports].map(([name, { state }]) => [name, state as StageState]));
  for (const [i, name] of names.entries()) {
    const { dead, counters, pending, turn, executed } = reports.get(name)!;
    for (const letter of dead) found.push(`${name} has parked ${letter}`);
    if (counters.parked + counters.failures > 0) found.push(`${name}: ${counters.failures} turns failed, ${counters.parked} were parked`);
    for (const [table, count] of Object.entries(pending)) if (count > 0) found.push(`${name}: ${count} left over in ${table}`);
    if (turn !== executed) found.push(`${name} executed ${executed} turns, ${turn} are durable`);
    const stage = stages.get(name)!;
    const before = stages.get(names[(i + names.length - 1) % names.length]!)!;
    const wrong = stage.received.findIndex((number, place) => number !== place + 1);
    if (wrong >= 0) found.push(`${name} consumed message ${stage.received[wrong]} where ${wrong + 1} was due`);
    if (stage.received.length !== before.sent) found.push(`${name} consumed ${stage.received.length} of ${before.sent} messages`);
    if (stage.waiting > 0) found.push(`${name} still owes ${stage.waiting} answers`);
    if (new Set(stage.home).size !== stage.home.length) found.push(`a request came home to ${name} twice`);
    for (const [id, count] of stage.fired) if (count !== 1) found.push(`the timer of ${id} fired ${count} times`);
    if (stage.fired.length !== stage.home.length) found.push(`${name} took ${stage.home.length} requests, of which ${stage.fired.length} timers fired`);
  }
  const homes = [...stages.values()].reduce((sum, { home }) => sum + home.length, 0);
  if (homes !== told.length) found.push(`${told.length} requests were answered, ${homes} came home`);
  for (const { id, node, number } of told) {
    const there = stages.get(node)!.home[number - 1];
    if (there !== id) found.push(`${id} was told to be number ${number} of ${node}, where ${there ?? "nothing"} is`);
  }
  return found;
}
