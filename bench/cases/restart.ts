/**
 * From a kill to the first answer. A node with little state, started as users start it, with `maceken run`: from the start of its
 * process and from the moment that process is up (Node itself has started, nothing of the program is loaded). And how long
 * startNode takes until a node of 10^5 objects has them again.
 */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pause, type Case, type CaseContext } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";

const shelf = new URL("../nodes/shelf.ts", import.meta.url);
const notes = fileURLToPath(new URL("../nodes/note-app.ts", import.meta.url));
const command = fileURLToPath(new URL("../../dist/bundle/main.js", import.meta.url));
const littleItems = 100;
const manyItems = 50_000;
const sync = "fdatasync a group";
const mustFromUpMs = 100;
const answerWithinMs = 30_000;

interface Restart {
  readonly fromSpawnMs: number;
  /** Of this, until the process was up. */
  readonly bootMs: number;
  /** Until the command said that the node is ready. */
  readonly readyMs: number;
}

export const restartCase: Case = {
  name: "restart",
  title: "restart of a node with little state",
  async run(context) {
    const data = mkdtempSync(join(context.directory, "notes-"));
    const port = await freePort();
    // The first one is the birth, the second fills the compiler's cache if it must; neither counts.
    await startAndKill(data, port, `/notes/fill [${littleItems}]`);
    await startAndKill(data, port, "/notes/size []", littleItems);
    const runs: Restart[] = [];
    for (let run = 0; run < context.runs * 2; run++) {
      context.progress(`restart ${run + 1}`);
      runs.push(await startAndKill(data, port, "/notes/size []", littleItems));
    }
    return [
      figure(runs.map(({ fromSpawnMs, bootMs }) => fromSpawnMs - bootMs), {
        name: "restart.from-up", unit: "ms", better: "lower", sync, must: { of: "value", bound: mustFromUpMs }, note: "process up to first answer over HTTP",
      }),
      figure(runs.map((run) => run.fromSpawnMs), { name: "restart.from-spawn", unit: "ms", better: "lower", sync }),
      figure(runs.map((run) => run.bootMs), { name: "restart.boot", unit: "ms", better: "lower", sync: "none", note: "Node alone, until its process is up" }),
      figure(runs.map((run) => run.readyMs - run.bootMs), { name: "restart.ready", unit: "ms", better: "lower", sync, note: "process up to the line that says ready" }),
    ];
  },
};

/** One life of a node: `maceken run`, the first answer to `request`, and SIGKILL. */
async function startAndKill(data: string, port: number, request: string, expected?: number): Promise<Restart> {
  const [path = "", body = ""] = request.split(" ");
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, [command, "run", notes, "--name", "notes", "--data", data, "--http", `127.0.0.1:${port}`, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const ready = new Promise<{ ms: number; bootMs: number }>((resolve) => createInterface(child.stdout).once("line", (line) => resolve(JSON.parse(line))));
  try {
    const answer = await firstAnswer(port, path, body);
    const fromSpawnMs = performance.now() - spawnedAt;
    if (expected !== undefined && answer !== String(expected)) throw new Error(`the restarted node answered ${answer} instead of ${expected}`);
    const { ms, bootMs } = await ready;
    return { fromSpawnMs, bootMs, readyMs: ms };
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

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
        times.push(await restartShelf(data, http));
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

/** Milliseconds of startNode. */
async function restartShelf(data: string, http: string): Promise<number> {
  const child = await Child.start({ module: shelf, args: [data, http] });
  try {
    if ((await child.call<number>("size")) !== manyItems) throw new Error("the restarted node has not all of its objects");
    return await child.call<number>("startNodeMs");
  } finally {
    await child.kill();
  }
}

/** Knocks until the request is answered with 200; gives the answer's body. */
async function firstAnswer(port: number, path: string, body: string): Promise<string> {
  const until = performance.now() + answerWithinMs;
  while (performance.now() < until) {
    const answer = await ask(port, path, body);
    if (answer !== undefined) return answer;
    await pause(2);
  }
  throw new Error(`no answer within ${answerWithinMs} ms`);
}

function ask(port: number, path: string, body: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.setTimeout(5000, () => socket.destroy());
    const head = [`POST ${path} HTTP/1.1`, "host: localhost", "content-type: application/json", `content-length: ${body.length}`, "connection: close"];
    socket.once("connect", () => socket.write(`${head.join("\r\n")}\r\n\r\n${body}`));
    socket.once("data", (data: Buffer) => {
      const [top = "", content = ""] = data.toString("latin1").split("\r\n\r\n");
      resolve(top.startsWith("HTTP/1.1 200") ? content : undefined);
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve(undefined));
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
