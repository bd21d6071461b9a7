/**
 * Goal: the HTTP edge says what semantics promise: paths, formats, statuses, keys, probes.
 * Method: real requests with fetch against the server over a submit made up by the test.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { Rejection, type Outcome } from "#maceken/base/rejection.js";
import { startHttpServer } from "#maceken/node/http-server.js";
import { decodeOutcome, encodeArgumentValues, sessionHeader, valueMediaType } from "#maceken/node/http-protocol.js";
import { json, post, startEdge } from "./http-harness.ts";

test("a message: service, method and arguments arrive, the bare value comes back", async () => {
  const edge = await startEdge(({ args }) => ({ ok: true, value: { sum: (args as number[])[0]! + (args as number[])[1]! } }));
  const answer = await post(edge, "/bank/add", "[1, 2]");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.deepEqual(answer.body, { sum: 3 });
  assert.deepEqual(edge.submitted, [{ service: "bank", method: "add", args: [1, 2], via: "http" }]);
});

test("undefined is null, and values of all JSON kinds come back as they are", async () => {
  const values = [undefined, null, true, "", "\ud800 lone", 0, -1.5, 1e300, [], {}, { a: [{ b: null }] }];
  for (const value of values) {
    const edge = await startEdge(() => ({ ok: true, value }));
    const answer = await post(edge, "/s/m", "[]");
    assert.equal(answer.status, 200, String(value));
    assert.deepEqual(answer.body, value ?? null);
    await edge.server.close(0);
  }
});

test("values that JSON cannot hold are 406, after they were submitted, and readable in the other media type", async () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const extra = Object.assign([1], { name: "x" });
  const deep = JSON.parse("[".repeat(1001) + "]".repeat(1001)) as unknown;
  const values = [NaN, Infinity, -0, 1n, new Date(5), new Map([[1, 2]]), new Set([1]), { a: undefined }, [undefined], [, 1], extra, /x/, new Uint8Array(2), new Error("e"), cycle, deep];
  for (const value of values) {
    const edge = await startEdge(() => ({ ok: true, value }));
    const refused = await post(edge, "/s/m", "[]");
    assert.equal(refused.status, 406);
    assert.equal(refused.body.code, "MK_HTTP_NOT_ACCEPTABLE");
    assert.equal(edge.submitted.length, 1);
    const response = await fetch(`${edge.url}/s/m`, { method: "POST", body: "[]", headers: { ...json, accept: valueMediaType } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), valueMediaType);
    const outcome = decodeOutcome(new Uint8Array(await response.arrayBuffer()));
    assert.ok(outcome.ok);
    // Node's own comparison of deep values overflows the stack.
    if (value === deep) assert.equal(JSON.stringify(outcome.value), JSON.stringify(deep));
    else if (value instanceof Error) assert.equal((outcome.value as Error).message, value.message);
    else assert.deepEqual(outcome.value, value);
    await edge.server.close(0);
  }
});

test("__proto__ is a key like any other, in both directions", async () => {
  const edge = await startEdge();
  const response = await fetch(`${edge.url}/s/m`, { method: "POST", body: '[{"__proto__":{"polluted":1},"constructor":2}]', headers: json });
  assert.equal(await response.text(), '[{"__proto__":{"polluted":1},"constructor":2}]');
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.deepEqual(Object.keys(edge.submitted[0]!.args[0] as object), ["__proto__", "constructor"]);
});

test("F38: bodies that are not an array of JSON are 400 and submit nothing", async () => {
  const edge = await startEdge();
  const bodies = ["", "{}", "null", "1", "[1", "[1]]", "[NaN]", "undefined", "\ufeff[]", '["\t"]', Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), Uint8Array.of(0)];
  for (const body of bodies) {
    const answer = await post(edge, "/s/m", body);
    assert.equal(answer.status, 400, String(body));
    assert.equal(answer.body.code, "MK_HTTP_BAD_REQUEST");
    assert.deepEqual(Object.keys(answer.body), ["code", "message", "remedy", "details"]);
  }
  assert.equal(edge.submitted.length, 0);
});

test("nesting to the limit is taken, beyond it 400, a million deep too", async () => {
  const edge = await startEdge(() => ({ ok: true, value: null }));
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  assert.equal((await post(edge, "/s/m", nested(1000))).status, 200);
  for (const body of [nested(1001), nested(1_000_000), "[".repeat(2_000_000), `[${'{"a":'.repeat(1001)}1${"}".repeat(1001)}]`]) {
    assert.equal((await post(edge, "/s/m", body)).status, 400);
  }
  // Brackets in strings do not nest.
  assert.equal((await post(edge, "/s/m", JSON.stringify(["[".repeat(5000), '\\"[[['.repeat(1000)]))).status, 200);
});

test("content types: JSON with or without charset, ours; everything else is 415, none at all too", async () => {
  const edge = await startEdge();
  for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""]) {
    assert.equal((await post(edge, "/s/m", "[]", { "content-type": type })).status, 200, type);
  }
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx", ""]) {
    const answer = await post(edge, "/s/m", new TextEncoder().encode("[]"), type === "" ? {} : { "content-type": type });
    assert.equal(answer.status, 415, type);
    assert.equal(answer.body.code, "MK_HTTP_MEDIA_TYPE");
  }
  assert.equal((await post(edge, "/s/m", "[]", { ...json, "content-encoding": "gzip" })).status, 415);
});

test("our media type carries every value both ways, errors too", async () => {
  const edge = await startEdge(({ args }) => (args.length === 0 ? { ok: false, error: new Rejection("no", { at: new Date(1) }) } : { ok: true, value: args[0] }));
  const call = async (args: unknown[]): Promise<{ status: number; outcome: Outcome<unknown> }> => {
    const response = await fetch(`${edge.url}/s/m`, { method: "POST", body: encodeArgumentValues(args, "test") as never, headers: { "content-type": valueMediaType, accept: valueMediaType } });
    return { status: response.status, outcome: decodeOutcome(new Uint8Array(await response.arrayBuffer())) };
  };
  const value = { map: new Map<unknown, unknown>([[new Date(3), [NaN, -0, 10n ** 30n]]]), bytes: Uint8Array.of(1, 2), undef: undefined };
  assert.deepEqual((await call([value])).outcome, { ok: true, value });
  const { status, outcome } = await call([]);
  assert.equal(status, 409);
  assert.ok(!outcome.ok && outcome.error instanceof Rejection);
  assert.deepEqual(outcome.error.details, { at: new Date(1) });
  for (const bytes of [[], [1, 2, 3], [17, 255, 255, 255, 255, 15], [5]]) {
    assert.equal((await post(edge, "/s/m", Uint8Array.from(bytes), { "content-type": valueMediaType })).status, 400);
  }
});

test("F38: errors have the statuses of the table", async () => {
  const cases: [Rejection | MaceKenError, number][] = [
    [new Rejection("no"), 409],
    [new MaceKenError("MK_GUARDED", "x"), 409],
    [new MaceKenError("MK_ARGUMENTS_INVALID", "x", { details: [{ path: ["a"] }] }), 400],
    [new MaceKenError("MK_SERVICE_UNKNOWN", "x"), 404],
    [new MaceKenError("MK_METHOD_UNKNOWN", "x"), 404],
    [new MaceKenError("MK_ORIGIN_REFUSED", "x"), 404],
    [new MaceKenError("MK_KEY_REUSED", "x"), 422],
    [new MaceKenError("MK_HANDLER_FAILED", "x"), 500],
    [new MaceKenError("MK_PARKED", "x"), 500],
    [new MaceKenError("MK_KEYS_FULL", "x"), 503],
    [new MaceKenError("MK_HELD_BACK", "x"), 503],
    [new MaceKenError("MK_OUTBOX_FULL", "x"), 503],
    [new MaceKenError("MK_CLIENT_STOPPED", "x"), 503],
  ];
  for (const [error, status] of cases) {
    const edge = await startEdge(() => ({ ok: false, error }));
    const answer = await post(edge, "/s/m", "[]");
    assert.equal(answer.status, status, String(error));
    assert.equal(answer.body.message, error.message);
    assert.equal(typeof answer.body.remedy, "string");
    if (error instanceof MaceKenError) assert.equal(answer.body.code, error.code);
    assert.equal(answer.headers.get("retry-after"), status === 503 ? "1" : null);
    await edge.server.close(0);
  }
});

test("a rejection's details reach the caller, its code too; details JSON cannot hold are told as near as it comes", async () => {
  const outcomes = [new Rejection("funds", { code: "INSUFFICIENT_FUNDS", have: 5 }), new Rejection("odd", { big: 5n, map: new Map([[1, 2]]) }), new Rejection("none")];
  const edge = await startEdge(() => ({ ok: false, error: outcomes.shift()! }));
  const first = await post(edge, "/s/m", "[]");
  assert.deepEqual([first.status, first.body.code, first.body.details], [409, "INSUFFICIENT_FUNDS", { code: "INSUFFICIENT_FUNDS", have: 5 }]);
  assert.deepEqual((await post(edge, "/s/m", "[]")).body.details, { big: "5", map: [[1, 2]] });
  const last = await post(edge, "/s/m", "[]");
  assert.deepEqual([last.body.code, last.body.details], ["REJECTED", null]);
});

test("paths: only /SERVICE/METHOD takes messages; queries are left out, escapes understood", async () => {
  const edge = await startEdge();
  for (const path of ["/", "/bank", "/bank/", "//x", "/a/b/c", "/bank/%zz", "/%E0%A4%A/x"]) {
    const answer = await post(edge, path, "[]");
    assert.deepEqual([answer.status, answer.body.code], [404, "MK_HTTP_NOT_FOUND"], path);
  }
  assert.equal((await post(edge, "/bank/open?x=1/2", "[]")).status, 200);
  assert.equal((await post(edge, "/bank/%C3%B6ffnen", "[]")).status, 200);
  assert.deepEqual(edge.submitted.map(({ method }) => method), ["open", "öffnen"]);
});

test("F38: other methods are 405 and say which is allowed", async () => {
  const edge = await startEdge();
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const response = await fetch(`${edge.url}/bank/open`, { method });
    assert.deepEqual([response.status, response.headers.get("allow"), (await response.json() as { code: string }).code], [405, "POST", "MK_HTTP_METHOD"], method);
  }
  const probe = await fetch(`${edge.url}/livez`, { method: "POST", body: "[]", headers: json });
  assert.deepEqual([probe.status, probe.headers.get("allow")], [405, "GET, HEAD"]);
  assert.equal((await fetch(`${edge.url}/nothing`)).status, 404);
  assert.equal(edge.submitted.length, 0);
});

test("probes and metrics", async () => {
  let ready = false;
  const edge = await startEdge(undefined, { notReady: () => (ready ? undefined : "the node is not ready") });
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(edge.url + path);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get("/livez"), [200, "ok\n"]);
  assert.equal((await get("/readyz"))[0], 503);
  ready = true;
  assert.deepEqual(await get("/readyz"), [200, "ready\n"]);
  assert.deepEqual(await get("/metrics"), [200, "maceken_up 1\n"]);
  const head = await fetch(`${edge.url}/livez`, { method: "HEAD" });
  assert.equal(head.status, 200);
});

test("while not ready everything is 503 with Retry-After, never a 4xx", async () => {
  const edge = await startEdge(undefined, { notReady: () => "the node is not ready" });
  for (const [path, body, headers] of [["/bank/open", "[]", json], ["/bank/open", "nonsense", json], ["/what", "[]", {}]] as const) {
    const answer = await post(edge, path, body, headers);
    assert.deepEqual([answer.status, answer.headers.get("retry-after"), answer.body.code], [503, "1", "MK_HELD_BACK"]);
  }
  assert.equal(edge.submitted.length, 0);
});

test("idempotency keys and sessions reach submit; malformed ones are 400", async () => {
  const edge = await startEdge();
  assert.equal((await post(edge, "/s/m", "[]", { ...json, "idempotency-key": "order 17" })).status, 200);
  assert.equal((await post(edge, "/s/m", "[]", { ...json, [sessionHeader]: "abc 3 2" })).status, 200);
  assert.equal((await post(edge, "/s/m", "[]", { ...json, "Idempotency-Key": "x".repeat(255) })).status, 200);
  assert.deepEqual(edge.submitted.map(({ key, session, via }) => ({ key: key?.slice(0, 10), session, via })), [
    { key: "order 17", session: undefined, via: "http" },
    { key: undefined, session: { id: "abc", number: 3, acknowledged: 2 }, via: "client" },
    { key: "xxxxxxxxxx", session: undefined, via: "http" },
  ]);
  const bad: Record<string, string>[] = [
    { "idempotency-key": "" }, { "idempotency-key": "x".repeat(256) }, { "idempotency-key": "caf\u00e9" }, { "idempotency-key": "a", [sessionHeader]: "a 1 0" },
    ...["", "a", "a 1", "a 1 1", "a 0 0", "a -1 -2", "a 1 0 0", "a 1.5 0", "a 01 0", "a 1e3 0", "a 9007199254740993 0", `${"x".repeat(65)} 1 0`].map((value) => ({ [sessionHeader]: value })),
  ];
  for (const headers of bad) assert.equal((await post(edge, "/s/m", "[]", { ...json, ...headers })).status, 400, JSON.stringify(headers));
  assert.equal(edge.submitted.length, 3);
});

test("an address in use and one that is not ours are told as such", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => other.once("listening", listening));
  const { port } = other.address() as { port: number };
  const start = (host: string, at: number): Promise<unknown> =>
    startHttpServer({ host, port: at, notReady: () => undefined, submit: async () => ({ ok: true, value: 1 }), metrics: async () => ({ contentType: "", body: "" }) });
  await assert.rejects(start("127.0.0.1", port), { code: "MK_ADDRESS_IN_USE" });
  await assert.rejects(start("192.0.2.1", 0), { code: "MK_LISTEN_FAILED" });
  await assert.rejects(start("no such host.invalid", 0), { code: "MK_LISTEN_FAILED" });
  await assert.rejects(start("127.0.0.1", 70_000), { code: "MK_LISTEN_FAILED" });
  other.close();
});
