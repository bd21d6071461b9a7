/**
 * The evidence of a small run in which everything went well, made afresh for each test, so that a test can damage it.
 * One lot was sold to ada for 7.00, one found no bidder; a transfer was refused; one request was repeated.
 */
import type { BidAnswer } from "../../examples/marketplace/auction/api.ts";
import type { Evidence } from "../../examples/marketplace/trial/evidence.ts";
import { Ledger, record, type Entry } from "../../examples/marketplace/trial/ledger.ts";

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
/** Every part can be changed, to do damage. */
export type Clay = Mutable<Evidence>;

export function soundEvidence(): Clay {
  const ledger = new Ledger();
  const told = (target: string, args: unknown[], status: number, value: unknown): Entry => {
    const entry = ledger.open(target, args);
    record(entry, { status, body: JSON.stringify(value) });
    return entry;
  };
  told("bank/bank/open", ["emil"], 200, null);
  told("bank/bank/open", ["ada"], 200, null);
  const deposit = told("bank/bank/deposit", ["emil", 5_000], 200, 5_000);
  record(deposit, { ...deposit.answer! });
  told("bank/bank/deposit", ["ada", 3_000], 200, 3_000);
  told("bank/bank/transfer", ["emil", "ada", 1_000], 200, 4_000);
  told("bank/bank/transfer", ["ada", "nobody", 10], 409, { code: "UNKNOWN_ACCOUNT" });
  told("auction/house/openLot", ["a clock", "emil", 900], 200, "lot-1");
  told("auction/house/openLot", ["a lamp", "emil", 900], 200, "lot-2");
  told("auction/house/bid", ["lot-1", "emil", 500], 200, { result: "accepted", price: 500 } satisfies BidAnswer);
  told("auction/house/bid", ["lot-1", "emil", 600], 200, { result: "outbid", price: 700 } satisfies BidAnswer);
  const books: Clay["books"] = {
    bank: { balances: { emil: 4_700, ada: 3_300 }, holds: [], payments: [{ reference: "lot-1", from: "ada", to: "emil", cents: 700 }], total: 8_000 },
    auction: {
      lots: [
        { id: "lot-1", title: "a clock", open: false, price: 700, leader: "ada", seller: "emil", state: "shipped", label: "k1.label" },
        { id: "lot-2", title: "a lamp", open: false, price: 0, leader: null, seller: "emil", state: "unsold", label: null },
      ],
      answers: { accepted: 2, outbid: 1, rejected: 0, closed: 1 },
      waiting: 0,
    },
    shipper: { parcels: [{ lot: "lot-1", title: "a clock", recipient: "ada", label: "k1.label" }] },
    traders: [{ account: "ada", bids: 2, answers: { accepted: 1, outbid: 0, rejected: 0, closed: 1, failed: 0 }, waiting: false }],
  };
  return {
    books,
    booksAfterRepeats: structuredClone(books),
    labels: [{ file: "k1.label", parcel: { lot: "lot-1", title: "a clock", recipient: "ada" } }],
    ledger: ledger.entries as Clay["ledger"],
    incidents: [],
  };
}
