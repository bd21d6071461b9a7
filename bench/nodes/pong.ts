/**
 * One of two nodes that bounce messages: each message handled is a durable turn that counts and sends one to the other side.
 * Arguments: name, data directory, the other's name, its port or "-", "plain" for a wire without TLS.
 */
import { app, ref, Service, startNode, type Messages, type Ref } from "#maceken/index.js";
import { durationsSince, syncs } from "../lib/count-syncs.ts";
import { sampleNode } from "../lib/node-sample.ts";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";
import { quantile } from "../lib/statistics.ts";

const hopsKept = 200_000;
const hopsUs = new Float64Array(hopsKept);
let hops = 0;
let lastAt = 0;
let syncsAtReset = 0;

/** The way of one marked message: there and back is two hops. */
function noteMarked(): void {
  const at = performance.now();
  if (lastAt !== 0) hopsUs[hops++ % hopsKept] = (at - lastAt) * 500;
  lastAt = at;
}

class Pong extends Service {
  static readonly messages: Messages<Pong> = { hit: true, begin: true };
  hits = 0;
  other: Ref<Pong>;

  constructor(other: Ref<Pong>) {
    super();
    this.other = other;
  }

  hit(payload: string): void {
    this.hits++;
    if (payload.charCodeAt(0) === 0x4d) noteMarked();
    this.other.hit(payload);
  }

  begin(inFlight: number, bytes: number): void {
    for (let i = 0; i < inFlight; i++) this.other.hit((i === 0 ? "M" : "m").padEnd(bytes, "0"));
  }
}

const [, , name, data, other, port, wire] = process.argv;
const address = port === "-" ? null : `127.0.0.1:${port}`;
const node = await startNode({
  app: app({ version: 1 }).service("pong", () => new Pong(ref<Pong>(`${other}/pong`))),
  name: name!,
  data: data!,
  listen: "127.0.0.1:0",
  peers: { [other!]: address },
  // One of the two has no address to dial at, so it takes the other at its word.
  accept: "any",
  insecurePlaintext: wire === "plain",
});

obey({
  ...profilerCommands,
  port: () => node.address.listen!.port,
  begin: ({ inFlight, bytes }: { inFlight: number; bytes: number }) => node.client("pong").begin(inFlight, bytes),
  sample: () => sampleNode(node),
  reset() {
    hops = 0;
    syncsAtReset = syncs.count;
  },
  hops() {
    const measured = hopsUs.subarray(0, Math.min(hops, hopsKept));
    return { count: hops, p50: quantile(measured, 0.5), p99: quantile(measured, 0.99) };
  },
  syncUs: () => quantile(durationsSince(syncsAtReset), 0.5) * 1000,
  exit: () => node.stop(),
});
