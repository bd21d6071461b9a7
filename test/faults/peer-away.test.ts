/**
 * F28 on real nodes over TLS and HTTP: the peer is away until requests get 503; then it comes, has everything in order, and requests are
 * answered again without anybody's doing. What waited is still there when the sender was started again meanwhile.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { app, ref, Service, startNode, type MaceNode, type Messages, type Ref } from "#maceken/index.js";
import { nodeInternals } from "#maceken/node/node.js";
import { freePorts } from "../lib/free-ports.ts";

const root = mkdtempSync(join(tmpdir(), "maceken-away-"));
after(() => rmSync(root, { recursive: true, force: true }));

class Teller extends Service {
  static readonly messages: Messages<Teller> = { tell: true, tellMany: true };
  listener: Ref<Listener> = ref<Listener>("far/listener");
  told = 0;
  tell(text: string) {
    this.listener.hear(++this.told, text);
    return this.told;
  }
  tellMany(count: number, text: string) {
    for (let i = 0; i < count; i++) this.tell(text);
    return this.told;
  }
}

class Listener extends Service {
  static readonly messages: Messages<Listener> = { hear: true, heardCount: true };
  last = 0;
  inOrder = true;
  hear(number: number, _text: string) {
    this.inOrder &&= number === this.last + 1;
    this.last = number;
  }
  heardCount() {
    return { last: this.last, inOrder: this.inOrder };
  }
}

const tellerApp = app({ version: 1 }).service("teller", () => new Teller());
const listenerApp = app({ version: 1 }).service("listener", () => new Listener());
const quotaBytes = 4 * 1024 * 1024;
const text = "x".repeat(4000);

test("F28: requests get 503 while the peer is away, and are taken when it has caught up", async () => {
  const [port] = await freePorts(1);
  const start = (): Promise<MaceNode<{ teller: Teller }>> =>
    startNode({ app: tellerApp, name: "near", data: join(root, "near"), peers: { far: `127.0.0.1:${port}` }, http: "127.0.0.1:0", outboxQuotaBytes: quotaBytes });
  const tell = async (node: MaceNode<unknown>): Promise<Response> => {
    const { port: http } = node.address.http!;
    return fetch(`http://127.0.0.1:${http}/teller/tell`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify([text]) });
  };
  let near = await start();
  let taken = 0;
  let refused: Response | undefined;
  while (refused === undefined && taken < 2000) {
    const answers = await Promise.all(Array.from({ length: 16 }, () => tell(near)));
    taken += answers.filter(({ status }) => status === 200).length;
    refused = answers.find(({ status }) => status !== 200);
  }
  assert.equal(refused?.status, 503);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  const { code, message, remedy } = (await refused.json()) as { code: string; message: string; remedy: string };
  assert.equal(code, "MK_HELD_BACK");
  assert.match(message, /^far has not acknowledged \d+ messages of \d+ bytes, more than half of what may wait for it$/);
  assert.match(remedy, /a peer that is away.*peers forget/);
  const waiting = nodeInternals(near).kernel.channels.get("far")!.outbox.weightBytes;
  assert.ok(waiting > quotaBytes / 2 && waiting < quotaBytes, `${waiting} bytes wait`);

  await near.stop();
  near = await start();
  assert.equal((await tell(near)).status, 503, "a restart lets nothing more in");
  const far = await startNode({ app: listenerApp, name: "far", data: join(root, "far"), listen: `127.0.0.1:${port}`, accept: "any" });
  const until = Date.now() + 20_000;
  while (Date.now() < until && (await far.client("listener").heardCount()).last < taken) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await far.client("listener").heardCount(), { last: taken, inOrder: true });
  let again = await tell(near);
  for (; again.status === 503 && Date.now() < until; again = await tell(near)) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(again.status, 200);
  assert.equal(await again.json(), taken + 1);
  await near.stop();
  await far.stop();
});

test("F28: what waits costs little memory, stays over a restart, and is removed from the disk when the peer has it", async () => {
  const [port] = await freePorts(1);
  const data = join(root, "near with much");
  const start = () => startNode({ app: tellerApp, name: "near", data, peers: { far: `127.0.0.1:${port}` } });
  const blocks = (): number => readdirSync(data).filter((name) => name.startsWith("outbox-")).length;
  let near = await start();
  const count = 30_000;
  for (let told = 0; told < count; ) told = await near.client("teller").tellMany(250, "y".repeat(1000));
  const boundBytes = 8 * 1024 * 1024;
  const outboxOf = (node: object) => nodeInternals(node).kernel.channels.get("far")!.outbox;
  assert.equal(outboxOf(near).length, count);
  assert.ok(outboxOf(near).memoryBytes < boundBytes, `${outboxOf(near).memoryBytes} bytes in memory`);
  assert.ok(blocks() >= 20, `${blocks()} blocks`);
  await nodeInternals(near).snapshot();
  assert.ok(outboxOf(near).memoryBytes < boundBytes / 4, "before a snapshot most of the rest goes out too");
  await near.client("teller").tellMany(10, "z");
  await near.stop();
  near = await start();
  assert.equal(outboxOf(near).length, count + 10);
  assert.ok(outboxOf(near).memoryBytes < boundBytes, "a start reads what is on disk only when it is to be sent");
  const far = await startNode({ app: listenerApp, name: "far", data: join(root, "far with much"), listen: `127.0.0.1:${port}`, accept: "any" });
  const until = Date.now() + 60_000;
  while (Date.now() < until && ((await far.client("listener").heardCount()).last < count + 10 || outboxOf(near).length > 0)) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await far.client("listener").heardCount(), { last: count + 10, inOrder: true });
  assert.equal(outboxOf(near).length, 0);
  // Files are removed in the background.
  for (; Date.now() < until && blocks() > 0; await new Promise((resolve) => setTimeout(resolve, 20))) await nodeInternals(near).snapshot();
  assert.equal(blocks(), 0);
  await near.stop();
  await far.stop();
});
