/**
 * The marketplace as a world so small that every order of its turns can be looked at: the bank, the auction house and the shipper of
 * production, two lots, and two bidders who cannot pay for everything they bid for.
 * `maceken check examples/marketplace/small-world.ts`; `maceken simulate` takes it as well.
 */
import { call, world, type ClientCall } from "maceken/check";
import type { AuctionApi } from "./auction/api.ts";
import auction from "./auction/auction.ts";
import type { BankApi } from "./bank/api.ts";
import bank from "./bank/bank.ts";
import { bidsAreAnswered, isServed, moneyIsConserved, nothingStaysHeld, nothingTwice, soldIsShipped } from "./properties.ts";
import type { Parcel } from "./shipper/api.ts";
import shipper from "./shipper/shipper.ts";

const theBank = call<BankApi>("bank/bank");
const theHouse = call<AuctionApi>("auction/house");

const clients: Record<string, readonly ClientCall[]> = {
  treasury: [theBank.open("museum"), theBank.open("ada"), theBank.deposit("ada", 70), theBank.open("bruno"), theBank.deposit("bruno", 50)],
  museum: [theHouse.openLot("a vase", "museum", 1_000), theHouse.openLot("a clock", "museum", 1_000)],
  ada: [theHouse.bid("lot-1", "ada", 30), theHouse.bid("lot-2", "ada", 60)], // more than she has, unless somebody else wins the vase
  bruno: [theHouse.bid("lot-1", "bruno", 40), theHouse.bid("lot-2", "bruno", 20)],
};

export function smallWorld(theirBank = bank) {
  return world({
    nodes: { bank: theirBank, auction, shipper },
    clients,
    properties: [
      moneyIsConserved("treasury", clients["treasury"]!),
      ...nothingTwice,
      bidsAreAnswered,
      ...Object.entries(clients).map(([client, calls]) => isServed(client, calls)),
      soldIsShipped,
      nothingStaysHeld,
    ],
    effects: { printLabel: (parcel: Parcel) => [{ ok: true, value: `label of ${parcel.lot}` }] },
  });
}

export default smallWorld();
