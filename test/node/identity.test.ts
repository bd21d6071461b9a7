/**
 * Goal: nodes know each other by their keys (faults 31 and 25): pinned at first contact with the configured address or given
 * beforehand, never changed in silence, strangers and plain text turned away. Method: real nodes on loopback, on real TLS.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { app, ref, Service, startNode, type MaceNode, type Messages, type NodeOptions, type Ref } from "#maceken/index.js";
import type { Note } from "#maceken/kernel/kernel-effect.js";
import { nodeInternals } from "#maceken/node/node.js";

const root = mkdtempSync(join(tmpdir(), "maceken-node-identity-"));
const running = new Set<MaceNode<unknown>>();
after(async () => {
  for (const node of running) await node.stop();
  rmSync(root, { recursive: true, force: true });
});

class Echo extends Service {
  static readonly messages: Messages<Echo> = { echo: true, ask: true };
  heard: string[] = [];

  echo(text: string): string {
    this.heard.push(text);
    return text;
  }

  ask(node: string, text: string): unknown {
    return (ref<Echo>(`${node}/echo`) as Ref<Echo>).echo(text);
  }
}

const echoApp = () => app({ version: 1 }).service("echo", () => new Echo());
const notes: Note[] = [];

async function start(name: string, options: Partial<NodeOptions<{ echo: Echo }>> = {}) {
  const node = await startNode({ app: echoApp(), name, data: join(root, name), listen: "127.0.0.1:0", onNote: (note) => void notes.push(note), ...options } as NodeOptions<{ echo: Echo }>);
  running.add(node);
  return node;
}
const stop = async (node: MaceNode<any>): Promise<void> => {
  running.delete(node);
  await node.stop();
};
const address = (node: MaceNode<any>): string => `127.0.0.1:${node.address.listen!.port}`;
const channel = (node: MaceNode<any>, peer: string) => nodeInternals(node).kernel.channels.get(peer);
const noted = (code: string): boolean => notes.some((note) => note.code === code);

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); ) {
    if (Date.now() > end) assert.fail(`not within 10 s: ${what}; notes: ${notes.map(({ message }) => message).join("; ")}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}

describe("peers", () => {
  it("F31: are pinned at first contact, by a key that is the node's for life, and talk across restarts", async () => {
    notes.length = 0;
    let bank = await start("bank", { accept: "any" });
    let shop = await start("shop", { peers: { bank: address(bank) } });
    assert.equal(await shop.client("echo").ask("bank", "one"), "one");
    assert.equal(channel(shop, "bank")!.key, bank.key);
    assert.equal(channel(bank, "shop")!.key, shop.key);
    assert.ok(notes.some(({ level, message }) => level === "warn" && message.includes("first time") && message.includes(bank.key)), "loudly");
    const keys = [bank.key, shop.key];
    await stop(bank);
    await stop(shop);
    bank = await start("bank", { peers: { shop: `#${shop.key}` } });
    shop = await start("shop", { peers: { bank: `${address(bank)}#${bank.key}` } });
    assert.deepEqual([bank.key, shop.key], keys);
    assert.equal(await shop.client("echo").ask("bank", "two"), "two");
    await stop(bank);

    // Another node at the same place.
    notes.length = 0;
    const thief = await start("bank", { data: join(root, "thief"), accept: "any" });
    await stop(shop);
    shop = await start("shop", { peers: { bank: address(thief) } });
    const lost = shop.client("echo").ask("bank", "three");
    await until("the other key is noticed", () => noted("MK_PEER_KEY_CHANGED"));
    assert.equal(channel(shop, "bank")!.key, keys[0]);
    assert.equal(nodeInternals(thief).kernel.counters.received, 0);
    const gone = await nodeInternals(shop).operate({ kind: "forgetPeer", peer: "bank" });
    assert.ok(gone.ok);
    await assert.rejects(lost, { code: "MK_PEER_LOST" });
    assert.equal(await shop.client("echo").ask("bank", "four"), "four");
    assert.equal(channel(shop, "bank")!.key, thief.key);
    await stop(shop);
    await stop(thief);
  });

  it("F31: with a key in the configuration that they do not have are refused", async () => {
    notes.length = 0;
    const right = await start("right", { accept: "any" });
    const other = await start("other");
    const left = await start("left", { peers: { right: `${address(right)}#${other.key}` } });
    const asked = left.client("echo").ask("right", "x").catch((error: unknown) => error);
    await until("the wrong key is noticed", () => noted("MK_PEER_KEY_CHANGED"));
    assert.equal(channel(left, "right")!.key, "");
    for (const node of [left, other, right]) await stop(node);
    assert.equal((await asked as { code: string }).code, "MK_CLIENT_STOPPED");
  });

  it("that nobody can vouch for are turned away, and told how to be let in", async () => {
    notes.length = 0;
    const host = await start("host", { peers: { guest: null } });
    const guest = await start("guest", { peers: { host: address(host) } });
    const asked = guest.client("echo").ask("host", "x").catch((error: unknown) => error);
    await until("the guest is turned away", () => noted("MK_PEER_UNPINNED"));
    assert.ok(notes.some(({ message }) => message.includes(guest.key)), "its key is named, to be listed");
    assert.ok(notes.some(({ fields }) => String((fields as { remedy?: string } | undefined)?.remedy).includes(`--peer guest#${guest.key}`)), "as the option takes it");
    await stop(host);
    const open = await start("host", { listen: address(host), peers: { guest: `#${guest.key}` } });
    assert.equal(await asked, "x");
    await stop(open);
    await stop(guest);
  });

  it("that call each other by other names than they do themselves understand each other", async () => {
    const first = await start("first", { accept: "any" });
    const second = await start("second", { peers: { primus: address(first) } });
    assert.equal(await second.client("echo").ask("primus", "salve"), "salve");
    assert.equal(channel(second, "primus")!.key, first.key);
    await stop(first);
    await stop(second);
  });
});

describe("the port of a node", () => {
  it("F25: turns away whatever is no node, and goes on", async () => {
    notes.length = 0;
    const host = await start("fort", { accept: "any" });
    const { port } = host.address.listen!;
    const ended = (socket: ReturnType<typeof connectPlain>): Promise<void> =>
      new Promise((resolve) => {
        socket.on("error", () => {});
        socket.on("close", () => resolve());
        socket.resume();
      });
    const plain = ["GET / HTTP/1.1\r\n\r\n", Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 252]), Buffer.alloc(4096, 0xff)].map((bytes) => {
      const socket = connectPlain(port, "127.0.0.1", () => socket.write(bytes));
      return socket;
    });
    // TLS, but older, without a key, or with another protocol.
    const encrypted = ([{ maxVersion: "TLSv1.2" }, {}, { ALPNProtocols: ["h2"] }] as const).map((options) => connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }));
    await Promise.all([...plain, ...encrypted].map(ended));
    assert.equal(notes.length, 1, "knocking does not fill the log");
    assert.match(String((notes[0]!.fields as { address?: unknown }).address), /^127\.0\.0\.1:\d+$/, "who it was is said");
    assert.equal(nodeInternals(host).kernel.channels.size, 0);
    const guest = await start("visitor", { peers: { fort: address(host) } });
    assert.equal(await guest.client("echo").ask("fort", "still here"), "still here");
    await stop(guest);
    await stop(host);
  });

  it("says nothing of those that connect and go away again, whenever they do", async () => {
    notes.length = 0;
    const host = await start("calm", { accept: "any" });
    const { port } = host.address.listen!;
    const hello = Buffer.from([0x16, 3, 1, 0, 200, 1, 0]);
    const ways: ((socket: ReturnType<typeof connectPlain>) => void)[] = [(socket) => socket.end(), (socket) => socket.resetAndDestroy(), (socket) => socket.write(hello, () => socket.resetAndDestroy()), (socket) => socket.end(hello)];
    for (const goAway of ways) {
      const socket = connectPlain(port, "127.0.0.1", () => goAway(socket));
      await new Promise((closed) => socket.on("error", () => {}).on("close", closed).resume());
    }
    // One that is no node is noted after them: by then theirs would have come.
    const stranger = connectPlain(port, "127.0.0.1", () => stranger.write("GET / HTTP/1.1\r\n\r\n"));
    await new Promise((closed) => stranger.on("error", () => {}).on("close", closed).resume());
    await until("the stranger is noted", () => noted("MK_FRAME_MALFORMED"));
    assert.deepEqual(notes.map(({ message }) => message), ["a connection is not TLS 1.3 between nodes: http request"]);
    await stop(host);
  });

  it("says who is refused, and where it came from", async () => {
    notes.length = 0;
    const host = await start("choosy", { peers: {} });
    const guest = await start("uninvited", { peers: { choosy: address(host) } });
    guest.client("echo").ask("choosy", "x").catch(() => {});
    await until("the guest is refused", () => notes.some(({ code, message }) => code === "MK_PEER_REFUSED" && message.includes("not listed")));
    const { fields } = notes.find(({ code, message }) => code === "MK_PEER_REFUSED" && message.includes("uninvited is not listed"))!;
    assert.match(String((fields as { address?: unknown }).address), /^127\.0\.0\.1:\d+$/);
    assert.equal((fields as { connection?: unknown }).connection, undefined);
    await stop(host);
    await stop(guest);
  });

  it("takes plain text only where that was asked for, and then only on loopback", async () => {
    await assert.rejects(start("open", { listen: "0.0.0.0:0", insecurePlaintext: true }), { code: "MK_USAGE", message: /loopback/ });
    const left = await start("plain-left", { accept: "any", insecurePlaintext: true });
    const right = await start("plain-right", { peers: { "plain-left": address(left) }, insecurePlaintext: true });
    assert.equal(await right.client("echo").ask("plain-left", "in the clear"), "in the clear");
    await stop(left);
    await stop(right);
  });
});

