/**
 * Small worlds for the simulator's own tests: shops that move money at a bank, with calls, continuations, deferred messages, timers, effects
 * and messages of a node to itself; and the same with a mistake in it.
 */
import { app, ref, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { always, call, eventuallyAlways, leadsTo, world, type WorldDefinition } from "#maceken/sim/sim.js";

export class Bank extends Service {
  static readonly messages: Messages<Bank> = {
    open: true, read: true, write: true,
    transfer: { guard: (bank: Bank) => bank.isOpen, otherwise: "defer" },
  };
  accounts = new Map<string, number>();
  isOpen = false;
  openings = 0;

  /** Opens for business a while after the first account is there. */
  open(account: string, amount: number): void {
    this.accounts.set(account, amount);
    if (this.openings++ === 0) this.turn.schedule(this.begin, 25);
  }
  private begin(): void {
    this.isOpen = true;
  }
  transfer(from: string, to: string, amount: number, _note = ""): boolean {
    const have = this.accounts.get(from) ?? 0;
    if (have < amount) return false;
    this.accounts.set(from, have - amount);
    this.accounts.set(to, (this.accounts.get(to) ?? 0) + amount);
    return true;
  }
  read(account: string): number {
    return this.accounts.get(account) ?? 0;
  }
  write(account: string, amount: number): void {
    this.accounts.set(account, amount);
  }
}

const effects = { print: (_: readonly [string]) => "printed" };

export class Shop extends Service<typeof effects> {
  static readonly messages: Messages<Shop> = { buy: true };
  bank: Ref<Bank>;
  name: string;
  sold = 0;
  refused = 0;
  printed = 0;
  ticks = 0;
  log: { readonly customer: string; readonly at: number; readonly luck: number }[] = [];

  constructor(bank: Ref<Bank>, name: string) {
    super();
    this.bank = bank;
    this.name = name;
  }
  born(): void {
    this.turn.every(this.tick, 40);
  }
  /** `note`: goes to the bank too, longer than a stranger's frame may be. */
  buy(customer: string, amount: number, note = "") {
    const answer = this.turn.deferReply<string>();
    this.turn.when(this.bank.transfer(customer, this.name, amount, note), this.onPaid, customer, answer);
    this.log.push({ customer, at: Date.now(), luck: Math.random() });
    return answer;
  }
  private onPaid(outcome: Outcome<boolean>, customer: string, answer: { resolve(value: string): void }): void {
    if (outcome.ok && outcome.value) {
      this.sold++;
      this.turn.when(this.turn.outside("print", customer), this.onPrinted);
      this.turn.send(this.noteSale);
      answer.resolve("sold");
    } else {
      this.refused++;
      answer.resolve("refused");
    }
  }
  private onPrinted(): void {
    this.printed++;
  }
  private noteSale(): void {
    this.ticks++;
  }
  private tick(): void {
    if (this.ticks++ > 20) this.ticks = 0;
  }
}

/** Reads, and writes what it has read in another turn: between the two somebody else may have written. */
export class HastyShop extends Service {
  static readonly messages: Messages<HastyShop> = { buy: true };
  bank: Ref<Bank>;
  name: string;

  constructor(bank: Ref<Bank>, name: string) {
    super();
    this.bank = bank;
    this.name = name;
  }
  buy(customer: string, amount: number): void {
    this.turn.when(this.bank.read(customer), this.onRead, customer, amount);
  }
  private onRead(outcome: Outcome<number>, customer: string, amount: number): void {
    if (!outcome.ok || outcome.value < amount) return;
    this.bank.write(customer, outcome.value - amount);
    this.bank.transfer(this.name, this.name, 0);
    this.sold += amount;
  }
  sold = 0;
}

const bankApp = app({ version: 1 }).service("bank", () => new Bank());
const shopApp = (name: string) => app({ version: 1 }).service("shop", () => new Shop(ref<Bank>("bank/bank"), name)).outside(effects);
const hastyApp = (name: string) => app({ version: 1 }).service("shop", () => new HastyShop(ref<Bank>("bank/bank"), name));

export const accounts = { ann: 100, bob: 70 } as const;
const total = 170;
const opening = Object.entries(accounts).map(([name, amount]) => call<Bank>("bank/bank").open(name, amount));

export function shops(names: readonly string[] = ["north", "south"], purchases = 5): WorldDefinition {
  return world({
    nodes: { bank: bankApp, ...Object.fromEntries(names.map((name) => [name, shopApp(name)])) },
    clients: {
      clerk: opening,
      // Several at a time in each shop, so that messages follow each other closely.
      ...Object.fromEntries(names.flatMap((name) => [1, 2, 3].map((who) => [`${who} at ${name}`, Array.from({ length: purchases }, (_, i) => call<Shop>(`${name}/shop`).buy(i % 2 === 0 ? "ann" : "bob", 3 + i, "x".repeat(i === 1 ? 6_000 : 0)))]))),
    },
    properties: [
      always("no money is made or lost", (view) => {
        const bank = view.service<Bank>("bank/bank");
        const sum = [...(bank?.accounts.values() ?? [])].reduce((all, each) => all + each, 0);
        return bank === undefined || bank.openings < 2 || sum === total || `there are ${sum}`;
      }),
      leadsTo("who asks is answered", (view) => view.services<Shop>("shop").some(({ log, sold, refused }) => log.length > sold + refused), (view) => view.services<Shop>("shop").every(({ log, sold, refused }) => log.length === sold + refused)),
      eventuallyAlways("every sale is printed", (view) => view.services<Shop>("shop").every(({ sold, printed }) => sold === printed)),
    ],
  });
}

/** Two shops that read and write the same account. */
export function hastyShops(): WorldDefinition {
  const buying = (name: string) => Array.from({ length: 4 }, () => call<HastyShop>(`${name}/shop`).buy("ann", 10));
  return world({
    nodes: { bank: bankApp, north: hastyApp("north"), south: hastyApp("south") },
    clients: { clerk: opening, "at north": buying("north"), "at south": buying("south") },
    properties: [
      eventuallyAlways("what is sold is paid", (view) => {
        const sold = view.services<HastyShop>("shop").reduce((all, each) => all + each.sold, 0);
        const left = view.service<Bank>("bank/bank")?.accounts.get("ann") ?? accounts.ann;
        return sold + left === accounts.ann || `${sold} sold, ${left} of ${accounts.ann} left`;
      }),
    ],
  });
}
