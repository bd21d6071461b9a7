/** Scenarios and plans drawn by lot: three nodes that do everything at the same time, and crashes again and again, in recoveries too. */
import type { DiskOutcome } from "#maceken/sim/simulated-node.js";
import { seededChance } from "#maceken/sim/seeded-chance.js";
import { outcomesOf } from "./outcomes.ts";
import type { Boundary, Plan } from "./run.ts";
import { mesh, oneByOne, type ClientScript, type Doing, type NodeScript, type Scenario } from "./scenario.ts";
import type { Order } from "./worker.ts";

type Below = (options: number) => number;

const kinds: readonly Order["kind"][] = [
  "tell", "tell", "ask", "ask", "relay", "hold", "flaky", "poison", "refuse", "mood", "later", "latest", "open", "shut", "timer", "shelve", "cancel", "every", "effect", "quietly", "self", "local", "bulk", "read", "slow",
];

export function stormScenario(seed: number): Scenario {
  const below = seededChance(seed);
  const names = below(3) === 0 ? "abc" : "ab";
  const few = below(2) === 0;
  const limits = {
    ...oneByOne,
    turnsPerStep: below(3) === 0 ? 3 : 1,
    ...(few ? { outboxMemoryBytes: 900, nodeOutboxMemoryBytes: 4_000, outboxSpareBytes: 100 } : {}),
    ...(below(4) === 0 ? { inboxMemoryBytes: 600, inboxSpareBytes: 300, nodeInboxMemoryBytes: 1_500 } : {}),
    guardedInputs: below(3) * 3,
  };
  const nodes: NodeScript[] = mesh(names, { limits }).map((node) => ({ ...node, ...(below(4) > 0 ? { snapshotEvery: 3 + below(12) } : {}) }));
  // A pair of which only one side dials.
  if (below(3) === 0) nodes[1] = { ...nodes[1]!, dials: [] };
  const trouble: Record<string, number> = {};
  const clients: ClientScript[] = [];
  const count = 2 + below(2);
  for (let client = 0; client < count; client++) {
    const node = names[client % names.length]!;
    const doings = Array.from({ length: 4 + below(8) }, (_, at) => drawDoing(below, names, node, `${client}${at}`, trouble));
    if (client === 0 && few) doings.splice(below(doings.length), 0, ...whileAway(below, names[1]!, 3 + below(4)));
    for (const to of names) if (to !== node) doings.push({ kind: "open", item: `o${client}${to}`, to });
    clients.push({ node, doings: withRepeats(below, withCancels(doings)), keys: below(4) === 0 ? "session" : "each", ...(below(4) === 0 ? { twice: true } : {}) });
  }
  return { name: `storm ${seed}`, nodes, clients, trouble, badClock: below(4) === 0, badTransport: below(3) === 0, badDisk: below(4) === 0, ...(below(2) === 0 ? { slowDisk: (["all", "outbox-", "snapshot-", "log-"] as const)[below(4)]! } : {}), scarceBlocks: below(3) === 0 ? below(4) : 0, quietMs: 2_000 };
}

function drawDoing(below: Below, names: string, node: string, id: string, trouble: Record<string, number>): Doing {
  const others = [...names].filter((name) => name !== node);
  const to = others[below(others.length)]!;
  const kind = kinds[below(kinds.length)]!;
  const item = `${kind}${id}`;
  switch (kind) {
    case "relay":
      return others.length < 2 ? { kind: "ask", item, to } : { kind, item, to, via: others.find((name) => name !== to)! };
    case "flaky":
    case "mood":
      trouble[item] = below(4);
      return { kind, item, to };
    case "timer":
    case "slow":
      return { kind, item, ms: below(60) };
    case "shelve":
      return { kind, item, ms: 30 + below(300) };
    case "every":
      return { kind, item, ms: 3 + below(20), count: 1 + below(4) };
    case "bulk":
      return { kind, item, to, count: 2 + below(6), ms: 20 + below(100) };
    case "cancel":
    case "effect": case "quietly": case "self": case "local":
      return { kind: kind === "cancel" ? "nothing" : kind, item };
    default:
      return { kind, item, to };
  }
}

/** What waits for a peer that is away goes out into blocks, and snapshots name them. */
function whileAway(below: Below, peer: string, count: number): Doing[] {
  const tells = Array.from({ length: count }, (_, at): Doing => ({ kind: "bulk", item: `away${at}`, to: peer, count: 2 + below(3), ms: 60 }));
  return [{ kind: "down", node: peer }, ...tells, { kind: "up", node: peer }];
}

/** Some of the timers put on the shelf are cancelled a little later. */
function withCancels(doings: readonly Doing[]): Doing[] {
  return doings.flatMap((doing, at): Doing[] => (doing.kind === "shelve" && at % 2 === 0 ? [doing, { kind: "cancel", item: `${doing.item}!` }] : [doing]));
}

/** Some are asked again, at once or after the next one: an answer of a session goes when the one after the next is asked for. */
function withRepeats(below: Below, doings: readonly Doing[]): Doing[] {
  const items = doings.map((doing) => ("item" in doing ? doing.item : undefined));
  return doings.flatMap((doing, at): Doing[] => {
    const item = below(6) === 0 ? items[Math.max(0, at - below(2))] : undefined;
    return item === undefined ? [doing] : [doing, { kind: "repeat", item }];
  });
}

export interface StormOptions {
  readonly logged: boolean;
  /** One boundary in so many is struck, until so many were. */
  readonly oneIn: number;
  readonly most: number;
  readonly comparesStates: boolean;
}

export function stormPlan(seed: number, { logged, oneIn, most, comparesStates }: StormOptions): Plan {
  const below = seededChance(seed);
  let left = most;
  // In some runs crashes come in bursts: in the recovery from one the next is likely.
  const burst = below(3);
  let likely = 0;
  // The disk may do what it was asked for last first, for a whole run.
  const newestFirst = below(3) === 0;
  return {
    logged, comparesStates, maxSteps: 60_000,
    choose: (options, what) => (what === "completion" && newestFirst && below(6) > 0 ? options - 1 : below(options)),
    happens: (oneIn) => below(oneIn) === 0,
    strike(boundary: Boundary): DiskOutcome | undefined {
      if (left === 0) return undefined;
      const odds = likely > 0 ? Math.min(oneIn, 6) : oneIn;
      if (likely > 0) likely--;
      // A snapshot that has got its name, or a segment: what it stands for must be there now.
      else if (boundary.what === "disk rename" && below(3) === 0) likely = 8;
      if (below(odds) !== 0) return undefined;
      left--;
      likely = burst * 10;
      const outcomes = outcomesOf(boundary, logged, below);
      return outcomes[below(outcomes.length)]!;
    },
  };
}
