/**
 * One of two nodes: "near" sends as told, 100 messages a turn; "far" counts what it hears. Arguments: name, data directory, the other's
 * name, the port to listen on.
 */
import { app, ref, Service, startNode, type Messages } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";
import { obey } from "../lib/obey.ts";

const perTurn = 100;

class Counter extends Service {
  static readonly messages: Messages<Counter> = { hear: true, tellSome: true, count: true };
  heard = 0;
  other = "";

  hear(_text: string): void {
    this.heard++;
  }
  tellSome(other: string, text: string): void {
    const listener = ref<Counter>(`${other}/counter`);
    for (let i = 0; i < perTurn; i++) listener.hear(text);
  }
  count(): number {
    return this.heard;
  }
}

const [, , name, data, other, listen, dials] = process.argv;
const node = await startNode({
  app: app({ version: 1 }).service("counter", () => new Counter()), name: name!, data: data!, listen: `127.0.0.1:${listen}`,
  peers: { [other!]: dials === "-" ? null : `127.0.0.1:${dials}` }, accept: "any",
});
const outbox = () => nodeInternals(node).kernel.channels.get(other!)?.outbox;

obey({
  /** Answers when that many are durable. */
  async tell({ count, bytes }: { count: number; bytes: number }) {
    const text = "x".repeat(bytes);
    for (let told = 0; told < count; told += perTurn * 10) await Promise.all(Array.from({ length: 10 }, () => node.client("counter").tellSome(other!, text)));
  },
  /** Answers when that many were heard, with the ms since the first of them. */
  async hear(count: number) {
    const counter = nodeInternals(node).kernel.state.services.get("counter") as Counter;
    let begunAt = 0;
    const from = counter.heard;
    for (;;) {
      if (begunAt === 0 && counter.heard > from) begunAt = performance.now();
      if (counter.heard >= count) return performance.now() - begunAt;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  },
  residentBytes: () => process.memoryUsage.rss(),
  outboxMemoryBytes: () => outbox()?.memoryBytes ?? 0,
  waiting: () => outbox()?.length ?? 0,
  exit: () => node.stop(),
});
