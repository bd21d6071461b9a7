/**
 * A lot: an ordinary class whose instances live in the auction house's durable state.
 */
import type { LotState, LotView } from "./api.ts";

export interface BestBid {
  readonly bidder: string;
  readonly cents: number;
  /** The bank's hold for it. */
  readonly hold: number;
}

export class Lot {
  readonly id: string;
  readonly title: string;
  readonly seller: string;
  state: LotState = "open";
  best: BestBid | null = null;
  /** The shipper's confirmation. */
  label: string | null = null;

  constructor(id: string, title: string, seller: string) {
    this.id = id;
    this.title = title;
    this.seller = seller;
  }

  get price(): number {
    return this.best?.cents ?? 0;
  }

  takes(cents: number): boolean {
    return this.state === "open" && cents > this.price;
  }

  /** Owners do not share classes: what leaves the node is a plain copy. */
  view(): LotView {
    return { id: this.id, title: this.title, open: this.state === "open", price: this.price, leader: this.best?.bidder ?? null };
  }
}
