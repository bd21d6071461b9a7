/**
 * Goal: hostile and broken clients are refused in bounded time and memory, and hurt nobody else; closing is in order.
 * Method: raw sockets against the real server, with limits made small where waiting would be long.
 */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Rejection, type Outcome } from "#maceken/base/rejection.js";
import { json, post, Raw, startEdge, type Edge } from "./http-harness.ts";

const message = (body: string, more = ""): string => `POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

async function stillServes(edge: Edge): Promise<void> {
  assert.equal((await post(edge, "/s/m", "[1]")).status, 200);
}

test("garbage is 400 as JSON and the connection is closed", async () => {
  const edge = await startEdge();
  const garbage = ["\0\0\0\0garbage\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET\r\n\r\n", "POST / HTTP/9.9\r\n\r\n", "POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"];
  for (const bytes of garbage) {
    const raw = new Raw(edge.port).send(Buffer.from(bytes, "latin1"));
    await raw.closed;
    assert.match(raw.received, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(bytes));
    const body = JSON.parse(raw.received.slice(raw.received.indexOf("\r\n\r\n") + 4)) as { code: string };
    assert.equal(body.code, "MK_HTTP_BAD_REQUEST");
  }
  assert.equal(edge.submitted.length, 0);
  await stillServes(edge);
});

test("random bytes never crash it", async () => {
  const edge = await startEdge();
  let seed = 1;
  const next = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 16;
  const raws: Raw[] = [];
  for (let i = 0; i < 100; i++) {
    const bytes = Uint8Array.from({ length: next() % 300 }, () => next() & 0xff);
    const raw = new Raw(edge.port).send(i % 2 === 0 ? bytes : Buffer.concat([Buffer.from(message("[1]").slice(0, next() % 100), "latin1"), bytes]));
    raw.socket.end();
    raws.push(raw);
  }
  await Promise.all(raws.map((raw) => raw.closed));
  await stillServes(edge);
});

test("a rejection whose details hold millions of holes is answered without them", async () => {
  const holes: unknown[] = [];
  holes.length = 2 ** 25;
  const edge = await startEdge(() => ({ ok: false, error: new Rejection("no", { holes, some: [1, , 3] }) }));
  const { status, body } = await post(edge, "/a/b", "[]");
  assert.deepEqual([status, body.details], [409, { holes: null, some: [1, null, 3] }]);
});

test("no Host header is 400, and HTTP/1.0 needs none", async () => {
  const edge = await startEdge();
  const raw = new Raw(edge.port).send("POST /s/m HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]");
  assert.match(await raw.until("Host header"), /^HTTP\/1\.1 400/);
  raw.socket.destroy();
  const old = new Raw(edge.port).send("POST /s/m HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]");
  await old.closed;
  assert.match(old.received, /^HTTP\/1\.1 200/);
});

test("a head that is too long is 431", async () => {
  const edge = await startEdge();
  const raw = new Raw(edge.port).send(`POST /s/m HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`);
  await raw.closed;
  assert.match(raw.received, /^HTTP\/1\.1 431/);
  await stillServes(edge);
});

test("F38: 100 MB are 413 without being kept, with and without a length", async () => {
  const edge = await startEdge();
  const before = process.memoryUsage().rss;
  const piece = Buffer.alloc(1024 * 1024, 0x20);
  for (const headers of [{ ...json, "content-length": String(100 * piece.length) }, { ...json, "transfer-encoding": "chunked" }]) {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      let answered = false;
      const sending = request({ port: edge.port, host: "127.0.0.1", method: "POST", path: "/s/m", headers }, (response) => {
        answered = true;
        response.resume().on("end", () => resolve(response.statusCode));
      });
      sending.on("error", (error) => (answered ? undefined : reject(error)));
      let sent = 0;
      const more = (): void => {
        while (sent++ < 100) if (!sending.write(piece)) return void sending.once("drain", more);
        sending.end();
      };
      more();
    });
    assert.equal(status, 413);
  }
  assert.ok(process.memoryUsage().rss - before < 90 * 1024 * 1024, "the bodies were not kept");
  assert.equal(edge.submitted.length, 0);
  await stillServes(edge);
});

test("a client that asks first is refused before it sends", async () => {
  const edge = await startEdge(undefined, { limits: { maxBodyBytes: 10 } });
  const raw = new Raw(edge.port).send("POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
  assert.match(await raw.until("MK_TOO_LARGE"), /^HTTP\/1\.1 413/);
  raw.socket.destroy();
  const fits = new Raw(edge.port).send("POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  await fits.until("100 Continue");
  fits.send("[1]");
  await fits.until("HTTP/1.1 200");
  fits.socket.destroy();
});

test("F38: bodies of all requests together have a bound: 503 beyond it, and room again when they are answered or their client is gone", async () => {
  const waiting: (() => void)[] = [];
  const edge = await startEdge(({ args }) => (args[0] === "wait" ? new Promise((resolve) => waiting.push(() => resolve({ ok: true, value: 1 }))) : { ok: true, value: 2 }), { limits: { maxHeldBytes: 100_000 } });
  const body = (first: string): string => JSON.stringify([first, "x".repeat(40_000)]);
  const held = [post(edge, "/s/m", body("wait")), post(edge, "/s/m", body("wait"))];
  while (waiting.length < 2) await delay(5);
  for (const chunked of [false, true]) {
    const raw = new Raw(edge.port).send(chunked
      ? `POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body("now").length.toString(16)}\r\n${body("now")}\r\n0\r\n\r\n`
      : message(body("now")));
    const answer = await raw.until("MK_HELD_BACK");
    assert.match(answer, /^HTTP\/1\.1 503/);
    assert.match(answer, /retry-after: 1/i);
    raw.socket.destroy();
  }
  assert.equal((await post(edge, "/s/m", "[1]")).status, 200, "what is small still goes");
  for (const answer of waiting) answer();
  for (const answer of await Promise.all(held)) assert.equal(answer.status, 200);
  // A client that goes away in the middle of its body takes nothing with it.
  for (let i = 0; i < 5; i++) {
    const raw = new Raw(edge.port).send(message(body("now")).slice(0, 35_000));
    await delay(20);
    raw.socket.destroy();
    await raw.closed;
  }
  await delay(50);
  assert.equal((await post(edge, "/s/m", body("now"))).status, 200);
});

test("F38: slow heads and slow bodies are 408", async () => {
  const edge = await startEdge(undefined, { limits: { headTimeoutMs: 200, requestTimeoutMs: 400 } });
  const head = new Raw(edge.port).send("POST /s/m HT");
  const body = new Raw(edge.port).send("POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[");
  const drip = setInterval(() => body.send(" "), 20);
  await Promise.all([head.closed, body.closed]);
  clearInterval(drip);
  assert.match(head.received, /^HTTP\/1\.1 408/);
  assert.match(body.received, /^HTTP\/1\.1 408/);
  assert.equal(edge.submitted.length, 0);
  await stillServes(edge);
});

test("pipelined requests are answered in order, though their turns end out of order", async () => {
  const edge = await startEdge(async ({ args }) => {
    await delay(50 - 10 * (args[0] as number));
    return { ok: true, value: `answer ${String(args[0])}` };
  });
  const raw = new Raw(edge.port).send([0, 1, 2, 3, 4].map((n) => message(`[${n}]`)).join(""));
  const received = await raw.until("answer 4");
  assert.deepEqual([...received.matchAll(/answer (\d)/g)].map((found) => found[1]), ["0", "1", "2", "3", "4"]);
  raw.socket.destroy();
});

test("garbage behind a request under way closes the connection, and is no answer to it", async () => {
  let finish!: () => void;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const edge = await startEdge(async () => {
    await finished;
    return { ok: true, value: 1 };
  });
  const raw = new Raw(edge.port).send(`${message("[1]")}\x01\x02garbage\r\n\r\n`);
  await raw.closed;
  assert.equal(raw.received, "");
  finish();
  assert.equal(edge.submitted.length, 1);
});

test("a client that goes away cancels nothing, and the answer to nobody hurts nobody", async () => {
  let finish!: (outcome: Outcome<unknown>) => void;
  const edge = await startEdge(() => new Promise((resolve) => (finish = resolve)));
  const raw = new Raw(edge.port).send(message("[1]"));
  while (edge.submitted.length === 0) await delay(5);
  raw.socket.destroy();
  await raw.closed;
  finish({ ok: true, value: "nobody hears" });
  await delay(10);
  // In the middle of its body, nothing has begun.
  const half = new Raw(edge.port).send(message("[1]").slice(0, -1));
  await delay(10);
  half.socket.destroy();
  await half.closed;
  assert.equal(edge.submitted.length, 1);
});

test("more connections than allowed are closed, the others served", async () => {
  const edge = await startEdge(undefined, { limits: { maxConnections: 3 } });
  const raws = Array.from({ length: 6 }, () => new Raw(edge.port));
  await delay(50);
  for (const raw of raws) raw.send(message("[1]"));
  await delay(50);
  assert.equal(raws.filter((raw) => raw.received.startsWith("HTTP/1.1 200")).length, 3);
  for (const raw of raws) raw.socket.destroy();
});

test("closing: answers under way are given, new messages are 503, connections end", async () => {
  let finish!: (outcome: Outcome<unknown>) => void;
  const edge = await startEdge(() => new Promise((resolve) => (finish = resolve)));
  const idle = new Raw(edge.port).send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  await idle.until("ok");
  const busy = new Raw(edge.port).send(message("[1]"));
  while (edge.submitted.length === 0) await delay(5);
  const closed = edge.server.close(5000);
  await idle.closed;
  busy.send(message("[2]"));
  await delay(20);
  finish({ ok: true, value: "in time" });
  await busy.closed;
  await closed;
  assert.match(busy.received, /"in time"/);
  assert.match(busy.received, /connection: close/);
  assert.equal(edge.submitted.length, 1);
  await assert.rejects(fetch(`${edge.url}/livez`));
});

test("closing does not wait for an answer longer than it may", async () => {
  const edge = await startEdge(() => new Promise(() => {}));
  const raw = new Raw(edge.port).send(message("[1]"));
  while (edge.submitted.length === 0) await delay(5);
  const started = performance.now();
  await edge.server.close(100);
  await raw.closed;
  assert.ok(performance.now() - started < 2000);
});
