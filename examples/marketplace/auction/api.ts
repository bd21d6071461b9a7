/**
 * What the auction house publishes. Whoever wants to hear of lots implements LotFollower and hands over a reference to itself.
 */
import type { Ref } from "maceken";
import { z } from "zod";

export const lotId = z.string().regex(/^lot-[1-9][0-9]*$/);
export const title = z.string().min(1).max(80);
export const openForMs = z.number().int().min(100).max(60_000);

export interface AuctionApi {
  /** Over HTTP only. Answers the lot's id; the lot closes by itself. */
  openLot(title: string, seller: string, openForMs: number): string;
  /** Answers when the bank has set the money aside, or refused to. */
  bid(lot: string, bidder: string, cents: number): BidAnswer;
  /** The lots that take bids. */
  lots(): LotView[];
  /** From now on the follower is told of every change of an open lot; of those open now at once. */
  follow(follower: Ref<LotFollower>): void;
  audit(): AuctionAudit;
}

export interface LotFollower {
  lotChanged(lot: LotView): void;
}

export interface LotView {
  readonly id: string;
  readonly title: string;
  readonly open: boolean;
  /** Cents of the best bid; 0 before the first. */
  readonly price: number;
  readonly leader: string | null;
}

export type BidResult = "accepted" | "outbid" | "rejected" | "closed";

export interface BidAnswer {
  readonly result: BidResult;
  /** The lot's price after this bid. */
  readonly price: number;
}

/** A lot's way: open, then unsold, or sold, paid, shipped. */
export type LotState = "open" | "unsold" | "sold" | "paid" | "shipped";

export interface AuctionAudit {
  readonly lots: readonly (LotView & { readonly seller: string; readonly state: LotState; readonly label: string | null })[];
  /** How many bids were answered how. */
  readonly answers: Readonly<Record<BidResult, number>>;
  /** Bids that wait for the bank. */
  readonly waiting: number;
}

/** The `details` of the house's rejections. */
export type AuctionRefusal = { readonly code: "UNKNOWN_LOT"; readonly lot: string };
