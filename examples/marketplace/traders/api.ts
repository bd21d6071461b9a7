/**
 * What a trader publishes: it follows lots, and shows what it was told.
 */
import type { BidResult, LotFollower } from "../auction/api.ts";

export interface TraderApi extends LotFollower {
  audit(): TraderAudit;
}

export interface TraderAudit {
  readonly account: string;
  readonly bids: number;
  /** How its bids were answered; "failed" is an error of the world. */
  readonly answers: Readonly<Record<BidResult | "failed", number>>;
  /** A bid or a question that is not answered yet. */
  readonly waiting: boolean;
}
