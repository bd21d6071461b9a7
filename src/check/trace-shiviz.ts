/**
 * A counterexample as a log that ShiViz shows: each event, where it was, and its vector clock. Its two first lines are what ShiViz reads
 * the rest with (a file that is loaded brings them along; they are also its default). Clients are hosts too.
 */
import type { Counterexample } from "./counterexample.ts";
import { outcomeOf, whatOf } from "./trace-table.ts";

const pattern = "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})";

export type VectorClock = Readonly<Record<string, number>>;

export interface ClockedEvent {
  readonly host: string;
  readonly clock: VectorClock;
  readonly event: string;
  /** The step that it is of. */
  readonly step: number;
}

/** In an order in which each could have happened. A client's call and its answer are events of the client's. */
export function clockedEvents({ nodes, steps }: Counterexample): ClockedEvent[] {
  const events: ClockedEvent[] = [];
  const clocks = new Map<string, Record<string, number>>();
  const happen = (host: string, event: string, step: number, after: readonly (VectorClock | undefined)[]): VectorClock => {
    const clock = { ...clocks.get(host) };
    for (const other of after) for (const [name, count] of Object.entries(other ?? {})) clock[name] = Math.max(clock[name] ?? 0, count);
    clock[host] = (clocks.get(host)?.[host] ?? 0) + 1;
    clocks.set(host, clock);
    events.push({ host, clock, event, step });
    return clock;
  };
  /** By step and node: more than one only of the first, in which every node is born. */
  const ofStep = new Map<string, VectorClock>();
  steps.forEach((step, at) => {
    if (step.node === "") {
      for (const node of nodes) ofStep.set(`${at} ${node}`, happen(node, "is born", at, []));
      return;
    }
    const call = step.client === undefined ? undefined : happen(clientHost(step.client), `calls ${step.node}: ${step.what}`, at, []);
    const message = step.from === undefined || step.sentBy === undefined ? undefined : ofStep.get(`${step.sentBy} ${step.from}`);
    const outcome = outcomeOf(step);
    const clock = happen(step.node, `${at} ${whatOf(step)}${outcome === "" ? "" : `; ${outcome}`}`, at, [call, message]);
    ofStep.set(`${at} ${step.node}`, clock);
    for (const { client, what } of step.answered) happen(clientHost(client), `is told ${what}`, at, [clock]);
  });
  return events;
}

export function traceAsShiviz(counterexample: Counterexample): string {
  const lines = clockedEvents(counterexample).flatMap(({ host, clock, event }) => [event.replaceAll(/\s*[\n\r]+\s*/g, " "), `${host} ${JSON.stringify(clock)}`]);
  return `${[pattern, "", ...lines].join("\n")}\n`;
}

/** Hosts have no spaces, and none is a node's as well: names of nodes have no colon. */
function clientHost(client: string): string {
  return `client:${client.replaceAll(/\s+/g, "_")}`;
}
