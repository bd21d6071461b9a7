/** F38: bodies of requests that were pipelined and whose client went away take no memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { post, Raw, startEdge } from "./http-harness.ts";

const message = (body: string): string => `POST /s/m HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test("F38: memory for the bodies of pipelined requests is given back when their client goes", async () => {
  const ok = { ok: true, value: 1 } as const;
  const edge = await startEdge(() => delay(20).then(() => ok), { limits: { maxHeldBytes: 1_000 } });
  for (let i = 0; i < 5; i++) {
    const raw = new Raw(edge.port);
    // The second waits behind the first, whose answer has not come when the client goes.
    raw.send(message("[1]") + message(JSON.stringify(["x".repeat(300)])));
    while (edge.submitted.length < (i + 1) * 2 && i < 3) await delay(1);
    raw.socket.destroy();
    await delay(60);
  }
  assert.equal((await post(edge, "/s/m", JSON.stringify(["x".repeat(300)]))).status, 200);
});
