/**
 * The marketplace as a world: the same four apps, simulated with crashes, losses of power, partitions and bad disks on virtual time.
 * `maceken simulate examples/marketplace/world.ts --seeds 100`. What is said here of money, bids and parcels must hold whatever happens.
 */
import { always, call, eventuallyAlways, leadsTo, world, type WorldView } from "maceken/sim";
import type { AuctionApi } from "./auction/api.ts";
import auction, { type AuctionHouse } from "./auction/auction.ts";
import type { BankApi } from "./bank/api.ts";
import bank, { type Bank } from "./bank/bank.ts";
import type { Parcel } from "./shipper/api.ts";
import shipper, { type Shipper } from "./shipper/shipper.ts";
import traders, { type Trader } from "./traders/trader.ts";

const names = ["ada", "bruno", "clara", "dora"];
const seller = "museum";
const funds = 50_000;

const theBank = call<BankApi>("bank/bank");
const theHouse = call<AuctionApi>("auction/house");
const openings = [seller, ...names].map((name) => theBank.open(name));
const deposits = names.map((name) => theBank.deposit(name, funds));

/** Between what was answered and what may have been done beyond. */
function moneyIsConserved(view: WorldView): boolean | string {
  const total = view.service<Bank>("bank/bank")?.total() ?? 0;
  const answered = Math.max(0, view.answers("treasury").length - openings.length);
  return total === answered * funds || total === (answered + 1) * funds || `${total} cents, after ${answered} deposits of ${funds}`;
}

function paymentsAreUnique(view: WorldView): boolean | string {
  const references = view.service<Bank>("bank/bank")?.audit().payments.map(({ reference }) => reference) ?? [];
  const twice = references.find((reference, at) => references.indexOf(reference) !== at);
  return twice === undefined || `${twice} was paid twice`;
}

/** A lot goes to the best bidder, is paid for, and is shipped, once. */
function soldIsShipped(view: WorldView): boolean | string {
  const lots = view.service<AuctionHouse>("auction/house")?.audit().lots ?? [];
  const parcels = view.service<Shipper>("shipper/shipper")?.audit().parcels ?? [];
  for (const { id, state, leader } of lots) {
    if (state !== "unsold" && state !== "shipped") return `${id} is ${state}`;
    const sent = parcels.filter(({ lot }) => lot === id);
    if (sent.length !== (state === "shipped" ? 1 : 0)) return `${id} is ${state}, with ${sent.length} parcels`;
    if (sent[0] !== undefined && sent[0].recipient !== leader) return `${id} went to ${sent[0].recipient}, not to ${leader}`;
  }
  return true;
}

const isWaiting = (name: string) => (view: WorldView) => view.service<Trader>(`traders/${name}`)?.audit().waiting === true;

export default world({
  nodes: { bank, auction, shipper, traders },
  clients: {
    treasury: [...openings, ...deposits],
    museum: ["a vase", "a clock", "a map"].map((title, at) => theHouse.openLot(title, seller, 1_000 + at * 4_000)),
    visitor: Array.from({ length: 6 }, (_, at) => theHouse.bid(`lot-${1 + (at % 3)}`, names[at % names.length]!, 1_000 * (at + 1))),
  },
  properties: [
    always("money is conserved", moneyIsConserved),
    always("nothing is paid twice", paymentsAreUnique),
    ...names.map((name) => leadsTo(`what ${name} asks is answered`, isWaiting(name), (view) => !isWaiting(name)(view))),
    leadsTo("every bid is answered", (view) => (view.service<AuctionHouse>("auction/house")?.audit().waiting ?? 0) > 0, (view) => view.service<AuctionHouse>("auction/house")!.audit().waiting === 0),
    eventuallyAlways("what is sold is paid and shipped", soldIsShipped),
  ],
  effects: { printLabel: (parcel: Parcel) => [{ ok: true, value: `label of ${parcel.lot}` }] },
});
