/**
 * An auction house. Shows a conversation with other owners' nodes: a bid is answered after the bank was asked
 * (`this.turn.when`, `deferReply`), a lot closes by a durable timer, and what must happen once (payment, shipment) is simply
 * written once. There is no retry, no time-out and no check for duplicates here, because messages are handled exactly once.
 */
import { app, ref, Rejection, Service, type Deferred, type Messages, type Outcome, type Ref, type Serves } from "maceken";
import { account, cents, type BankApi } from "../bank/api.ts";
import type { ShipperApi } from "../shipper/api.ts";
import { lotId, openForMs, title } from "./api.ts";
import type { AuctionApi, AuctionAudit, AuctionRefusal, BidAnswer, BidResult, LotFollower, LotView } from "./api.ts";
import { Lot } from "./lot.ts";

/** A bid whose money the bank is asked to set aside. */
interface Bid {
  readonly lot: Lot;
  readonly bidder: string;
  readonly cents: number;
  readonly answer: Deferred<BidAnswer>;
}

export class AuctionHouse extends Service implements Serves<AuctionApi> {
  static readonly messages: Messages<AuctionHouse, AuctionApi> = {
    openLot: { args: [title, account, openForMs], from: "http" },
    bid: { args: [lotId, account, cents] },
    lots: true,
    follow: { from: "peers" },
    audit: true,
  };

  readonly #bank: Ref<BankApi>;
  readonly #shipper: Ref<ShipperApi>;
  readonly #lots = new Map<string, Lot>();
  readonly #followers = new Set<Ref<LotFollower>>();
  readonly #answers: Record<BidResult, number> = { accepted: 0, outbid: 0, rejected: 0, closed: 0 };
  #waiting = 0;

  constructor(bank: Ref<BankApi>, shipper: Ref<ShipperApi>) {
    super();
    this.#bank = bank;
    this.#shipper = shipper;
  }

  openLot(title: string, seller: string, openForMs: number): string {
    const lot = new Lot(`lot-${this.#lots.size + 1}`, title, seller);
    this.#lots.set(lot.id, lot);
    this.turn.schedule(this.#close, openForMs, lot);
    this.#announce(lot);
    return lot.id;
  }

  bid(lotId: string, bidder: string, cents: number): BidAnswer | Deferred<BidAnswer> {
    const lot = this.#lots.get(lotId);
    if (lot === undefined) throw refusal(`there is no lot ${lotId}`, { code: "UNKNOWN_LOT", lot: lotId });
    if (!lot.takes(cents)) return this.#tooLate(lot);
    const bid: Bid = { lot, bidder, cents, answer: this.turn.deferReply<BidAnswer>() };
    this.#waiting++;
    this.turn.when(this.#bank.hold(bidder, cents), this.#onHeld, bid);
    return bid.answer;
  }

  #onHeld(held: Outcome<number>, { lot, bidder, cents, answer }: Bid): void {
    this.#waiting--;
    if (!held.ok) return answer.resolve(this.#count("rejected", lot));
    if (!lot.takes(cents)) {
      this.#bank.release(held.value);
      return answer.resolve(this.#tooLate(lot));
    }
    if (lot.best !== null) this.#bank.release(lot.best.hold);
    lot.best = { bidder, cents, hold: held.value };
    this.#announce(lot);
    answer.resolve(this.#count("accepted", lot));
  }

  #close(lot: Lot): void {
    lot.state = lot.best === null ? "unsold" : "sold";
    this.#announce(lot);
    if (lot.best !== null) this.turn.when(this.#bank.capture(lot.best.hold, lot.seller, lot.id), this.#onPaid, lot);
  }

  #onPaid(paid: Outcome<void>, lot: Lot): void {
    if (!paid.ok) return this.turn.log.error(`${lot.id} was not paid`, { reason: paid.error.message });
    lot.state = "paid";
    this.turn.when(this.#shipper.ship({ lot: lot.id, title: lot.title, recipient: lot.best!.bidder }), this.#onShipped, lot);
  }

  #onShipped(shipped: Outcome<string>, lot: Lot): void {
    if (!shipped.ok) return this.turn.log.error(`${lot.id} was not shipped`, { reason: shipped.error.message });
    lot.state = "shipped";
    lot.label = shipped.value;
  }

  lots(): LotView[] {
    return [...this.#lots.values()].filter((lot) => lot.state === "open").map((lot) => lot.view());
  }

  follow(follower: Ref<LotFollower>): void {
    this.#followers.add(follower); // equal addresses are the same object, so a Set is enough
    for (const lot of this.lots()) follower.lotChanged(lot);
  }

  audit(): AuctionAudit {
    return {
      lots: [...this.#lots.values()].map((lot) => ({ ...lot.view(), seller: lot.seller, state: lot.state, label: lot.label })),
      answers: this.#answers,
      waiting: this.#waiting,
    };
  }

  #announce(lot: Lot): void {
    for (const follower of this.#followers) follower.lotChanged(lot.view());
  }

  #tooLate(lot: Lot): BidAnswer {
    return this.#count(lot.state === "open" ? "outbid" : "closed", lot);
  }

  #count(result: BidResult, lot: Lot): BidAnswer {
    this.#answers[result]++;
    return { result, price: lot.price };
  }
}

const refusal = (message: string, details: AuctionRefusal) => new Rejection(message, details);

export default app({ version: 1 }).service("house", () => new AuctionHouse(ref<BankApi>("bank/bank"), ref<ShipperApi>("shipper/shipper")));
