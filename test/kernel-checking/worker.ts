/**
 * The service that the crash points are tried on. Whatever may go wrong below it shows in its fields: each item that it was told of has
 * its own name, and lists keep what came, in order. What clients ask for is an `Order`; what must be there in the end is in expected.ts.
 */
import { app, ref, Rejection, Service, watch, type Deferred, type Messages, type Outcome, type Ref, type Reply, type Timer, type Watch } from "#maceken/index.js";
import type { AppDefinition } from "#maceken/service/app.js";

export interface Order {
  readonly kind:
    | "tell" | "ask" | "relay" | "hold" | "flaky" | "poison" | "refuse" | "mood" | "later" | "latest" | "open" | "shut" | "deadly"
    | "timer" | "shelve" | "cancel" | "every" | "effect" | "quietly" | "self" | "local" | "nothing" | "bulk" | "read" | "slow";
  /** Its name, which no other has. */
  readonly item: string;
  /** The node whose worker is to do it. */
  readonly to?: string;
  /** Through which it goes. */
  readonly via?: string;
  /** Delay or period. */
  readonly ms?: number;
  readonly count?: number;
}

/** What is not state: how often the flaky and the deadly are still to fail. Belongs to the run, outlives processes. */
export const trouble = new Map<string, number>();
/** A deadly handler has begun: the world ends the process. */
export const killed = { item: "" };

const outside = { stamp: ([item]: [item: string]) => item };
type Answered = [item: string, value: unknown];

export class Worker extends Service<typeof outside> {
  static readonly messages: Messages<Worker> = {
    order: true, take: true, ask: true, relay: true, hold: true, flaky: true, poison: true, refuse: true, mood: true, open: true, shut: true, deadly: true, read: true,
    later: { guard: ({ isOpen }) => isOpen, otherwise: "defer" },
    latest: { guard: ({ isOpen }) => isOpen, otherwise: "defer" },
  };
  static readonly aspects: readonly Watch<Worker>[] = [watch((worker: Worker) => worker.feeling, (worker, old) => worker.onFeeling(old))];

  orders = 0;
  readonly orderOf = new Map<string, number>();
  /** By node: what this one told it, and what it was told by it. */
  readonly told = new Map<string, string[]>();
  readonly got = new Map<string, string[]>();
  readonly answers: Answered[] = [];
  readonly fired: string[] = [];
  readonly cancelled: string[] = [];
  readonly timers = new Map<string, Timer>();
  readonly ticks = new Map<string, number[]>();
  readonly stamped: string[] = [];
  readonly mine: string[] = [];
  readonly late: string[] = [];
  isOpen = true;
  feeling = "";
  readonly feelings: string[] = [];
  /** What a handler changes before it fails: every kind of collection, and an object that is reached from two of them. */
  shelf: string[] = ["first", "second", "third"];
  holed: string[] = Object.assign(["zero"], { 3: "three" });
  readonly table = new Map<string, number>([["one", 1], ["two", 2], ["three", 3]]);
  readonly tags = new Set<string>(["red", "green", "blue"]);
  words: Record<string, number> = { a: 1, b: 2 };
  readonly when = new Date(0);
  readonly bytes = new Uint8Array(8);
  pair = { left: 1, right: { deep: "x" } };
  readonly held: Deferred<string>[] = [];
  #secret = 0;
  readonly slowly: [Deferred<number>, number][] = [];
  bulk = "";

  order(order: Order): number | Deferred<number> {
    const { kind, item, to, via, ms = 0, count = 0 } = order;
    this.orders++;
    this.orderOf.set(item, this.orders);
    if (to !== undefined && via === undefined) this.#note(this.told, to, item);
    const peer: Ref<Worker> | undefined = to === undefined ? undefined : ref<Worker>(`${to}/worker`);
    switch (kind) {
      case "tell":
        peer!.take(item);
        break;
      case "bulk":
        for (let i = 0; i < count; i++) {
          if (i > 0) this.#note(this.told, to!, `${item}.${i}`);
          peer!.take(i > 0 ? `${item}.${i}` : item, "b".repeat(ms));
        }
        break;
      case "relay":
        this.turn.when(ref<Worker>(`${via!}/worker`).relay(to!, item), this.onAnswer, item);
        break;
      case "ask": case "hold": case "flaky": case "poison": case "refuse": case "mood": case "later": case "latest": case "open": case "shut": case "deadly": case "read":
        this.turn.when((peer![kind] as (item: string) => Reply<unknown>)(item), this.onAnswer, item);
        break;
      case "timer":
        this.turn.schedule(this.fire, ms, item);
        break;
      case "shelve":
        this.timers.set(item, this.turn.schedule(this.fire, ms, item));
        break;
      case "cancel":
        this.#cancel(item.slice(0, item.indexOf("!")));
        break;
      case "every":
        this.ticks.set(item, []);
        this.timers.set(item, this.turn.every(this.tick, ms, item, this.turn.now(), ms, count));
        break;
      case "effect":
        this.turn.when(this.turn.outside("stamp", item), this.onStamp, item);
        break;
      case "quietly":
        this.turn.outside("stamp", item);
        break;
      case "self":
        for (let i = 0; i < 3; i++) this.turn.send(this.mind, `${item}.${i}`);
        break;
      case "local":
        this.turn.when(ref<Worker>(this).ask(item), this.onAnswer, item);
        this.#note(this.told, "self", item);
        break;
      case "nothing":
        break;
      case "slow": {
        const deferred = this.turn.deferReply<number>();
        this.slowly.push([deferred, this.orders]);
        this.turn.schedule(this.answerAtLast, ms);
        return deferred;
      }
    }
    return this.orders;
  }

