/** A node with a durable counter, driven from inside through its native client, or from outside over HTTP. Argument: the data directory. */
import { app, Service, startNode, type Messages } from "#maceken/index.js";
import "../lib/count-syncs.ts";
import { Load, type LoadResult } from "../lib/load.ts";
import { sampleNode } from "../lib/node-sample.ts";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true };
  value = 0;
  add(amount: number): number {
    return (this.value += amount);
  }
}

const node = await startNode({
  app: app({ version: 1 }).service("counter", () => new Counter()), name: "counter", data: process.argv[2]!, http: "127.0.0.1:0",
});
const client = node.client("counter");

obey({
  ...profilerCommands,
  port: () => node.address.http!.port,
  sample: () => sampleNode(node),
  drive: ({ inFlight, ms }: { inFlight: number; ms: number }): Promise<LoadResult> => new Load(() => client.add(1)).run(inFlight, ms),
  exit: () => node.stop(),
});
