/**
 * A shipper. Shows an outside effect: `class … extends Service<typeof effects>` declares what it does to the world, the app
 * supplies it. The label is printed after the turn that asked for it is durable; the customer is answered after that.
 */
import { app, Service, type Deferred, type Messages, type Outcome, type Serves } from "maceken";
import { parcel, type Parcel, type ShipperApi, type ShipperAudit } from "./api.ts";
import { labelPrinter } from "./label-printer.ts";

const effects = { printLabel: labelPrinter(process.env["LABELS_FOLDER"] ?? "labels") };

interface Shipment {
  readonly parcel: Parcel;
  label: string | null;
}

export class Shipper extends Service<typeof effects> implements Serves<ShipperApi> {
  static readonly messages: Messages<Shipper, ShipperApi> = {
    ship: { args: [parcel], from: "peers" },
    audit: true,
  };

  readonly #shipments: Shipment[] = [];

  ship(parcel: Parcel): Deferred<string> {
    const shipment: Shipment = { parcel, label: null };
    this.#shipments.push(shipment);
    const confirmation = this.turn.deferReply<string>();
    this.turn.when(this.turn.outside("printLabel", parcel), this.#onPrinted, shipment, confirmation);
    return confirmation;
  }

  #onPrinted(printed: Outcome<string>, shipment: Shipment, confirmation: Deferred<string>): void {
    if (!printed.ok) return confirmation.reject(printed.error);
    shipment.label = printed.value;
    confirmation.resolve(printed.value);
  }

  audit(): ShipperAudit {
    return { parcels: this.#shipments.map(({ parcel, label }) => ({ ...parcel, label })) };
  }
}

export default app({ version: 1 })
  .service("shipper", () => new Shipper())
  .outside(effects);
