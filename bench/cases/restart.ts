/**
 * From a kill to the first answer. A node with little state, from the start of its process and from the moment that process is up
 * (Node itself has started, nothing of the program is loaded); and how long a node of 10^5 objects takes to have them again.
 */
import { mkdtempSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { pause, type Case, type CaseContext } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";

const shelf = new URL("../nodes/shelf.ts", import.meta.url);
const littleItems = 100;
const manyItems = 50_000;
const sync = "fdatasync a group";
const mustFromUpMs = 100;
const answerWithinMs = 30_000;

interface Restart {
  readonly fromSpawnMs: number;
  readonly fromUpMs: number;
  readonly startNodeMs: number;
}

export const restartCase: Case = {
  name: "restart",
  title: "restart of a node with little state",
  async run(context) {
    const { data, http } = await fill(context, littleItems, false);
    // The first one fills the compiler's cache.
    await restart(data, http, littleItems);
    const runs: Restart[] = [];
    for (let run = 0; run < context.runs * 2; run++) {
      context.progress(`restart ${run + 1}`);
      runs.push(await restart(data, http, littleItems));
    }
    return [
      figure(runs.map((run) => run.fromUpMs), {
        name: "restart.from-up", unit: "ms", better: "lower", sync, must: { of: "value", bound: mustFromUpMs }, note: "process up to first answer over HTTP",
      }),
      figure(runs.map((run) => run.fromSpawnMs), { name: "restart.from-spawn", unit: "ms", better: "lower", sync }),
      figure(runs.map((run) => run.startNodeMs), { name: "restart.start-node", unit: "ms", better: "lower", sync, note: "startNode alone" }),
    ];
  },
};

export const recoveryCase: Case = {
  name: "recovery",
  title: `recovery of ${2 * manyItems} objects`,
  async run(context) {
    const figures = [];
    for (const snapshot of [false, true]) {
      const { data, http } = await fill(context, manyItems, snapshot);
      const times: number[] = [];
      for (let run = 0; run < context.runs; run++) {
        context.progress(`from the ${snapshot ? "snapshot" : "log"}, run ${run + 1}`);
        times.push((await restart(data, http, manyItems)).startNodeMs);
      }
      figures.push(figure(times, { name: `recovery-100k.${snapshot ? "snapshot" : "log"}`, unit: "ms", better: "lower", sync, note: "startNode" }));
    }
    return figures;
  },
};

async function fill(context: CaseContext, items: number, snapshot: boolean): Promise<{ data: string; http: string }> {
  const data = mkdtempSync(join(context.directory, "shelf-"));
  const http = `127.0.0.1:${await freePort()}`;
  const child = await Child.start({ module: shelf, args: [data, http] });
  await child.call("fill", items);
  if (snapshot) await child.call("snapshot");
  await child.kill();
  return { data, http };
}

async function restart(data: string, http: string, items: number): Promise<Restart> {
  const spawnedAt = performance.timeOrigin + performance.now();
  const answered = firstAnswer(Number(http.split(":")[1]), spawnedAt);
  const child = await Child.start({ module: shelf, args: [data, http] });
  try {
    const answeredAt = await answered;
    if ((await child.call<number>("size")) !== items) throw new Error("the restarted node has not all of its objects");
    const { upAt, startNodeMs } = await child.call<{ upAt: number; startNodeMs: number }>("times");
    return { fromSpawnMs: answeredAt - spawnedAt, fromUpMs: answeredAt - upAt, startNodeMs };
  } finally {
    await child.kill();
  }
}

/** Knocks until a request is answered with 200; answers when that was, in ms since 1970. */
async function firstAnswer(port: number, spawnedAt: number): Promise<number> {
  for (;;) {
    if (await ask(port)) return performance.timeOrigin + performance.now();
    if (performance.timeOrigin + performance.now() - spawnedAt > answerWithinMs) throw new Error(`no answer within ${answerWithinMs} ms`);
    await pause(2);
  }
}

function ask(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.setTimeout(5000, () => socket.destroy());
    const head = ["POST /shelf/size HTTP/1.1", "host: localhost", "content-type: application/json", "content-length: 2", "connection: close"];
    socket.once("connect", () => socket.write(`${head.join("\r\n")}\r\n\r\n[]`));
    socket.once("data", (data: Buffer) => {
      resolve(data.toString("latin1").startsWith("HTTP/1.1 200"));
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve(false));
  });
}

/** Below the range that outgoing connections are given, so that it is free again after each kill. */
async function freePort(): Promise<number> {
  for (let port = 18_000 + (process.pid % 5000); ; port++) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    const { port: bound } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    return bound;
  }
}
