/** What an operator is told of each peer: connected, resting, away, unreachable since when and why, refused with which code. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { controlHandler, type PeerReport } from "#maceken/node/control-commands.js";
import { metricsText } from "#maceken/observe/metrics.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { tell: true, hear: true };
  tell(other: string) {
    ref<Talker>(`${other}/talker`).hear();
  }
  hear() {}
}
const talkerApp = app({ version: 1 }).service("talker", () => new Talker());

async function ask(node: TestNode, command: string): Promise<unknown> {
  return controlHandler({ kernel: node.kernel, operate: async () => ({ ok: true, value: null }), snapshot: async () => {}, status: () => ({}) })({ command });
}

async function reportOf(node: TestNode, peer: string): Promise<PeerReport | undefined> {
  return ((await ask(node, "peers ls")) as PeerReport[]).find(({ name }) => name === peer);
}

it("a peer is connected, unreachable since it went, and connected again", async () => {
  const test = new TestWorld();
  const a = test.node("a", talkerApp, ["b"]);
  const b = test.node("b", talkerApp);
  test.pass(100);
  assert.equal((await reportOf(a, "b"))!.state, "connected");
  assert.equal((await reportOf(b, "a"))!.state, "connected");
  b.node.staysDown = true;
  test.world.crash(b.node, "all");
  const wentAt = a.kernel.clock.now;
  test.pass(5_000);
  const away = (await reportOf(a, "b"))!;
  assert.equal(away.state, "unreachable");
  assert.equal(away.reason, "refused");
  const since = new Date(away.since!).getTime();
  assert.ok(since >= wentAt && since < wentAt + 1_000, `unreachable since ${since - wentAt} ms after it went`);
  assert.deepEqual(((await ask(a, "status")) as { unreachablePeers: string[] }).unreachablePeers, ["b"]);
  assert.match(metricsText(a.kernel, { unanswered: 0, isHeldBack: false }), /^maceken_peer_connected\{peer="b"\} 0$/m);
  a.call("talker.tell", ["b"]);
  assert.equal(((await ask(a, "status")) as { waitingMessages: number }).waitingMessages, 1);
  b.node.staysDown = false;
  test.pass(1_000);
  assert.equal((await reportOf(a, "b"))!.state, "connected");
  assert.equal((await reportOf(a, "b"))!.since, undefined);
  assert.match(metricsText(a.kernel, { unanswered: 0, isHeldBack: false }), /^maceken_peer_connected\{peer="b"\} 1$/m);
});

it("a peer that will not be talked with is refused, and says why, on both sides", async () => {
  const test = new TestWorld();
  const a = test.node("a", talkerApp, ["b"]);
  const b = test.node("b", talkerApp);
  test.pass(100);
  const old = { durable: [...b.node.durable] };
  a.call("talker.tell", ["b"]);
  test.pass(1_000);
  b.node.staysDown = true;
  test.world.crash(b.node, "all");
  test.pass(1_000);
  // An old copy was put back by hand.
  b.node.durable.splice(0, Infinity, ...old.durable);
  b.node.staysDown = false;
  test.pass(10_000);
  const refused = (await reportOf(a, "b"))!;
  assert.deepEqual([refused.state, refused.reason], ["refused", "MK_PEER_ROLLED_BACK"]);
  assert.deepEqual(((await ask(a, "status")) as { refusedPeers: string[] }).refusedPeers, ["b"]);
  a.node.staysDown = true;
  test.world.crash(a.node, "all");
  test.pass(10_000);
  assert.equal((await reportOf(b, "a"))!.state, "refused");
});

it("a peer that was never reached is listed all the same", async () => {
  const test = new TestWorld();
  const a = test.node("a", talkerApp, ["b"]);
  test.pass(5_000);
  const report = (await reportOf(a, "b"))!;
  assert.deepEqual([report.state, report.incarnation, report.sent], ["unreachable", "", 0]);
});
