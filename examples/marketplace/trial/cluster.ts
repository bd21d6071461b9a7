/**
 * The four apps as four nodes on this machine: which file each runs, where it listens, who its peers are.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NodeProcess } from "./node-process.ts";
import { freePorts } from "./ports.ts";

const apps = { bank: "bank/bank.ts", auction: "auction/auction.ts", shipper: "shipper/shipper.ts", traders: "traders/trader.ts" };
export type NodeName = keyof typeof apps;

const here = new URL("../", import.meta.url);
const manifest = import.meta.resolve("maceken/package.json");
const { bin } = JSON.parse(readFileSync(fileURLToPath(manifest), "utf8")) as { bin: { maceken: string } };
const maceken = fileURLToPath(new URL(bin.maceken, manifest));

export class Cluster {
  readonly nodes: readonly NodeProcess[];
  readonly labels: string;

  private constructor(nodes: readonly NodeProcess[], labels: string) {
    this.nodes = nodes;
    this.labels = labels;
  }

  static async prepare(folder: string, withoutKen: boolean): Promise<Cluster> {
    const names = Object.keys(apps) as NodeName[];
    const ports = await freePorts(2 * names.length);
    const addresses = new Map(names.map((name, i) => [name, { listen: `127.0.0.1:${ports[2 * i]}`, http: `127.0.0.1:${ports[2 * i + 1]}` }]));
    const labels = join(folder, "labels");
    mkdirSync(labels);
    const nodes = names.map((name) => {
      const { listen, http } = addresses.get(name)!;
      const peers = names.filter((other) => other !== name).flatMap((other) => ["--peer", `${other}=${addresses.get(other)!.listen}`]);
      return new NodeProcess({
        name,
        command: [
          process.execPath, maceken, "run", fileURLToPath(new URL(apps[name], here)), "--name", name, "--data", join(folder, name),
          "--listen", listen, "--http", http, ...peers, ...(withoutKen ? ["--without-ken"] : []),
        ],
        environment: { LABELS_FOLDER: labels },
        http: `http://${http}`,
        logFile: join(folder, `${name}.log`),
      });
    });
    return new Cluster(nodes, labels);
  }

  get urls(): Readonly<Record<NodeName, string>> {
    return Object.fromEntries(this.nodes.map((node) => [node.name, node.http])) as Record<NodeName, string>;
  }

  get ready(): boolean {
    return this.nodes.every((node) => node.ready);
  }

  /** Starts all nodes; false when they are not ready in time. */
  async start(withinMs: number): Promise<boolean> {
    for (const node of this.nodes) node.start();
    const until = performance.now() + withinMs;
    while (!this.ready) {
      if (performance.now() > until || this.nodes.some((node) => node.ownExits.length > 0)) return false;
      await sleep(20);
    }
    return true;
  }

  stop(): void {
    for (const node of this.nodes) node.stop();
  }
}
