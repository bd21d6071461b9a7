/**
 * The marketplace as a world: the same four apps, simulated with crashes, losses of power, partitions and bad disks on virtual time.
 * `maceken simulate examples/marketplace/world.ts --seeds 100`. What is said here of money, bids and parcels must hold whatever happens.
 */
import { call, leadsTo, world, type ClientCall, type WorldView } from "maceken/sim";
import type { AuctionApi } from "./auction/api.ts";
import auction from "./auction/auction.ts";
import type { BankApi } from "./bank/api.ts";
import bank from "./bank/bank.ts";
import { bidsAreAnswered, moneyIsConserved, nothingStaysHeld, nothingTwice, soldIsShipped } from "./properties.ts";
import type { Parcel } from "./shipper/api.ts";
import shipper from "./shipper/shipper.ts";
import traders, { type Trader } from "./traders/trader.ts";

const names = ["ada", "bruno", "clara", "dora"];
const seller = "museum";
const funds = 50_000;

const theBank = call<BankApi>("bank/bank");
const theHouse = call<AuctionApi>("auction/house");
const treasury: readonly ClientCall[] = [...[seller, ...names].map((name) => theBank.open(name)), ...names.map((name) => theBank.deposit(name, funds))];

const isWaiting = (name: string) => (view: WorldView) => view.service<Trader>(`traders/${name}`)?.audit().waiting === true;

export default world({
  nodes: { bank, auction, shipper, traders },
  clients: {
    treasury,
    museum: ["a vase", "a clock", "a map"].map((title, at) => theHouse.openLot(title, seller, 1_000 + at * 4_000)),
    visitor: Array.from({ length: 6 }, (_, at) => theHouse.bid(`lot-${1 + (at % 3)}`, names[at % names.length]!, 1_000 * (at + 1))),
  },
  properties: [
    moneyIsConserved("treasury", treasury),
    ...nothingTwice,
    ...names.map((name) => leadsTo(`what ${name} asks is answered`, isWaiting(name), (view) => !isWaiting(name)(view))),
    bidsAreAnswered,
    soldIsShipped,
    nothingStaysHeld,
  ],
  effects: { printLabel: (parcel: Parcel) => [{ ok: true, value: `label of ${parcel.lot}` }] },
});
