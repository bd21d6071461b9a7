/**
 * Goal: a client's call runs once whatever happens to connections and node, its session takes constant space, and it is no
 * burden when idle. Method: the real client against the real HTTP server over made-up submits, and against servers that
 * misbehave; a node's memory of sessions is imitated by a Map of numbers.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MaceKenError } from "#maceken/base/error.js";
import { Rejection } from "#maceken/base/rejection.js";
import { client } from "#maceken/node/client.js";
import { startEdge } from "./http-harness.ts";

interface Bank {
  open(id: string): void;
  echo(value: unknown): unknown;
  count(): number;
}

test("values of every kind go there and back; methods are promises; a client is no promise itself", async () => {
  const edge = await startEdge(({ args }) => ({ ok: true, value: args[0] }));
  const bank = client<Bank>(`${edge.url}/bank`);
  const value = { map: new Map([["a", new Date(1)]]), big: 2n ** 70n, zero: -0, bytes: Uint8Array.of(1), text: "\ud800", nothing: undefined };
  assert.deepEqual(await bank.echo(value), value);
  assert.equal(await bank.open("x"), "x");
  assert.equal((bank as { then?: unknown }).then, undefined);
  assert.equal((bank as { toJSON?: unknown }).toJSON, undefined);
  assert.equal((bank as unknown as Record<symbol, unknown>)[Symbol.toPrimitive], undefined);
  assert.equal(await Promise.resolve(bank), bank);
  assert.equal(edge.submitted[0]!.service, "bank");
});

test("rejections and errors come back as what they are, with details", async () => {
  const errors = [new Rejection("no", { code: "X", at: new Date(1) }), new MaceKenError("MK_ARGUMENTS_INVALID", "bad", { details: [{ path: ["a"] }] }), new MaceKenError("MK_PARKED", "dead")];
  const edge = await startEdge(() => ({ ok: false, error: errors.shift()! }));
  const bank = client<Bank>(`${edge.url}/bank`);
  await assert.rejects(bank.count(), (error) => error instanceof Rejection && error.message === "no" && (error.details as { at: Date }).at.getTime() === 1);
  await assert.rejects(bank.count(), (error) => error instanceof MaceKenError && error.code === "MK_ARGUMENTS_INVALID" && Array.isArray(error.details));
  await assert.rejects(bank.count(), { code: "MK_PARKED" });
});

test("arguments that cannot be sent are refused before anything is", async () => {
  const edge = await startEdge();
  await assert.rejects(client<Bank>(`${edge.url}/bank`).echo(() => {}), { code: "MK_VALUE_NOT_SENDABLE" });
  assert.equal(edge.submitted.length, 0);
});

test("arguments are taken when the call is made", async () => {
  const edge = await startEdge(({ args }) => ({ ok: true, value: args[0] }));
  const list = [1];
  const answer = client<Bank>(`${edge.url}/bank`).echo(list);
  list.push(2);
  assert.deepEqual(await answer, [1]);
});

test("addresses that are none are refused at once", () => {
  for (const url of ["", "bank", "http://", "http://x:1", "http://x:1/", "ftp://x/bank", "http://x:99999/bank"]) {
    assert.throws(() => client(url), { code: "MK_ADDRESS_INVALID" }, url);
  }
});

test("numbers rise, acknowledgements follow what is answered, also when calls overtake each other", async () => {
  const edge = await startEdge(async ({ args }) => {
    await delay(args[0] === "slow" ? 150 : 0);
    return { ok: true, value: null };
  });
  const bank = client<Bank>(`${edge.url}/bank`);
  await bank.echo(1);
  const slow = bank.echo("slow");
  await bank.echo(3);
  await bank.echo(4);
  assert.deepEqual(edge.submitted.map(({ session }) => [session!.number, session!.acknowledged]), [[1, 0], [2, 1], [3, 1], [4, 1]]);
  await slow;
  await bank.echo(5);
  assert.deepEqual(edge.submitted.at(-1)!.session, { id: edge.submitted[0]!.session!.id, number: 5, acknowledged: 4 });
  assert.equal(edge.submitted.every(({ via }) => via === "client"), true);
});

test("2000 calls, a hundred at once: a node has to remember only those under way", async () => {
  const remembered = new Map<string, number>();
  let most = 0;
  const edge = await startEdge(({ session }) => {
    remembered.set(`${session!.id} ${session!.number}`, session!.number);
    for (const [key, number] of remembered) if (number <= session!.acknowledged) remembered.delete(key);
    most = Math.max(most, remembered.size);
    return { ok: true, value: session!.number };
  });
  const bank = client<Bank>(`${edge.url}/bank`, { maxConnections: 16 });
  const numbers = new Set<unknown>();
  for (let round = 0; round < 20; round++) for (const number of await Promise.all(Array.from({ length: 100 }, () => bank.count()))) numbers.add(number);
  assert.equal(numbers.size, 2000);
  assert.ok(most <= 120, `${most} remembered`);
});

test("connections that break are tried again with the same number, until the node is back", async () => {
  let breaking = 3;
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(String(request.headers["maceken-session"]));
    request.resume();
    if (breaking-- > 0) request.socket.destroy();
    else request.on("end", () => response.writeHead(200, { "content-type": "application/vnd.maceken.value" }).end(Buffer.from([1, 128 + 7])));
  });
  const url = await listen(server);
  assert.equal(await client<Bank>(`${url}/bank`, { retryDelayMs: 10 }).count(), 7);
  assert.equal(seen.length, 4);
  assert.equal(new Set(seen).size, 1);
});

test("503 is tried again, ours and a proxy's", async () => {
  const answers = [503, 502, 504, 200];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const status = answers.shift()!;
      response.writeHead(status, { "content-type": status === 200 ? "application/vnd.maceken.value" : "text/html" }).end(status === 200 ? Buffer.from([1, 1]) : "<h1>sorry</h1>");
    });
  });
  assert.equal(await client<Bank>(`${await listen(server)}/bank`, { retryDelayMs: 5 }).count(), null);
  let ready = false;
  const edge = await startEdge(() => ({ ok: true, value: 1 }), { notReady: () => (ready ? undefined : "the node is not ready") });
  setTimeout(() => (ready = true), 100);
  assert.equal(await client<Bank>(`${edge.url}/bank`, { retryDelayMs: 5 }).count(), 1);
  assert.equal(edge.submitted.length, 1);
});

test("a node that is away is MK_CLIENT_UNREACHABLE after the deadline, with the reason", async () => {
  const closed = createServer();
  const url = await listen(closed);
  closed.close();
  const started = performance.now();
  await assert.rejects(client<Bank>(`${url}/bank`, { deadlineMs: 300 }).count(), (error) => {
    assert.ok(error instanceof MaceKenError);
    assert.equal(error.code, "MK_CLIENT_UNREACHABLE");
    assert.match(error.message, /ECONNREFUSED/);
    assert.equal(error.certainlyDidNotRun, false);
    return true;
  });
  const took = performance.now() - started;
  assert.ok(took > 200 && took < 3000, `${took} ms`);
});

test("a node that accepts and says nothing is given up at the deadline", async () => {
  const silent = createTcpServer((socket) => socket.on("error", () => {}).resume());
  silent.listen(0, "127.0.0.1");
  await new Promise((listening) => silent.once("listening", listening));
  after(() => silent.close());
  const { port } = silent.address() as { port: number };
  await assert.rejects(client<Bank>(`http://127.0.0.1:${port}/bank`, { deadlineMs: 200 }).count(), { code: "MK_CLIENT_UNREACHABLE" });
});

test("what is not a node is told at once: nonsense, other servers, cut answers", async () => {
  const bodies: [string, Buffer | string][] = [["text/html", "<h1>hello</h1>"], ["application/vnd.maceken.value", Buffer.from([1])], ["application/vnd.maceken.value", Buffer.from([1, 17, 255, 1])]];
  for (const [type, body] of bodies) {
    const server = createServer((request, response) => void request.resume().on("end", () => response.writeHead(200, { "content-type": type }).end(body)));
    await assert.rejects(client<Bank>(`${await listen(server)}/bank`).count(), { code: "MK_CLIENT_UNREACHABLE" });
  }
  const garbage = createTcpServer((socket) => socket.on("error", () => {}).end("\x00garbage\r\n\r\n"));
  garbage.listen(0, "127.0.0.1");
  await new Promise((listening) => garbage.once("listening", listening));
  after(() => garbage.close());
  const { port } = garbage.address() as { port: number };
  await assert.rejects(client<Bank>(`http://127.0.0.1:${port}/bank`, { deadlineMs: 100 }).count(), { code: "MK_CLIENT_UNREACHABLE" });
});

test("an idle client does not keep its process alive", async () => {
  const edge = await startEdge(() => ({ ok: true, value: "done" }));
  const module = fileURLToPath(import.meta.resolve("#maceken/node/client.js"));
  const program = `import { client } from ${JSON.stringify(module)}; console.log(await client(${JSON.stringify(`${edge.url}/bank`)}).count());`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (piece) => (output += String(piece)));
  const code = await Promise.race([new Promise((exited) => child.on("exit", exited)), delay(10_000, "still there", { ref: false })]);
  child.kill("SIGKILL");
  assert.equal(code, 0);
  assert.equal(output, "done\n");
});

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
