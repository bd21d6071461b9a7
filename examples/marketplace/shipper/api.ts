/**
 * What the shipper publishes.
 */
import { z } from "zod";

export const parcel = z.object({ lot: z.string().min(1).max(64), title: z.string(), recipient: z.string() });

export interface Parcel {
  readonly lot: string;
  readonly title: string;
  readonly recipient: string;
}

export interface ShipperApi {
  /** Answers, when the parcel has its label, the label's file name. */
  ship(parcel: Parcel): string;
  audit(): ShipperAudit;
}

export interface ShipperAudit {
  /** Each parcel that was ever asked for, in order; `label` is null until it is printed. */
  readonly parcels: readonly (Parcel & { readonly label: string | null })[];
}
