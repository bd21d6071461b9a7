/** "Add one to a durable counter", answered when durable: through the native client, and over HTTP beside node:http alone. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Case, CaseContext } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";
import type { LoadResult } from "../lib/load.ts";
import { windowOf, type NodeSample, type NodeWindow } from "../lib/node-sample.ts";
import { summarise } from "../lib/statistics.ts";

const concurrency = 64;
const sync = "fdatasync a group";
const counter = new URL("../nodes/counter.ts", import.meta.url);

interface CounterRun {
  readonly load: LoadResult;
  readonly window: NodeWindow;
}

/** Starts a counter, warms it up, and measures it under `drive`. */
async function measure(context: CaseContext, drive: (node: Child, ms: number) => Promise<LoadResult>): Promise<CounterRun> {
  const node = await Child.start({ module: counter, args: [mkdtempSync(join(context.directory, "counter-"))], nodeArgs: context.nodeArgs });
  try {
    await drive(node, context.warmUpMs);
    const before = await node.call<NodeSample>("sample");
    const load = await drive(node, context.measureMs);
    return { load, window: windowOf(before, await node.call<NodeSample>("sample")) };
  } finally {
    await node.stop();
  }
}

export const counterClientCase: Case = {
  name: "counter-client",
  title: `durable counter, native client, ${concurrency} in flight`,
  async run(context) {
    const runs: CounterRun[] = [];
    for (let run = 0; run < context.runs; run++) {
      context.progress(`run ${run + 1} of ${context.runs}`);
      runs.push(await measure(context, (node, ms) => node.call("drive", { inFlight: concurrency, ms })));
    }
    return [
      figure(runs.map(({ load }) => load.perSecond), { name: "counter-client.requests", unit: "requests/s", better: "higher", sync }),
      figure(runs.map(({ load }) => load.p50Us), { name: "counter-client.p50", unit: "us", better: "lower", sync }),
      figure(runs.map(({ load }) => load.p99Us), { name: "counter-client.p99", unit: "us", better: "lower", sync }),
      figure(runs.map(({ window }) => window.cpuUsPerTurn), {
        name: "counter-client.cpu", unit: "us/turn", better: "lower", sync, note: "caller included: one process",
      }),
    ];
  },
};

export const counterHttpCase: Case = {
  name: "counter-http",
  title: `durable counter, HTTP, ${concurrency} connections, beside node:http alone`,
  async run(context) {
    const bare: number[] = [];
    const runs: CounterRun[] = [];
    for (let run = 0; run < context.runs; run++) {
      const client = await Child.start({ module: new URL("../nodes/http-load.ts", import.meta.url) });
      const server = await Child.start({ module: new URL("../nodes/bare-http.ts", import.meta.url) });
      try {
        context.progress(`run ${run + 1} of ${context.runs}: node:http alone`);
        const port = await server.call<number>("port");
        const drive = (ms: number): Promise<LoadResult> => client.call("drive", { port, path: "/counter/add", connections: concurrency, ms });
        await drive(context.warmUpMs);
        bare.push((await drive(context.measureMs)).perSecond);
        await server.stop();
        context.progress(`run ${run + 1} of ${context.runs}: durable`);
        runs.push(await measure(context, async (node, ms) => {
          return client.call("drive", { port: await node.call<number>("port"), path: "/counter/add", connections: concurrency, ms });
        }));
      } finally {
        await Promise.all([client.stop(), server.stop()]);
      }
    }
    const floor = { what: "bare node:http", value: summarise(bare).median };
    return [
      figure(runs.map(({ load }) => load.perSecond), {
        name: "counter-http.requests", unit: "requests/s", better: "higher", sync, floor, note: "a key each",
      }),
      figure(runs.map(({ load }) => load.p50Us), { name: "counter-http.p50", unit: "us", better: "lower", sync }),
      figure(runs.map(({ load }) => load.p99Us), { name: "counter-http.p99", unit: "us", better: "lower", sync }),
      figure(runs.map(({ window }) => window.cpuUsPerTurn), { name: "counter-http.cpu", unit: "us/turn", better: "lower", sync, note: "of the node" }),
    ];
  },
};