  #note(lists: Map<string, string[]>, node: string, item: string): void {
    const list = lists.get(node);
    if (list === undefined) lists.set(node, [item]);
    else list.push(item);
  }

  /** From whom the message is, as it came. */
  #got(item: string): string {
    const { sender } = this.turn;
    const from = sender.kind === "node" ? sender.name! : "self";
    this.#note(this.got, from, item);
    return `${from}:${this.got.get(from)!.length}`;
  }

  take(item: string, bulk = ""): void {
    this.bulk = bulk.slice(0, 10);
    this.#got(item);
  }
  ask(item: string): string {
    return this.#got(item);
  }
  read(item: string): string {
    return `read ${item.length}`;
  }
  relay(to: string, item: string): Reply<string> {
    this.#note(this.told, to, item);
    return ref<Worker>(`${to}/worker`).ask(item);
  }
  hold(item: string): Deferred<string> {
    const deferred = this.turn.deferReply<string>();
    this.held.push(deferred);
    this.turn.schedule(this.release, 3, this.#got(item));
    return deferred;
  }
  private answerAtLast(): void {
    const [deferred, value] = this.slowly.shift()!;
    deferred.resolve(value);
  }
  private release(value: string): void {
    this.held.shift()!.resolve(value);
  }
  private onAnswer(outcome: Outcome<unknown>, item: string): void {
    this.answers.push([item, outcome.ok ? outcome.value : outcome.error instanceof Rejection ? outcome.error.message : outcome.error.code]);
  }
  private onStamp(outcome: Outcome<string>, item: string): void {
    this.stamped.push(outcome.ok ? item : "failed");
  }
  private fire(item: string): void {
    this.fired.push(item);
    this.timers.delete(item);
  }
  #cancel(item: string): void {
    const timer = this.timers.get(item);
    if (timer === undefined) return;
    timer.cancel();
    this.timers.delete(item);
    this.cancelled.push(item);
  }
  private tick(item: string, begun: number, periodMs: number, count: number): void {
    const ticks = this.ticks.get(item)!;
    ticks.push(Math.floor((this.turn.now() - begun) / periodMs));
    if (ticks.length < count) return;
    this.timers.get(item)!.cancel();
    this.timers.delete(item);
  }
  private mind(item: string): void {
    this.mine.push(item);
  }

  // ---- what fails

  /** Changes whatever there is, in ways that only a complete undo takes back, and throws as often as it is to. */
  flaky(item: string): string {
    const value = this.#got(item);
    this.table.delete("two");
    this.table.set("two", 22);
    this.table.set(item, this.table.size);
    this.shelf.splice(1, 1, item, item);
    this.shelf.length = Math.min(this.shelf.length, 6);
    this.holed[5] = item;
    this.holed.length = 2;
    this.tags.delete("red");
    this.tags.add("red");
    delete this.words["a"];
    this.words["a"] = 11;
    this.when.setTime(this.when.getTime() + 1);
    this.bytes[3]!++;
    this.pair.right.deep += ".";
    this.#secret++;
    this.turn.schedule(this.fire, 2, `after ${item}`);
    this.turn.send(this.mind, `after ${item}`);
    this.#mayFail(item);
    return value;
  }
  #mayFail(item: string): void {
    const left = trouble.get(item) ?? 0;
    if (left === 0) return;
    trouble.set(item, left - 1);
    throw new Error(`${item} fails ${left} times more`);
  }
  poison(item: string): void {
    this.#got(item);
    this.shelf.push("poisoned");
    throw new Error("always");
  }
  refuse(item: string): void {
    this.#got(item);
    this.table.delete("one");
    this.table.set("one", 1);
    this.tags.clear();
    throw new Rejection("no", { code: "REFUSED" });
  }
  deadly(item: string): string {
    const left = trouble.get(item) ?? 0;
    if (left > 0) {
      trouble.set(item, left - 1);
      killed.item = item;
    }
    return this.#got(item);
  }
  get secret(): number {
    return this.#secret;
  }

  // ---- aspects and guards

  mood(item: string): string {
    this.feeling = item;
    return this.#got(item);
  }
  private onFeeling(old: string): void {
    this.feelings.push(`${old}>${this.feeling}`);
    this.#mayFail(this.feeling);
  }
  later(item: string): string {
    this.late.push(item);
    return this.#got(item);
  }
  latest(item: string): string {
    this.late.push(item);
    return this.#got(item);
  }
  open(item: string): string {
    this.isOpen = true;
    return this.#got(item);
  }
  shut(item: string): string {
    this.isOpen = false;
    return this.#got(item);
  }
}

export const workerApp = app({ version: 1 }).service("worker", () => new Worker()).outside(outside) as unknown as AppDefinition;
