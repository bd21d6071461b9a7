/**
 * The public: customers who open accounts, deposit, transfer, open lots and bid, all over plain HTTP, each at its own pace.
 * Some are impatient and send a request twice at once, with the same key.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { LotView } from "../auction/api.ts";
import type { Dice } from "../../lib/dice.ts";
import type { HttpClient } from "./http-client.ts";

const people = ["emil", "flora", "greta", "hugo"];
/** The traders of traders/ live on what the public puts into their accounts. */
const traders = ["ada", "bruno", "clara", "dora"];
const accounts = [...people, ...traders];
const things = ["a clock", "a globe", "a chair", "a lamp", "a map", "a kettle", "a mirror", "a violin"];
const firstDeposit = 100_000;

export class Customers {
  readonly #http: HttpClient;
  readonly #dice: Dice;
  #open = true;
  #trading = 0;

  constructor(http: HttpClient, dice: Dice) {
    this.#http = http;
    this.#dice = dice;
  }

  /** Resolves after `close`, when every request has its answer or the client gave up. */
  async trade(): Promise<void> {
    const customers = people.map((name, i) => this.#customer(name, traders[i]!, this.#dice.fork()));
    const all = [...customers, this.#seller(this.#dice.fork())];
    this.#trading = all.length;
    await Promise.all(all.map((each) => each.finally(() => this.#trading--)));
  }

  /** No new requests; those on their way are still pursued. */
  close(): void {
    this.#open = false;
  }

  /** How many have not gone home. */
  get trading(): number {
    return this.#trading;
  }

  async #customer(name: string, trader: string, dice: Dice): Promise<void> {
    for (const account of [name, trader]) {
      await this.#http.request("bank/bank/open", [account]);
      await this.#http.request("bank/bank/deposit", [account, firstDeposit]);
    }
    while (this.#open) {
      await this.#act(name, dice);
      await sleep(10 + dice.below(60));
    }
  }

  async #act(name: string, dice: Dice): Promise<void> {
    const chance = dice.next();
    const copies = dice.next() < 0.1 ? 2 : 1;
    if (chance < 0.2) return this.#http.request("bank/bank/deposit", [dice.pick(accounts), 1 + dice.below(20_000)], copies);
    if (chance < 0.55) return this.#http.request("bank/bank/transfer", [dice.pick(accounts), dice.pick(accounts), 1 + dice.below(50_000)], copies);
    if (chance < 0.6) return this.#http.request("bank/bank/transfer", [name, "nobody", 1 + dice.below(1_000)], copies);
    const lots = (await this.#http.read<LotView[]>("auction/house/lots")) ?? [];
    if (lots.length === 0) return;
    const lot = dice.pick(lots);
    await this.#http.request("auction/house/bid", [lot.id, name, Math.max(1, lot.price - 500 + dice.below(3_000))], copies);
  }

  async #seller(dice: Dice): Promise<void> {
    while (this.#open) {
      await this.#http.request("auction/house/openLot", [dice.pick(things), dice.pick(people), 800 + dice.below(1_700)]);
      await sleep(200 + dice.below(400));
    }
  }
}
