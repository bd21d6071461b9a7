/**
 * A peer that is away while many messages are addressed to it: what they cost in memory, and how fast they reach it when it is back. The
 * floor is the same number of messages to the same peer while it is there.
 */
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Case } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";

const payloadBytes = 200;
const warmUpCount = 20_000;
/** The outbox may hold 8 MiB; the rest is what a busy process takes by itself. */
const mustResidentMB = 120;
const mustDrainRatio = 1.5;
const sync = "fdatasync a group";
const module = new URL("../nodes/backlog.ts", import.meta.url);

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

export const backlogCase: Case = {
  name: "backlog",
  title: "a peer away while messages of 200 bytes are addressed to it: memory, and how fast they drain",
  async run(context) {
    const count = context.full ? 1_000_000 : 200_000;
    const [resident, held, there, drained]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let run = 0; run < context.runs; run++) {
      context.progress(`run ${run + 1} of ${context.runs}: ${count} messages`);
      const directory = mkdtempSync(join(context.directory, "backlog-"));
      const port = await freePort();
      const { nodeArgs } = context;
      const startFar = (): Promise<Child> => Child.start({ module, args: ["far", join(directory, "far"), "near", port, "-"], nodeArgs });
      let far = await startFar();
      const near = await Child.start({ module, args: ["near", join(directory, "near"), "far", "0", port], nodeArgs });
      try {
        await near.call("tell", { count: warmUpCount, bytes: payloadBytes });
        await far.call("hear", warmUpCount);
        const live = far.call<number>("hear", warmUpCount + count);
        await near.call("tell", { count, bytes: payloadBytes });
        there.push((count / (await live)) * 1000);
        await far.stop();
        const before = await near.call<number>("residentBytes");
        await near.call("tell", { count, bytes: payloadBytes });
        resident.push(((await near.call<number>("residentBytes")) - before) / 1e6);
        held.push((await near.call<number>("outboxMemoryBytes")) / 1e6);
        far = await startFar();
        drained.push((count / (await far.call<number>("hear", warmUpCount + 2 * count))) * 1000);
      } finally {
        await Promise.all([near.stop(), far.stop()]);
      }
    }
    const floor = { what: "while the peer is there", value: summarise(there).median };
    return [
      figure(resident, { name: "backlog.resident", unit: "MB", better: "lower", sync, must: { of: "value", bound: mustResidentMB }, note: `growth of the process while ${count} messages came to wait` }),
      figure(held, { name: "backlog.outbox-memory", unit: "MB", better: "lower", sync, must: { of: "value", bound: 8.4 }, note: "of the outbox, at the end of that" }),
      figure(drained, { name: "backlog.drain", unit: "messages/s", better: "higher", sync, floor, must: { of: "ratio", bound: mustDrainRatio } }),
    ];
  },
};
