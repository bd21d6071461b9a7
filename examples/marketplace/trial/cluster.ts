/** The four apps of the marketplace as a fleet: which file each runs, and where parcels' labels are kept. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Fleet } from "../../lib/fleet.ts";
import type { NodeProcess } from "../../lib/node-process.ts";

const apps = { bank: "bank/bank.ts", auction: "auction/auction.ts", shipper: "shipper/shipper.ts", traders: "traders/trader.ts" };
export type NodeName = keyof typeof apps;

const here = new URL("../", import.meta.url);

export class Cluster {
  readonly labels: string;
  readonly #fleet: Fleet;

  private constructor(fleet: Fleet, labels: string) {
    this.#fleet = fleet;
    this.labels = labels;
  }

  static async prepare(folder: string, withoutKen: boolean): Promise<Cluster> {
    const labels = join(folder, "labels");
    mkdirSync(labels);
    const fleet = await Fleet.prepare({
      folder,
      apps: Object.fromEntries(Object.entries(apps).map(([name, file]) => [name, new URL(file, here)])),
      environment: { LABELS_FOLDER: labels },
      flags: withoutKen ? ["--without-ken"] : [],
    });
    return new Cluster(fleet, labels);
  }

  get nodes(): readonly NodeProcess[] {
    return this.#fleet.nodes;
  }

  get urls(): Readonly<Record<NodeName, string>> {
    return Object.fromEntries(this.nodes.map((node) => [node.name, node.http])) as Record<NodeName, string>;
  }

  get ready(): boolean {
    return this.#fleet.ready;
  }

  /** Starts all nodes; false when they are not ready in time. */
  start(withinMs: number): Promise<boolean> {
    return this.#fleet.start(withinMs);
  }

  stop(): void {
    this.#fleet.stop();
  }
}
