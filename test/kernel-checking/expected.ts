/**
 * What a scenario must have come to, whatever crashed meanwhile: computed from what was ordered, not from another run. Every message once and
 * in order, every answer once and true, every timer once, nothing left over.
 */
import type { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { SimulatedNode } from "#maceken/sim/simulated-node.js";
import type { Scenario } from "./scenario.ts";
import { hold } from "./witness.ts";
import type { Order, Worker } from "./worker.ts";

/** An order and what its client was answered; undefined when it was not. */
export interface Ordered {
  readonly node: string;
  readonly order: Order;
  readonly answers: readonly unknown[];
  /** It may have come to nothing: its client has asked once. */
  readonly atMostOnce: boolean;
}

const answering: ReadonlySet<string> = new Set(["ask", "relay", "hold", "flaky", "poison", "refuse", "mood", "later", "latest", "open", "shut", "deadly", "read", "local"]);
/** What a worker has got is no more than it was told: but for these, whose turns were undone, or which say nothing. */
const undone: ReadonlySet<string> = new Set(["poison", "refuse", "read"]);
const late: ReadonlySet<string> = new Set(["later", "latest"]);

export function workerOf(node: SimulatedNode): Worker {
  return node.kernel!.state.services.get("worker") as Worker;
}

export function checkEnd(world: KernelWorld, scenario: Scenario, ordered: readonly Ordered[]): void {
  const kinds = new Map(ordered.map(({ order }) => [order.item, order.kind]));
  for (const node of world.nodes.values()) {
    const worker = workerOf(node);
    const mine = ordered.filter((each) => each.node === node.name && (!each.atMostOnce || worker.orderOf.has(each.order.item)));
    checkOrders(node.name, worker, mine);
    checkTimers(node.name, worker, mine.map(({ order }) => order), kinds);
    for (const other of world.nodes.values()) checkDirection(node.name, worker, other.name, workerOf(other), kinds, scenario);
    checkDirection(node.name, worker, "self", worker, kinds, scenario);
    checkAnswers(node.name, worker, mine.map(({ order }) => order), world);
    const flaky = [...worker.got.values()].flat().filter((item) => kinds.get(item) === "flaky").length;
    hold(worker.secret === flaky && worker.bytes[3] === flaky && worker.when.getTime() === flaky, () => `K1: ${node.name} has done ${flaky} flaky things, and remembers ${worker.secret}`);
    hold(!worker.shelf.includes("poisoned") && worker.tags.size === 3, () => `K1: something undone has left a trace at ${node.name}`);
    const letters = [...kinds].filter(([item, kind]) => kind === "poison" && toldBy(world, item) === node.name).length;
    hold(node.kernel!.state.dead.size === letters, () => `K6: ${node.name} has ${node.kernel!.state.dead.size} dead letters, not ${letters}`);
    checkNothingLeft(node);
  }
}

/** The node that was told of an item. */
function toldBy(world: KernelWorld, item: string): string | undefined {
  for (const node of world.nodes.values()) for (const [to, items] of workerOf(node).told) if (items.includes(item)) return to;
  return undefined;
}

function checkOrders(name: string, worker: Worker, mine: readonly Ordered[]): void {
  hold(worker.orders === mine.length && worker.orderOf.size === mine.length, () => `K10: ${mine.length} things were asked of ${name}, ${worker.orders} were done`);
  for (const { order, answers } of mine) {
    const done = worker.orderOf.get(order.item);
    hold(done !== undefined, () => `K10: ${order.item} was answered by ${name} and is not done`);
    for (const answer of answers) hold(answer === done, () => `K10: the answer to ${order.item} was ${String(answer)}, and ${name} did it as ${String(done)}`);
  }
}

function checkTimers(name: string, worker: Worker, orders: readonly Order[], kinds: ReadonlyMap<string, string>): void {
  const due = orders.filter(({ kind }) => kind === "timer").map(({ item }) => item);
  for (const items of worker.got.values()) for (const item of items) if (kinds.get(item) === "flaky") due.push(`after ${item}`);
  const shelved = orders.filter(({ kind }) => kind === "shelve").map(({ item }) => item);
  for (const item of shelved) {
    const isCancelled = worker.cancelled.includes(item);
    hold(isCancelled !== worker.fired.includes(item), () => `K9: the timer ${item} of ${name} was ${isCancelled ? "cancelled and fired" : "neither cancelled nor fired"}`);
    if (!isCancelled) due.push(item);
  }
  same(worker.fired, due, () => `K9: timers of ${name}`);
  for (const { item, count } of orders.filter(({ kind }) => kind === "every")) {
    const ticks = worker.ticks.get(item)!;
    const rises = ticks.every((tick, at) => tick > (ticks[at - 1] ?? 0));
    hold(ticks.length === count && rises, () => `K9: ${item} of ${name} ticked at ${ticks.join(", ")}`);
  }
  same(worker.stamped, orders.filter(({ kind }) => kind === "effect").map(({ item }) => item), () => `K10: effects of ${name}`);
  const own = orders.filter(({ kind }) => kind === "self").flatMap(({ item }) => [0, 1, 2].map((i) => `${item}.${i}`));
  const minded = worker.mine.filter((item) => !item.startsWith("after "));
  hold(minded.join() === [...own].sort((a, b) => order(worker, a) - order(worker, b)).join(), () => `K4: ${name} sent to itself ${own.join()} and got ${minded.join()}`);
  same(worker.mine.filter((item) => item.startsWith("after ")), due.filter((item) => item.startsWith("after ")), () => `K3: what ${name} sent to itself`);
}

function order(worker: Worker, item: string): number {
  const dot = item.lastIndexOf(".");
  return worker.orderOf.get(item.slice(0, dot))! * 10 + Number(item.slice(dot + 1));
}

/** What one has told the other has come, once and in order. */
function checkDirection(from: string, teller: Worker, to: string, listener: Worker, kinds: ReadonlyMap<string, string>, { lateInOrder }: Scenario): void {
  const told = (teller.told.get(to) ?? []).filter((item) => !undone.has(kinds.get(item) ?? ""));
  const got = listener.got.get(to === "self" ? "self" : from) ?? [];
  if (to !== "self" && from === to) return;
  const inOrder = (items: readonly string[]): string => items.filter((item) => !late.has(kinds.get(item) ?? "")).join();
  hold(inOrder(told) === inOrder(got), () => `K3, K4: ${from} told ${to} ${inOrder(told)}, and it got ${inOrder(got)}`);
  same(got, told, () => `K3: what ${from} told ${to}`);
  if (to === "self") return;
  // Those of one method stay in order, whatever was deferred; where all are deferred at once, those of both do.
  for (const which of [...[...late].map((method) => (item: string) => kinds.get(item) === method), ...(lateInOrder === true ? [(item: string) => late.has(kinds.get(item) ?? "")] : [])]) {
    const wereLate = told.filter(which);
    const cameLate = listener.late.filter((item) => wereLate.includes(item));
    hold(cameLate.join() === wereLate.join(), () => `K4: ${from} told ${to} ${wereLate.join()}, and it did them as ${cameLate.join()}`);
  }
}

function checkAnswers(name: string, worker: Worker, orders: readonly Order[], world: KernelWorld): void {
  const due = orders.filter(({ kind }) => answering.has(kind));
  same(worker.answers.map(([item]) => item), due.map(({ item }) => item), () => `K3: answers to ${name}`);
  const values = new Map(worker.answers);
  for (const { kind, item, to, via } of due) {
    const value = values.get(item);
    if (kind === "poison") hold(value === "MK_PARKED", () => `${item} of ${name} was answered ${String(value)}`);
    else if (kind === "refuse") hold(value === "no", () => `${item} of ${name} was answered ${String(value)}`);
    else if (kind === "read") hold(value === `read ${item.length}`, () => `${item} of ${name} was answered ${String(value)}`);
    else {
      const asker = kind === "local" ? "self" : (via ?? name);
      const listener = kind === "local" ? worker : workerOf(world.nodes.get(to!)!);
      const place = (listener.got.get(asker) ?? []).indexOf(item) + 1;
      hold(value === `${asker}:${place}`, () => `the answer to ${item} of ${name} was ${String(value)}, and it is number ${place}`);
    }
  }
}

function checkNothingLeft(node: SimulatedNode): void {
  const { state, channels } = node.kernel!;
  for (const { peer, outbox, inbox, received, consumed } of channels.all()) {
    hold(outbox.length === 0, () => `K6: ${outbox.length} messages of ${node.name} to ${peer} are not acknowledged`);
    hold(inbox.length === 0 && received === consumed, () => `K3: messages of ${peer} wait at ${node.name}`);
  }
  const left = { calls: state.calls.size, local: state.local.size, deferred: state.deferred.size, effects: state.effects.size, timers: state.timers.size };
  hold(Object.values(left).every((count) => count === 0), () => `something is left over at ${node.name}: ${JSON.stringify(left)}`);
  for (const [key, { outcome }] of state.keys) hold(outcome !== null, () => `K10: the key ${key} of ${node.name} has no answer`);
}

/** Each once, in whatever order. */
function same(have: readonly string[], want: readonly string[], what: () => string): void {
  if (have.length === want.length && [...have].sort().join() === [...want].sort().join()) return;
  hold(false, () => `${what()}: ${have.join()} and not ${want.join()}`);
}
