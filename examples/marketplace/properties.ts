/** What must hold of the marketplace, whatever happens: of money, bids, payments and parcels. For worlds that are simulated or checked. */
import { always, eventually, eventuallyAlways, leadsTo, type ClientCall, type Property, type WorldView } from "maceken/sim";
import type { AuctionHouse } from "./auction/auction.ts";
import type { Bank } from "./bank/bank.ts";
import type { Shipper } from "./shipper/shipper.ts";

const theBank = (view: WorldView) => view.service<Bank>("bank/bank");
const theHouse = (view: WorldView) => view.service<AuctionHouse>("auction/house");
export const parcelsOf = (view: WorldView) => view.service<Shipper>("shipper/shipper")?.audit().parcels ?? [];

/** What the calls of a client deposit. */
function deposited(calls: readonly ClientCall[]): number {
  return calls.filter(({ method }) => method === "deposit").reduce((sum, { args }) => sum + (args[1] as number), 0);
}

/** `client` is the only one that deposits. What it was answered is there; what it was not answered yet may be. */
export function moneyIsConserved(client: string, calls: readonly ClientCall[]): Property {
  return always("money is conserved", (view) => {
    const total = theBank(view)?.total() ?? 0;
    const answered = view.answers(client).length;
    const [least, most] = [deposited(calls.slice(0, answered)), deposited(calls.slice(0, answered + 1))];
    return total === least || total === most || `${total} cents, after deposits of ${least}`;
  });
}

/** The first that comes a second time. */
function twice<T>(values: readonly T[]): T | undefined {
  return values.find((value, at) => values.indexOf(value) !== at);
}

export const nothingTwice: readonly Property[] = [
  always("nothing is paid twice", (view) => {
    const paid = twice((theBank(view)?.audit().payments ?? []).map(({ reference }) => reference));
    return paid === undefined || `${paid} was paid twice`;
  }),
  always("nothing is shipped twice", (view) => {
    const shipped = twice(parcelsOf(view).map(({ lot }) => lot));
    return shipped === undefined || `${shipped} was shipped twice`;
  }),
];

const waiting = (view: WorldView): number => theHouse(view)?.audit().waiting ?? 0;

export const bidsAreAnswered: Property = leadsTo("every bid is answered", (view) => waiting(view) > 0, (view) => waiting(view) === 0);

/** A client's last call is answered only when all of its calls are. */
export function isServed(client: string, calls: readonly ClientCall[]): Property {
  return eventually(`${client} is answered`, (view) => view.answers(client).length === calls.length);
}

/** A lot goes to the best bidder, is paid for, and is shipped, once. */
export const soldIsShipped: Property = eventuallyAlways("what is sold is paid and shipped", (view) => {
  for (const { id, state, leader } of theHouse(view)?.audit().lots ?? []) {
    if (state !== "unsold" && state !== "shipped") return `${id} is ${state}`;
    const sent = parcelsOf(view).filter(({ lot }) => lot === id);
    if (sent.length !== (state === "shipped" ? 1 : 0)) return `${id} is ${state}, with ${sent.length} parcels`;
    if (sent[0] !== undefined && sent[0].recipient !== leader) return `${id} went to ${sent[0].recipient}, not to ${leader}`;
  }
  return true;
});

export const nothingStaysHeld: Property = eventuallyAlways("no money stays on hold", (view) => (theBank(view)?.audit().holds ?? []).length === 0);
