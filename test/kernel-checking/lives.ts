/**
 * Nodes that lose their past: the disk is empty, is restored, or is put back as it was without anybody's being told; and peers that are
 * forgotten. What must hold then: each message came, waits, or is a dead letter; none came twice or out of order; everybody who asked
 * was told something once; and whoever has a past that fits talks again.
 */
import type { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { SimulatedNode } from "#maceken/sim/simulated-node.js";
import { workerOf } from "./expected.ts";
import type { Past } from "./past.ts";
import { mesh, oneByOne, type Doing, type Scenario } from "./scenario.ts";
import { hold } from "./witness.ts";
import type { DeadLetter } from "#maceken/turn/node-state.js";

const limits = oneByOne;
const wait: Doing = { kind: "wait" };
const talk = (name: string, to: string): Doing[] => [{ kind: "tell", item: `t${name}`, to }, { kind: "ask", item: `q${name}`, to }];
const much: Doing[] = [{ kind: "bulk", item: "m1", to: "b", count: 6, ms: 1 }];
/** Told when everything has settled: these must arrive. */
const lastWords = (to: string): Doing[] => [wait, ...talk("z", to), wait];

const scenario = (name: string, a: readonly Doing[], more: Partial<Scenario> = {}): Scenario => ({ name, lives: true, nodes: mesh("ab", { limits }), clients: [{ node: "a", doings: a }], ...more });

export const livesScenarios: readonly Scenario[] = [
  scenario("a peer is born anew", [...talk("1", "b"), wait, { kind: "down", node: "b" }, ...talk("2", "b"), wait, { kind: "rebirth", node: "b" }, { kind: "up", node: "b" }, ...lastWords("b")]),
  scenario("a peer is restored", [...talk("1", "b"), wait, { kind: "backup", node: "b" }, ...talk("2", "b"), wait, { kind: "restore", node: "b" }, ...talk("3", "b"), ...lastWords("b")]),
  scenario("a node is restored", [...talk("1", "b"), wait, { kind: "backup", node: "a" }, ...talk("2", "b"), wait, { kind: "restore", node: "a" }, ...talk("3", "b"), ...lastWords("b")]),
  scenario("a peer is forgotten", [...talk("1", "b"), wait, { kind: "down", node: "b" }, ...talk("2", "b"), wait, { kind: "forget", node: "a", peer: "b" }, wait, { kind: "up", node: "b" }, ...lastWords("b")]),
  // More was told than is told afterwards: a node that has caught up with its own numbers is not told from one that never lost them.
  scenario("a node on older data", [...talk("1", "b"), wait, { kind: "backup", node: "a" }, ...much, ...talk("2", "b"), wait, { kind: "old", node: "a" }, ...talk("3", "b"), wait]),
  scenario("a peer on older data", [...talk("1", "b"), wait, { kind: "backup", node: "b" }, ...much, ...talk("2", "b"), wait, { kind: "old", node: "b" }, ...talk("3", "b"), wait]),
  scenario("a peer comes back from before its new life", [
    ...talk("1", "b"), wait, { kind: "backup", node: "b" }, { kind: "rebirth", node: "b" }, wait, ...talk("2", "b"), wait, { kind: "old", node: "b" }, ...talk("3", "b"), wait,
  ]),
  scenario("a peer comes back from before it had talked", [wait, { kind: "backup", node: "b" }, { kind: "rebirth", node: "b" }, wait, ...talk("2", "b"), wait, { kind: "old", node: "b" }, ...talk("x", "b"), wait]),
  scenario("much is lost", [{ kind: "down", node: "b" }, { kind: "bulk", item: "b1", to: "b", count: 9, ms: 60 }, wait, { kind: "forget", node: "a", peer: "b" }, wait, { kind: "up", node: "b" }, ...lastWords("b")], {
    nodes: [{ name: "a", dials: ["b"], limits: { ...limits, outboxMemoryBytes: 700, nodeOutboxMemoryBytes: 5_000, outboxSpareBytes: 100 }, snapshotEvery: 5 }, { name: "b", dials: ["a"], limits }],
  }),
];

export function checkLives(world: KernelWorld, past: Past): void {
  for (const teller of world.nodes.values()) {
    const { told, answers, orderOf } = workerOf(teller);
    for (const [to, items] of told) {
      const listener = world.nodes.get(to);
      if (listener !== undefined) checkTold(teller, listener, items, past);
    }
    const answered = new Set(answers.map(([item]) => item));
    hold(answered.size === answers.length, () => `K3: ${teller.name} was answered twice: ${answers.join("; ")}`);
    const isCut = past.rolledBack.size > 0;
    for (const item of orderOf.keys()) if (item.startsWith("q") && !isCut) hold(answered.has(item), () => `K3: nobody told ${teller.name} what became of ${item}`);
    for (const [item, value] of answers) if (item === "qz") hold(value !== "MK_PEER_LOST", () => `liveness: ${teller.name} lost ${item}, when all was well`);
  }
}

function checkTold(teller: SimulatedNode, listener: SimulatedNode, items: readonly string[], past: Past): void {
  const got = workerOf(listener).got.get(teller.name) ?? [];
  hold(new Set(got).size === got.length, () => `K3: ${listener.name} got something twice: ${got.join()}`);
  const inOrder = items.filter((item) => got.includes(item));
  const came = got.filter((item) => items.includes(item));
  hold(inOrder.join() === came.join(), () => `K4: ${teller.name} told ${listener.name} ${inOrder.join()}, and it got ${came.join()}`);
  const { channels, state } = teller.kernel!;
  const channel = channels.get(listener.name);
  const letters = [...state.dead.values()].map(({ input }: DeadLetter) => text((input as { payload?: Uint8Array }).payload));
  const waiting = channel === undefined ? [] : [...channel.outbox.inMemory()].map(text);
  const before = past.got.get(listener.name)?.get(teller.name);
  const hasEnded = state.histories?.get(listener.name)?.ended.includes(listener.kernel!.incarnation) === true;
  for (const item of items) {
    const arrived = got.includes(item);
    if (item === "tz" || item === "qz") hold(arrived, () => `liveness: ${item} did not come to ${listener.name}, when all was well`);
    if (item === "tx" || item === "qx") hold(!arrived || !hasEnded, () => `K3: ${item} came to ${listener.name} in a life that has ended`);
    const holds = (payload: string): boolean => payload.includes(item);
    hold(arrived || before?.has(item) === true || letters.some(holds) || waiting.some(holds) || (channel?.outbox.blocks.length ?? 0) > 0, () => `K6: ${item} of ${teller.name} to ${listener.name} has vanished`);
  }
}

function text(payload: Uint8Array | undefined): string {
  return payload === undefined ? "" : Buffer.from(payload).toString("latin1");
}
