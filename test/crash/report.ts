/** What a node of the campaign says of its own state: plain data, so that it can leave the process and be compared. */
import type { MaceNode } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";
import { Stage, stateOfStage, type StageState } from "./fleet-services.ts";
import { Sink, Source, Third, type Counts } from "./services.ts";

export interface NodeReport {
  readonly turn: number;
  readonly executed: number;
  readonly dead: readonly string[];
  /** Work that is not finished, by table. The ring's own periodic timer is not counted. */
  readonly pending: Readonly<Record<string, number>>;
  readonly counters: { readonly parked: number; readonly failures: number; readonly retransmitted: number; readonly duplicates: number; readonly snapshots: number };
  readonly state: SourceState | SinkState | ThirdState | StageState;
}

export interface SourceState {
  readonly kind: "source";
  readonly total: number;
  readonly ids: readonly string[];
  readonly entries: readonly { readonly id: string; readonly number: number; readonly steps: readonly string[]; readonly touches: number }[];
  /** Entries whose object in the Map is not the one in the array. */
  readonly split: readonly string[];
  readonly early: readonly string[];
  readonly fired: readonly [string, number][];
  readonly local: readonly [string, number][];
  readonly printed: readonly [string, number][];
  readonly answered: readonly [string, number][];
  readonly refused: readonly [string, number][];
  readonly echoed: readonly [string, number][];
}

export interface SinkState {
  readonly kind: "sink";
  readonly numbers: readonly number[];
  readonly ids: readonly string[];
  readonly waiting: number;
}

export interface ThirdState {
  readonly kind: "third";
  readonly consulted: readonly [string, number][];
}

export function reportOf(node: MaceNode<unknown>): NodeReport {
  const { kernel, log } = nodeInternals(node);
  const { state, counters } = kernel;
  const pending: Record<string, number> = {
    calls: state.calls.size, effects: state.effects.size, local: state.local.size, deferred: state.deferred.size,
    timers: [...state.timers.values()].filter((timer) => timer.periodMs === 0).length,
  };
  for (const channel of kernel.channels.all()) pending[`to ${channel.peer}`] = channel.outbox.length;
  return {
    turn: node.turn,
    executed: kernel.executed,
    dead: [...state.dead.values()].map(({ input, error }) => `${(input as { kind: string }).kind}: ${error.slice(0, 200)}`),
    pending,
    counters: {
      parked: counters.parked, failures: counters.failures, retransmitted: counters.retransmitted, duplicates: counters.duplicates,
      snapshots: log?.counters.snapshots ?? 0,
    },
    state: describe([...state.services.values()][0]!),
  };
}

function describe(service: object): NodeReport["state"] {
  if (service instanceof Source) {
    const { entries, order } = service;
    return {
      kind: "source", total: service.total, ids: [...service.ids],
      entries: order.map(({ id, number, steps, touches }) => ({ id, number, steps, touches })),
      split: order.filter((entry) => entries.get(entry.id) !== entry).map((entry) => entry.id),
      early: service.early, fired: listOf(service.fired), local: listOf(service.local), printed: listOf(service.printed),
      answered: listOf(service.answered), refused: listOf(service.refused), echoed: listOf(service.echoed),
    };
  }
  if (service instanceof Sink) return { kind: "sink", numbers: service.numbers, ids: service.ids, waiting: service.waiting.size };
  if (service instanceof Stage) return stateOfStage(service);
  return { kind: "third", consulted: listOf((service as Third).consulted) };
}

const listOf = (counts: Counts): [string, number][] => [...counts];
