/**
 * The public: customers who open accounts, deposit, transfer, open lots and bid, all over plain HTTP, all on their own.
 * Some are impatient and send a request twice at once, with the same key.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { LotView } from "../auction/api.ts";
import type { Dice } from "./dice.ts";
import type { HttpClient } from "./http-client.ts";
import type { Entry, Ledger } from "./ledger.ts";

const people = ["emil", "flora", "greta", "hugo"];
/** The traders of traders/ live on what the public puts into their accounts. */
const accounts = [...people, "ada", "bruno", "clara", "dora"];
const things = ["a clock", "a globe", "a chair", "a lamp", "a map", "a kettle", "a mirror", "a violin"];
const firstDeposit = 100_000;

export class Customers {
  readonly #http: HttpClient;
  readonly #ledger: Ledger;
  readonly #dice: Dice;
  #open = true;
  #all: Promise<unknown> = Promise.resolve();

  constructor(http: HttpClient, ledger: Ledger, dice: Dice) {
    this.#http = http;
    this.#ledger = ledger;
    this.#dice = dice;
  }

  start(): void {
    const customers = people.map((name) => this.#customer(name, this.#dice.fork()));
    this.#all = Promise.all([...customers, this.#seller(this.#dice.fork())]);
  }

  /** No new requests; those on their way are still pursued. */
  close(): void {
    this.#open = false;
  }

  /** Settled when every request has its answer, or the client gave up. */
  get done(): Promise<unknown> {
    return this.#all;
  }

  async #customer(name: string, dice: Dice): Promise<void> {
    for (const account of accounts.filter((_, i) => i % people.length === people.indexOf(name))) {
      await this.#http.request("bank", "bank", "open", account);
      await this.#http.request("bank", "bank", "deposit", account, firstDeposit);
    }
    while (this.#open) {
      await this.#act(name, dice);
      await sleep(10 + dice.below(60));
    }
  }

  async #act(name: string, dice: Dice): Promise<void> {
    const chance = dice.next();
    if (chance < 0.2) return this.#ask(dice, "bank", "bank", "deposit", dice.pick(accounts), 1 + dice.below(20_000));
    if (chance < 0.55) return this.#ask(dice, "bank", "bank", "transfer", dice.pick(accounts), dice.pick(accounts), 1 + dice.below(50_000));
    if (chance < 0.6) return this.#ask(dice, "bank", "bank", "transfer", name, "nobody", 1 + dice.below(1_000));
    const lots = (await this.#http.read<LotView[]>("auction", "house", "lots")) ?? [];
    if (lots.length === 0) return;
    const lot = dice.pick(lots);
    return this.#ask(dice, "auction", "house", "bid", lot.id, name, Math.max(1, lot.price - 500 + dice.below(3_000)));
  }

  async #seller(dice: Dice): Promise<void> {
    while (this.#open) {
      await this.#ask(dice, "auction", "house", "openLot", dice.pick(things), dice.pick(people), 800 + dice.below(1_700));
      await sleep(200 + dice.below(400));
    }
  }

  async #ask(dice: Dice, node: string, service: string, method: string, ...args: unknown[]): Promise<void> {
    const entry: Entry = this.#ledger.open(node, service, method, args);
    const twice = dice.next() < 0.1;
    await Promise.all([this.#http.send(entry), ...(twice ? [this.#http.send(entry)] : [])]);
  }
}
