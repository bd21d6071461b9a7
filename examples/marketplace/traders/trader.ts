/**
 * Traders: several services in one node, each with its own state. Shows `born`, a durable period (`every`), a reference to
 * oneself handed to another node, and `Math.random()` in a handler: nothing is replayed, so nothing needs to be repeatable.
 * A trader waits for one answer at a time, and for as long as it takes: the answer comes, whoever is killed meanwhile.
 */
import { app, ref, Service, type Messages, type Outcome, type Ref, type Serves } from "maceken";
import type { AuctionApi, BidAnswer, BidResult, LotView } from "../auction/api.ts";
import type { BankApi } from "../bank/api.ts";
import type { TraderApi, TraderAudit } from "./api.ts";

const thinkingMs = 150;

export class Trader extends Service implements Serves<TraderApi> {
  static readonly messages: Messages<Trader, TraderApi> = {
    lotChanged: { from: "peers" },
    audit: true,
  };

  readonly #account: string;
  readonly #bank: Ref<BankApi>;
  readonly #house: Ref<AuctionApi>;
  readonly #lots = new Map<string, LotView>();
  readonly #answers: Record<BidResult | "failed", number> = { accepted: 0, outbid: 0, rejected: 0, closed: 0, failed: 0 };
  #bids = 0;
  #waiting = false;

  constructor(account: string, bank: Ref<BankApi>, house: Ref<AuctionApi>) {
    super();
    this.#account = account;
    this.#bank = bank;
    this.#house = house;
  }

  born(): void {
    this.#bank.open(this.#account);
    this.#house.follow(ref<Trader>(this));
    this.turn.every(this.#think, thinkingMs);
  }

  lotChanged(lot: LotView): void {
    if (lot.open) this.#lots.set(lot.id, lot);
    else this.#lots.delete(lot.id);
  }

  #think(): void {
    if (this.#waiting || this.#lots.size === 0) return;
    this.#waiting = true;
    this.turn.when(this.#bank.balance(this.#account), this.#onBudget);
  }

  #onBudget(budget: Outcome<number>): void {
    this.#waiting = false;
    const lots = [...this.#lots.values()].filter((lot) => lot.leader !== this.#account);
    const lot = lots[Math.floor(Math.random() * lots.length)];
    const offer = (lot?.price ?? 0) + 1 + Math.floor(Math.random() * 2_000);
    if (lot === undefined || !budget.ok || offer > budget.value * Math.random()) return;
    this.#waiting = true;
    this.#bids++;
    this.turn.when(this.#house.bid(lot.id, this.#account, offer), this.#onAnswer);
  }

  #onAnswer(answer: Outcome<BidAnswer>): void {
    this.#waiting = false;
    this.#answers[answer.ok ? answer.value.result : "failed"]++;
  }

  audit(): TraderAudit {
    return { account: this.#account, bids: this.#bids, answers: this.#answers, waiting: this.#waiting };
  }
}

const trader = (name: string) => () => new Trader(name, ref<BankApi>("bank/bank"), ref<AuctionApi>("auction/house"));

export default app({ version: 1 })
  .service("ada", trader("ada"))
  .service("bruno", trader("bruno"))
  .service("clara", trader("clara"))
  .service("dora", trader("dora"));
