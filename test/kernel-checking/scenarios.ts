/** Small scenarios, one for each thing that a crash could break: few boundaries, so that every one of them can be struck, and every pair. */
import { mesh, oneByOne, type Scenario } from "./scenario.ts";

const limits = oneByOne;

/** Messages to a peer go out into blocks after a few. */
const little = { ...oneByOne, outboxMemoryBytes: 700, nodeOutboxMemoryBytes: 5_000, outboxSpareBytes: 100 } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: "calls",
    nodes: mesh("ab", { limits }),
    clients: [
      { node: "a", doings: [{ kind: "tell", item: "t1", to: "b" }, { kind: "ask", item: "q1", to: "b" }, { kind: "tell", item: "t2", to: "b" }] },
      { node: "b", doings: [{ kind: "ask", item: "q2", to: "a" }] },
    ],
  },
  {
    name: "forwarding",
    nodes: mesh("abc", { limits }),
    clients: [{ node: "a", doings: [{ kind: "relay", item: "r1", via: "b", to: "c" }, { kind: "hold", item: "h1", to: "b" }, { kind: "ask", item: "q1", to: "c" }] }],
  },
  {
    name: "timers",
    nodes: mesh("ab", { limits }),
    badClock: true,
    clients: [{
      node: "a",
      doings: [
        { kind: "timer", item: "soon", ms: 2 }, { kind: "every", item: "tick", ms: 7, count: 3 }, { kind: "shelve", item: "never", ms: 200 }, { kind: "shelve", item: "then", ms: 40 },
        { kind: "cancel", item: "never!" }, { kind: "timer", item: "later", ms: 60 },
      ],
    }],
  },
  {
    name: "deferral",
    nodes: mesh("ab", { limits }),
    lateInOrder: true,
    clients: [{
      node: "a",
      doings: [
        { kind: "shut", item: "s1", to: "b" }, { kind: "latest", item: "l1", to: "b" }, { kind: "later", item: "l2", to: "b" }, { kind: "latest", item: "l3", to: "b" }, { kind: "later", item: "l4", to: "b" },
        { kind: "open", item: "o1", to: "b" },
      ],
    }],
  },
  {
    name: "effects",
    nodes: mesh("a", { limits }),
    clients: [{ node: "a", doings: [{ kind: "effect", item: "e1" }, { kind: "quietly", item: "e2" }, { kind: "effect", item: "e3" }] }, { node: "a", doings: [{ kind: "effect", item: "e4" }] }],
  },
  {
    name: "keys",
    nodes: mesh("a", { limits }),
    clients: [
      { node: "a", twice: true, doings: [{ kind: "effect", item: "k1" }, { kind: "slow", item: "k2", ms: 3 }, { kind: "repeat", item: "k2" }, { kind: "repeat", item: "k1" }] },
      { node: "a", keys: "session", doings: [{ kind: "nothing", item: "n1" }, { kind: "slow", item: "n2", ms: 1 }, { kind: "nothing", item: "n3" }, { kind: "repeat", item: "n2" }] },
    ],
  },
  {
    name: "keys that expire",
    nodes: mesh("a", { limits: { ...limits, idempotencyKeepMs: 120_000 } }),
    quietMs: 10,
    clients: [{
      node: "a",
      doings: [
        { kind: "nothing", item: "k1" }, { kind: "wait" }, { kind: "pass", ms: 100_000 }, { kind: "nothing", item: "k2" }, { kind: "wait" }, { kind: "pass", ms: 80_000 }, { kind: "nothing", item: "k3" },
        { kind: "wait" }, { kind: "repeat", item: "k2" },
      ],
    }],
  },
  {
    name: "asked once",
    nodes: mesh("ab", { limits }),
    clients: [{ node: "a", keys: "none", doings: [{ kind: "ask", item: "q1", to: "b" }, { kind: "effect", item: "e1" }, { kind: "timer", item: "t1", ms: 1 }] }],
  },
  {
    name: "failing",
    nodes: mesh("ab", { limits }),
    trouble: { f1: 2, m2: 1 },
    clients: [{
      node: "a",
      doings: [{ kind: "flaky", item: "f1", to: "b" }, { kind: "refuse", item: "r1", to: "b" }, { kind: "mood", item: "m1", to: "b" }, { kind: "mood", item: "m2", to: "b" }, { kind: "flaky", item: "f2", to: "b" }],
    }],
  },
  {
    name: "parking",
    nodes: mesh("ab", { limits }),
    clients: [{ node: "a", doings: [{ kind: "poison", item: "p1", to: "b" }, { kind: "ask", item: "q1", to: "b" }] }],
  },
  {
    name: "blocks",
    nodes: [{ name: "a", dials: ["b"], limits: little, snapshotEvery: 6 }, { name: "b", dials: ["a"], limits }],
    clients: [{
      node: "a",
      doings: [{ kind: "ask", item: "q1", to: "b" }, { kind: "down", node: "b" }, { kind: "bulk", item: "b1", to: "b", count: 4, ms: 60 }, { kind: "bulk", item: "b2", to: "b", count: 4, ms: 60 }, { kind: "wait" }, { kind: "up", node: "b" }, { kind: "ask", item: "q2", to: "b" }],
    }],
  },
  {
    name: "blocks on a slow disk",
    nodes: [{ name: "a", dials: ["b"], limits: little, snapshotEvery: 4 }, { name: "b", dials: ["a"], limits }],
    slowDisk: "outbox-",
    clients: [{
      node: "a",
      doings: [
        { kind: "down", node: "b" }, { kind: "bulk", item: "b1", to: "b", count: 4, ms: 60 }, { kind: "bulk", item: "b2", to: "b", count: 4, ms: 60 }, { kind: "timer", item: "t1", ms: 10 },
        { kind: "timer", item: "t2", ms: 20 }, { kind: "wait" }, { kind: "up", node: "b" },
      ],
    }],
  },
  {
    name: "blocks without room",
    nodes: [{ name: "a", dials: ["b"], limits: little, snapshotEvery: 6 }, { name: "b", dials: ["a"], limits }],
    scarceBlocks: 2,
    clients: [{ node: "a", doings: [{ kind: "down", node: "b" }, { kind: "bulk", item: "b1", to: "b", count: 6, ms: 60 }, { kind: "wait" }, { kind: "up", node: "b" }] }],
  },
  {
    name: "a slow disk",
    nodes: mesh("ab", { limits, snapshotEvery: 6 }),
    slowDisk: "all",
    clients: [{ node: "a", doings: [{ kind: "ask", item: "q1", to: "b" }, { kind: "flaky", item: "f1", to: "b" }, { kind: "timer", item: "t1", ms: 3 }] }],
  },
  {
    // On the turn log: what a snapshot shows of the turns that run meanwhile is not durable yet when it is whole.
    name: "a slow turn log",
    nodes: mesh("a", { limits, snapshotEvery: 4 }),
    slowDisk: "log-",
    sliceEveryMs: 3,
    clients: [
      { node: "a", doings: [{ kind: "every", item: "v1", ms: 5, count: 12 }, { kind: "shelve", item: "s1", ms: 400 }, { kind: "cancel", item: "s1!" }] },
      { node: "a", doings: [{ kind: "self", item: "s2" }, { kind: "timer", item: "t1", ms: 45 }] },
    ],
  },
  {
    name: "snapshots",
    nodes: mesh("ab", { limits, snapshotEvery: 4 }),
    clients: [
      { node: "a", doings: [{ kind: "flaky", item: "f1", to: "b" }, { kind: "ask", item: "q1", to: "b" }, { kind: "timer", item: "t1", ms: 2 }, { kind: "tell", item: "q2", to: "b" }, { kind: "self", item: "o1" }] },
      { node: "b", doings: [{ kind: "shelve", item: "s1", ms: 500 }, { kind: "flaky", item: "f2", to: "a" }, { kind: "cancel", item: "s1!" }, { kind: "effect", item: "e1" }] },
    ],
  },
  {
    name: "to itself",
    nodes: mesh("a", { limits }),
    clients: [{ node: "a", doings: [{ kind: "self", item: "s1" }, { kind: "local", item: "l1" }, { kind: "self", item: "s2" }] }],
  },
  {
    name: "pressure",
    nodes: mesh("ab", { limits: { ...limits, inboxMemoryBytes: 500, inboxSpareBytes: 300, nodeInboxMemoryBytes: 1_000 } }),
    clients: [{ node: "a", doings: [{ kind: "bulk", item: "b1", to: "b", count: 7, ms: 50 }, { kind: "ask", item: "q1", to: "b" }] }],
  },
  {
    name: "many turns a step",
    nodes: mesh("ab", { limits: { ...limits, turnsPerStep: 4 } }),
    clients: [
      { node: "a", doings: [{ kind: "bulk", item: "b1", to: "b", count: 4, ms: 5 }, { kind: "self", item: "s1" }, { kind: "ask", item: "q1", to: "b" }] },
      { node: "a", doings: [{ kind: "ask", item: "q2", to: "b" }, { kind: "effect", item: "e1" }] },
    ],
  },
  {
    name: "deadly",
    nodes: mesh("ab", { limits }),
    trouble: { d1: 2 },
    badClock: true,
    clients: [{ node: "a", doings: [{ kind: "timer", item: "t1", ms: 20 }, { kind: "deadly", item: "d1", to: "b" }, { kind: "every", item: "v1", ms: 9, count: 2 }] }],
  },
];

/** What goes wrong in these is a choice like any other: at the first nothing does. */
export const faultyScenarios: readonly Scenario[] = [
  {
    name: "a bad transport",
    nodes: mesh("ab", { limits: { ...limits, turnsPerStep: 4 } }),
    badTransport: true,
    clients: [
      { node: "a", doings: [{ kind: "bulk", item: "b1", to: "b", count: 3, ms: 5 }, { kind: "ask", item: "q1", to: "b" }, { kind: "bulk", item: "b2", to: "b", count: 3, ms: 5 }] },
      { node: "b", doings: [{ kind: "ask", item: "q2", to: "a" }] },
    ],
  },
  {
    name: "a bad disk",
    nodes: mesh("ab", { limits, snapshotEvery: 6 }),
    badDisk: true,
    clients: [{ node: "a", doings: [{ kind: "ask", item: "q1", to: "b" }, { kind: "flaky", item: "f1", to: "b" }, { kind: "effect", item: "e1" }] }],
  },
];
