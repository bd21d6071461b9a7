/**
 * What the audit judges: the nodes' own state, read over HTTP, the labels in the printer's folder, and what clients were told.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuctionAudit } from "../auction/api.ts";
import type { BankAudit } from "../bank/api.ts";
import type { Parcel, ShipperAudit } from "../shipper/api.ts";
import type { TraderAudit } from "../traders/api.ts";
import type { HttpClient } from "./http-client.ts";
import type { Entry } from "./ledger.ts";

/** The nodes' state at one time, or at least after everything was done. */
export interface Books {
  readonly bank: BankAudit & { readonly total: number };
  readonly auction: AuctionAudit;
  readonly shipper: ShipperAudit;
  readonly traders: readonly TraderAudit[];
}

export interface Label {
  readonly file: string;
  readonly parcel: Parcel;
}

export interface Evidence {
  readonly books: Books;
  /** Read again after every key was repeated. */
  readonly booksAfterRepeats: Books;
  readonly labels: readonly Label[];
  readonly ledger: readonly Entry[];
  /** What went wrong with the processes themselves. */
  readonly incidents: readonly string[];
}

const traders = ["ada", "bruno", "clara", "dora"];

/** Undefined while a node does not answer. */
export async function readBooks(http: HttpClient): Promise<Books | undefined> {
  const [bank, total, auction, shipper, ...trading] = await Promise.all([
    http.read<BankAudit>("bank/bank/audit"),
    http.read<number>("bank/bank/total"),
    http.read<AuctionAudit>("auction/house/audit"),
    http.read<ShipperAudit>("shipper/shipper/audit"),
    ...traders.map((trader) => http.read<TraderAudit>(`traders/${trader}/audit`)),
  ]);
  if (!bank || total === undefined || !auction || !shipper || !trading.every((trader) => trader !== undefined)) return undefined;
  return { bank: { ...bank, total }, auction, shipper, traders: trading };
}

/** How often a label was sent to the printer: at least once each. */
export function countPrints(folder: string): number {
  const log = join(folder, "tries.log");
  return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").length : 0;
}

export function readLabels(folder: string): Label[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".label"));
  return files.map((file) => ({ file, parcel: JSON.parse(readFileSync(join(folder, file), "utf8")) as Parcel }));
}

/** What the nodes have still to do, in words; empty when all is done. */
export function pending(books: Books): string[] {
  const counts = {
    "open lots": books.auction.lots.filter((lot) => lot.state === "open").length,
    "unpaid lots": books.auction.lots.filter((lot) => lot.state === "sold").length,
    "unshipped lots": books.auction.lots.filter((lot) => lot.state === "paid").length,
    "bids at the bank": books.auction.waiting,
    holds: books.bank.holds.length,
    labels: books.shipper.parcels.filter((parcel) => parcel.label === null).length,
    "waiting traders": books.traders.filter((trader) => trader.waiting).length,
  };
  return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${what} ${count}`]));
}
