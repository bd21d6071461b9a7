/**
 * Nodes that know each other, as processes on this machine under the published command: where each listens, who its peers are, started
 * and ended together. Nothing is known here of what they run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NodeProcess } from "./node-process.ts";
import { freePorts } from "./ports.ts";

const manifest = import.meta.resolve("maceken/package.json");
const { bin } = JSON.parse(readFileSync(fileURLToPath(manifest), "utf8")) as { bin: { maceken: string } };
const maceken = fileURLToPath(new URL(bin.maceken, manifest));

export interface FleetOptions {
  /** For data directories and logs. */
  readonly folder: string;
  /** By node, the module of its app. */
  readonly apps: Readonly<Record<string, URL>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** For each `maceken run`. */
  readonly flags?: readonly string[];
}

export class Fleet {
  readonly nodes: readonly NodeProcess[];

  private constructor(nodes: readonly NodeProcess[]) {
    this.nodes = nodes;
  }

  static async prepare({ folder, apps, environment = {}, flags = [] }: FleetOptions): Promise<Fleet> {
    const names = Object.keys(apps);
    const ports = await freePorts(2 * names.length);
    const addresses = new Map(names.map((name, i) => [name, { listen: `127.0.0.1:${ports[2 * i]}`, http: `127.0.0.1:${ports[2 * i + 1]}` }]));
    return new Fleet(names.map((name) => {
      const { listen, http } = addresses.get(name)!;
      const peers = names.filter((other) => other !== name).flatMap((other) => ["--peer", `${other}=${addresses.get(other)!.listen}`]);
      return new NodeProcess({
        name, environment,
        command: [process.execPath, maceken, "run", fileURLToPath(apps[name]!), "--name", name, "--data", join(folder, name), "--listen", listen, "--http", http, ...peers, ...flags],
        http: `http://${http}`,
        logFile: join(folder, `${name}.log`),
      });
    }));
  }

  node(name: string): NodeProcess {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`the fleet has no node ${name}`);
    return found;
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
