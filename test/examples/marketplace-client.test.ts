/**
 * The trial's own instruments must not flatter the nodes: the client repeats with the same key and notes every answer, the
 * dice repeat.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { Dice } from "../../examples/lib/dice.ts";
import { HttpClient } from "../../examples/marketplace/trial/http-client.ts";
import { accepted, Ledger } from "../../examples/marketplace/trial/ledger.ts";

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;
const answer = (status: number, body: string): Behaviour => (_, response) => void response.writeHead(status).end(body);
const hangUp: Behaviour = (request) => void request.socket.destroy();

/** A server that treats each request in its own way, and remembers the keys. */
async function serve(t: TestContext, behaviours: readonly Behaviour[]) {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => behaviours[keys.push(request.headers["idempotency-key"]) - 1]!(request, response));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { keys, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("a request is repeated with its key until it is answered, and its answer is kept", async (t) => {
  const server = await serve(t, [hangUp, answer(503, "not now"), answer(200, "5"), answer(200, "5"), answer(200, "6")]);
  const ledger = new Ledger();
  const client = new HttpClient({ bank: server.url }, ledger, AbortSignal.timeout(30_000));
  await client.request("bank/bank/deposit", ["emil", 5]);
  const [entry] = ledger.entries;
  assert.deepEqual(server.keys, Array(3).fill(entry!.key));
  assert.deepEqual(accepted(ledger.entries, "bank/bank/deposit"), [{ args: ["emil", 5], value: 5 }]);

  await client.send(entry!);
  assert.deepEqual(entry!.contradictions, [], "the same answer again is no contradiction");
  await client.send(entry!);
  assert.deepEqual(entry!.contradictions, [{ status: 200, body: "6" }]);
  assert.equal(entry!.answer!.body, "5", "what was told first stays told");
  assert.equal(ledger.tries, 5);
});

test("a client that gives up leaves the request unanswered", async (t) => {
  const giveUp = new AbortController();
  const busy = answer(503, "not now");
  // The third try is answered when the client has given up already, however slow the machine is.
  const server = await serve(t, [busy, busy, (request, response) => (giveUp.abort(), busy(request, response))]);
  const ledger = new Ledger();
  await new HttpClient({ bank: server.url }, ledger, giveUp.signal).request("bank/bank/open", ["emil"]);
  assert.equal(ledger.entries[0]!.answer, undefined);
  assert.ok(ledger.tries >= 2);
});

test("the same seed throws the same dice", () => {
  const throws = (seed: number): number[] => {
    const dice = new Dice(seed);
    return Array.from({ length: 100 }, () => dice.below(6));
  };
  assert.deepEqual(throws(7), throws(7));
  assert.notDeepEqual(throws(7), throws(8));
  assert.deepEqual([...new Set(throws(7))].sort(), [0, 1, 2, 3, 4, 5]);
});
