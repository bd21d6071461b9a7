/**
 * A node that holds many small objects, to be started again. Arguments: the data directory, HOST:PORT for HTTP.
 */
import { app, Service, startNode, type Messages } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";
import { obey } from "../lib/obey.ts";

class Item {
  readonly name: string;
  readonly tags: string[];
  count: number;

  constructor(name: string, count: number) {
    this.name = name;
    this.count = count;
    this.tags = [`tag ${count % 10}`];
  }
}

class Shelf extends Service {
  static readonly messages: Messages<Shelf> = { fill: true, size: true };
  readonly items = new Map<string, Item>();

  /** Two objects each: the item and its array. */
  fill(count: number): void {
    for (let i = this.items.size, end = i + count; i < end; i++) this.items.set(`item ${i}`, new Item(`item ${i}`, i));
  }

  size(): number {
    return this.items.size;
  }
}

const [, , data, http] = process.argv;
const startedAt = performance.now();
const node = await startNode({ app: app({ version: 1 }).service("shelf", () => new Shelf()), name: "shelf", data: data!, http: http! });
const readyAt = performance.now();

obey({
  startNodeMs: () => readyAt - startedAt,
  fill: (count: number) => node.client("shelf").fill(count),
  size: () => node.client("shelf").size(),
  snapshot: () => nodeInternals(node).snapshot(),
  exit: () => node.stop(),
});
