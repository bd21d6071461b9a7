/**
 * Uses of the public types: those that must compile, and, marked, those that must not. Compiled by contract.test.ts in a
 * project that has maceken installed, and never run. Three schema libraries on purpose: any Standard Schema will do.
 */
import { type } from "arktype";
import {
  app, peer, ref, Rejection, Service, startNode, watch,
  type Client, type Deferred, type EffectContext, type MaceKenError, type Messages, type Outcome, type Ref, type Reply, type Serves,
} from "maceken";
import * as v from "valibot";
import { z } from "zod";

// ---------------------------------------------------------------------------------------- the table of messages

export class Depot extends Service {
  static readonly messages: Messages<Depot> = {
    add: { args: [z.string()] },
    // A schema from each of three libraries; guards see #private and private members.
    move: { args: [z.string(), v.string(), type("number")], guard: (depot) => depot.stock.size > 0 && depot.#seal > 0 && depot.shelves > 0, otherwise: "defer" },
    count: true,
    label: { args: [z.string(), z.number().optional()] },
  };
  stock = new Map<string, number>();
  #seal = 1;
  private shelves = 1;
  add(item: string) {
    this.stock.set(item, this.#seal);
  }
  move(from: string, to: string, units: number): number {
    if (units < 0) throw new Rejection(`not from ${from} to ${to}`, { units });
    return this.stock.get(from)!;
  }
  count(item: string) {
    return this.turn.deferReply<string>();
  }
  label(item: string, copies?: number) {}
}

/** A subclass repeats its parent's table and adds its own. */
export class CoolDepot extends Depot {
  static override readonly messages: Messages<CoolDepot> = { ...Depot.messages, chill: { guard: (depot) => depot.degrees > 0 } };
  degrees = 1;
  chill() {}
}
export const asParent: Ref<Depot> = null! as Ref<CoolDepot>;

// @ts-expect-error the schema does not fit the parameter
export class WrongSchema extends Service { static readonly messages: Messages<WrongSchema> = { take: { args: [z.number()] } }; take(item: string) {} }
export class TooManySchemas extends Service {
  // @ts-expect-error two schemas, one parameter
  static readonly messages: Messages<TooManySchemas> = { take: { args: [z.string(), z.string()] } };
  take(item: string) {}
}
export class Unlisted extends Service {
  // @ts-expect-error a public method is not listed
  static readonly messages: Messages<Unlisted> = { take: true };
  take(item: string) {}
  peek() {}
}
export class Impatient extends Service {
  // @ts-expect-error an async handler
  static readonly messages: Messages<Impatient> = { take: true };
  async take() {}
}

/** Words of the domain are free: only `turn` is taken. */
export class Messenger extends Service {
  static readonly messages: Messages<Messenger> = { send: true, schedule: true, when: true, now: true };
  log: string[] = [];
  sender = "nobody";
  send(to: string) {}
  schedule(day: string) {}
  when() {}
  now() {
    return this.turn.now();
  }
}

/** Hooks of the life cycle are not messages. */
export class Hooked extends Service {
  static readonly messages: Messages<Hooked> = { work: true };
  born() {}
  work() {}
}
declare const hooked: Ref<Hooked>;
// @ts-expect-error born is not for callers
hooked.born();

// ---------------------------------------------------------------------------------------- published interfaces

export interface CounterApi {
  count(item: string): string;
  total(): number;
}
/** Only what the interface names must be listed; each answer may come now or later. */
export class Counter extends Service implements Serves<CounterApi> {
  static readonly messages: Messages<Counter, CounterApi> = { count: true, total: true };
  count(item: string) {
    return this.turn.deferReply<string>();
  }
  total() {
    return 1;
  }
  eachOf(visit: () => void) {}
}
export class BadCounter extends Service implements Serves<CounterApi> {
  count(item: string) {
    return this.turn.deferReply<string>();
  }
  // @ts-expect-error the interface promises a number
  total() {
    return "one";
  }
}

// ---------------------------------------------------------------------------------------- what a ref answers

export class Forwarder extends Service {
  static readonly messages: Messages<Forwarder> = { ask: true };
  counter!: Ref<CounterApi>;
  ask() {
    return this.counter.count("bolt");
  }
}
declare const forwarder: Ref<Forwarder>;
export const forwarded: Reply<string> = forwarder.ask();

export class Later extends Service {
  async work() {
    return 1;
  }
}
declare const later: Ref<Later>;
export const awaited: Reply<number> = later.work();

export class Table<K, V> extends Service {
  static readonly messages: Messages<Table<any, any>> = { put: { args: [z.string(), z.number()] }, same: true };
  rows = new Map<K, V>();
  put(key: K, value: V): V | undefined {
    return this.rows.get(key);
  }
  same<T extends string>(text: T): T {
    return text;
  }
}
declare const table: Ref<Table<string, number>>;
export const put: Reply<number | undefined> = table.put("a", 1);

export class Answers extends Service {
  nothing(): void {}
  blank(): undefined {}
  maybe(): number | undefined {
    return 1;
  }
  either(): boolean {
    return true;
  }
  never(): never {
    throw 1;
  }
  whatever(): any {}
  soonOrNow(): Deferred<number> | number {
    return 1;
  }
}
declare const answers: Ref<Answers>;
export const nothing: Reply<void> = answers.nothing();
export const blank: Reply<undefined> = answers.blank();
export const maybe: Reply<number | undefined> = answers.maybe();
export const either: Reply<boolean> = answers.either();
export const never: Reply<never> = answers.never();
export const whatever: Reply<any> = answers.whatever();
export const soonOrNow: Reply<number> = answers.soonOrNow();

// ---------------------------------------------------------------------------------------- addresses

export class Lonely extends Service {
  talk(times: number) {
    ref<Lonely>(this).talk(1);
    // @ts-expect-error this is no Depot
    ref<Depot>(this);
  }
}
export const byAddress = ref<Depot>("north/depot");
declare const nodeName: string;
ref<Depot>(`${nodeName}/depot`);
// @ts-expect-error not node/service
ref<Depot>("depot");
// @ts-expect-error of which type?
ref("north/depot");

// ---------------------------------------------------------------------------------------- outside effects

export const effects = {
  post: async ([to, subject]: [to: string, subject: string], { idempotencyKey, signal }: EffectContext) => ({ id: idempotencyKey, late: signal.aborted }),
  print: ([copies]: [copies: number], context: EffectContext) => {},
};
export class Sender extends Service<typeof effects> {
  ship() {
    this.turn.when(this.turn.outside("post", "anna", "it is on its way"), this.sent, 1);
    // @ts-expect-error an address is text, and a subject is missing
    this.turn.outside("post", 1);
    // @ts-expect-error no such effect
    this.turn.outside("fax");
  }
  private sent(outcome: Outcome<{ id: string; late: boolean }>, parcel: number) {
    if (outcome.ok) outcome.value.id;
    else if (outcome.error instanceof Rejection) outcome.error.details;
    else {
      const error: MaceKenError = outcome.error;
      const code: string = error.code;
      void code;
    }
  }
}
export class NoEffects extends Service {
  ship() {
    // @ts-expect-error this service declares none
    this.turn.outside("post");
  }
}

// ---------------------------------------------------------------------------------------- apps

export const complete = app({ version: 1 }).service("sender", () => new Sender()).service("depot", () => new Depot()).outside(effects);
export const plain = app({ version: 1 }).service("depot", () => new Depot());
export const incomplete = app({ version: 1 }).service("sender", () => new Sender());
export async function starts() {
  await startNode({ app: plain, name: "north", data: "data" });
  await startNode({ app: layered, name: "north", data: "data" });
  // @ts-expect-error its effects are not supplied
  await startNode({ app: incomplete, name: "north", data: "data" });
}
// @ts-expect-error print is missing
incomplete.outside({ post: effects.post });

/** A factory is given the services before it. */
export class Lower extends Service {
  level = 1;
}
export class Upper extends Service {
  lower: Lower;
  constructor(lower: Lower) {
    super();
    this.lower = lower;
  }
}
export const layered = app({ version: 1 }).service("lower", () => new Lower()).service("upper", ({ lower }) => new Upper(lower));
// @ts-expect-error the lower one comes first
app({ version: 1 }).service("upper", ({ lower }) => new Upper(lower)).service("lower", () => new Lower());

export const byApp: Ref<Depot> = peer<typeof complete>("north").depot;
export const byInterface: Ref<CounterApi> = peer<{ counter: CounterApi }>("north").counter;
// @ts-expect-error no such service
peer<typeof complete>("north").shop;

export async function outsideOfTurns() {
  await using node = await startNode({ app: complete, name: "north", data: "data" });
  const depot: Client<Depot> = node.client("depot");
  const left: number = await depot.move("a", "b", 1);
  const counted: string = await node.client("depot").count("bolt");
  // @ts-expect-error no such service
  node.client("shop");
  return [left, counted];
}

// ---------------------------------------------------------------------------------------- continuations and timers

export class Clerk extends Service {
  depot: Ref<Depot>;
  constructor(depot: Ref<Depot>) {
    super();
    this.depot = depot;
  }
  order(customer: string, units: number) {
    this.turn.when(this.depot.move(customer, "door", units), this.moved, customer, units);
    this.turn.when(this.depot.count("bolt"), this.counted);
    this.turn.when(this.depot.count("bolt"), this.countedAgain);
    this.turn.when(this.depot.count("bolt"), this.countedAgain, 1);
    const doubled = this.turn.send(this.double, 1);
    this.turn.when(doubled, this.doubled);
    this.turn.schedule(this.close, 1000, customer);
    this.turn.schedule(this.tidy, 5);
    // @ts-expect-error a number where the continuation takes the customer
    this.turn.when(this.depot.move(customer, "door", units), this.moved, 1, units);
    // @ts-expect-error the context is missing
    this.turn.when(this.depot.move(customer, "door", units), this.moved);
    // @ts-expect-error a continuation for text, a reply with a number
    this.turn.when(this.depot.move(customer, "door", units), this.counted);
    // @ts-expect-error an async continuation
    this.turn.when(this.depot.count("bolt"), this.slowly);
    // @ts-expect-error no such method
    this.depot.sell();
    // @ts-expect-error a number where the timer's method takes the customer
    this.turn.schedule(this.close, 1000, 5);
  }
  private moved(outcome: Outcome<number>, customer: string, units: number) {}
  private counted(outcome: Outcome<string>) {}
  private countedAgain(outcome: Outcome<string>, times?: number) {}
  private async slowly(outcome: Outcome<string>) {}
  private close(customer: string) {}
  private tidy(shelf?: string) {}
  private double(n: number) {
    return n * 2;
  }
  private doubled(outcome: Outcome<number>) {}
}

// ---------------------------------------------------------------------------------------- aspects

/** Both functions reach private members. */
export class Joining extends Service {
  static readonly aspects = [watch((service: Joining) => service.phase, (service, old) => service.onPhase(old))];
  private phase = "alone";
  private onPhase(old: string) {}
}

// ---------------------------------------------------------------------------------------- cycles

/** Nodes of an overlay know each other. */
export class Hop extends Service {
  static readonly messages: Messages<Hop> = { join: true, ping: true };
  next: Ref<Hop> | null = null;
  join(hop: Ref<Hop>) {
    this.next = hop;
  }
  ping(hops: number): number {
    this.turn.when(this.next!.ping(hops), this.onPong);
    return hops;
  }
  private onPong(outcome: Outcome<number>) {}
}

/** So may two services of different types. */
export class Buyer extends Service {
  seller: Ref<Seller> | null = null;
  offer(price: number): number {
    void this.seller!.answer("yes");
    return price;
  }
  leave() {
    void this.seller?.leave();
  }
}
export class Seller extends Service {
  buyer: Ref<Buyer> | null = null;
  answer(text: string): string {
    void this.buyer!.offer(1);
    return text;
  }
  leave() {
    void this.buyer?.leave();
  }
}
