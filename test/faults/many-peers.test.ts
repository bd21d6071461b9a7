/**
 * F33, ten thousand peers with one message each, on one kernel and peers made by hand: what is kept of a peer is little, an idle
 * connection is closed and opened again when there is something to say, and a step costs nothing for the peers that say nothing.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { app, ref, Service, type Messages } from "#maceken/index.js";
import { Kernel } from "#maceken/kernel/kernel.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import type { KernelInput } from "#maceken/kernel/kernel-input.js";
import { defaultLimits } from "#maceken/kernel/kernel-options.js";
import { KernelSnapshot } from "#maceken/kernel/recovery.js";
import { frameType, protocolVersion, writeHello } from "#maceken/protocol/frame.js";
import type { AppDefinition } from "#maceken/service/app.js";
import { encodeArguments, requestPayload } from "#maceken/turn/payload.js";
import { TestWorld } from "../lib/lone-node.ts";
import { written } from "../lib/written.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

class Hub extends Service {
  static readonly messages: Messages<Hub> = { hear: true, tell: true };
  heard = 0;
  hear(): number {
    return ++this.heard;
  }
  tell(peer: string): void {
    ref<Hub>(`${peer}/hub`).hear();
  }
}

const hubApp = app({ version: 1 }).service("hub", () => new Hub()) as unknown as AppDefinition;
const nameOf = (peer: number): string => `peer-${peer}`;

/** A kernel with that many peers, each of which it could dial. */
class Node {
  readonly kernel: Kernel;
  nowMs = 1000;
  connections = 0;
  closed = 0;
  dialled: string[] = [];
  readonly #open = new Map<string, number>();

  constructor(peers: number) {
    const names = Array.from({ length: peers }, (_, i) => nameOf(i));
    this.kernel = new Kernel({
      name: "hub", app: hubApp, random: () => 0.5, newIncarnation: () => "hub-1", durable: true,
      peering: { key: "key of hub", listed: new Set(names), dials: new Set(names), keys: new Map(names.map((name) => [name, `key of ${name}`])), acceptsAny: false },
    });
    this.#take(this.kernel.birth(this.#time()));
    this.#take(this.kernel.step({ kind: "durable", turn: 1 }, this.#time()));
    this.dialled = [];
  }

  #time() {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs };
  }

  step(input: KernelInput): void {
    this.#take(this.kernel.step(input, this.#time()));
    while (this.kernel.durable < this.kernel.executed) this.#take(this.kernel.step({ kind: "durable", turn: this.kernel.executed }, this.#time()));
  }

  #take(effects: readonly KernelEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "close") this.closed++;
      if (effect.kind === "dial") this.dialled.push(effect.peer);
    }
  }

  /** The peer connects; the first times its key is pinned, its incarnation is noted, and the connection closed for that. */
  connect(peer: number, released: number, consumed = 0): void {
    const name = nameOf(peer);
    const hello = written((writer) => writeHello(writer, { version: protocolVersion, node: name, incarnation: `${name}-1`, knownIncarnation: "hub-1", received: consumed, consumed, released, acknowledged: 0, maxMessageBytes: 1 << 24 }));
    for (let attempt = 0; attempt < 3; attempt++) {
      const connection = ++this.connections;
      this.step({ kind: "opened", connection, key: `key of ${name}` });
      this.step({ kind: "frames", connection, frames: [hello] });
      this.#open.set(name, connection);
    }
  }

  /** A message to the hub, whose answer the peer acknowledges. */
  say(peer: number, number: number): void {
    const connection = this.#open.get(nameOf(peer))!;
    const payload = requestPayload("hub", "hear", encodeArguments([], "x"), number);
    this.step({
      kind: "frames", connection,
      frames: [written((writer) => {
        writer.u8(frameType.message);
        writer.uint(number);
        writer.raw(payload);
      })],
    });
    this.step({
      kind: "frames", connection,
      frames: [written((writer) => {
        writer.u8(frameType.acknowledgement);
        writer.uint(number);
      })],
    });
  }

  pass(ms: number, ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.nowMs += ms / ticks;
      this.step({ kind: "tick" });
    }
  }
}

function usedBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

describe("ten thousand peers", () => {
  it("F33: with one message each: at most 4 KB are kept of a peer, and idle connections close", () => {
    const peers = 10_000;
    const node = new Node(peers);
    const before = usedBytes();
    for (let peer = 0; peer < peers; peer++) {
      node.connect(peer, 1);
      node.say(peer, 1);
    }
    const hub = node.kernel.state.services.get("hub") as Hub;
    assert.equal(hub.heard, peers);
    node.closed = 0;
    node.pass(defaultLimits.idleConnectionMs / 2, 4);
    assert.equal(node.closed, 0, "not yet idle for long");
    // One of them goes on talking.
    node.say(7, 2);
    node.pass(defaultLimits.idleConnectionMs * 0.75, 6);
    assert.equal(node.closed, peers - 1);
    assert.deepEqual(node.dialled, [], "nobody is dialled who has nothing to hear");
    const keptBytes = (usedBytes() - before) / peers;
    console.log(`# ${Math.round(keptBytes)} bytes kept of a peer`);
    assert.ok(keptBytes <= 4096, `${keptBytes} bytes a peer`);
    node.step({ kind: "request", request: 1, service: "hub", method: "tell", args: [nameOf(3)], via: "client" });
    assert.deepEqual(node.dialled, [nameOf(3)], "who has something to hear is dialled at once");
    node.connect(4, 1, 1);
    node.say(4, 1);
    assert.equal(hub.heard, peers + 1, "what comes again after the rest is a duplicate; only the talker's second counts");

    const snapshot = new KernelSnapshot(node.kernel);
    let longest = 0;
    let total = 0;
    while (!snapshot.done) {
      const { length } = snapshot.slice();
      longest = Math.max(longest, length);
      total += length;
    }
    snapshot.end();
    assert.ok(longest < 64 * 1024, `a chunk of ${longest} bytes: channels come in slices`);
    assert.ok(total / peers < 300, `${total / peers} bytes of a snapshot for a peer`);
  });

  it("F33: a step costs nothing for connections that are idle", () => {
    const costUs = (peers: number): number => {
      const node = new Node(peers);
      for (let peer = 0; peer < peers; peer++) {
        node.connect(peer, 1);
        node.say(peer, 1);
      }
      let best = Infinity;
      let number = 1;
      for (let round = 0; round < 20; round++) {
        const begun = performance.now();
        for (let i = 0; i < 50; i++) node.say(0, ++number);
        best = Math.min(best, ((performance.now() - begun) * 1000) / 50);
      }
      return best;
    };
    const few = costUs(2);
    const many = costUs(5_000);
    console.log(`# ${few.toFixed(1)} us with 2 peers, ${many.toFixed(1)} us with 5,000`);
    assert.ok(many < few * 5 + 20, `${many} us against ${few} us`);
  });

  it("F33: when many cannot be reached, all dials together have a bound", () => {
    const peers = 5_000;
    const node = new Node(peers);
    const dials: number[] = [];
    for (let peer = 0; peer < peers; peer++) {
      for (const effect of node.kernel.step({ kind: "dialFailed", peer: nameOf(peer), reason: "refused" }, { monotonicMs: node.nowMs, wallMs: node.nowMs })) {
        if (effect.kind === "dial") dials.push(effect.delayMs);
      }
    }
    assert.equal(dials.length, peers, "each is tried again");
    assert.equal(dials[0], 25, "one that is away is tried every 25 ms");
    assert.ok(dials.at(-1)! >= peers, `the last after ${dials.at(-1)} ms: 500 a second or fewer`);
  });
});

describe("an idle connection", () => {
  const limits = { idleConnectionMs: 1_000 };

  it("F33: closes, and opens again from whichever side has something to say", () => {
    const test = new TestWorld();
    const a = test.node("a", hubApp, ["b"], limits);
    const b = test.node("b", hubApp, ["a"], limits);
    test.pass(100);
    a.call("hub.tell", ["b"]);
    test.pass(3_000);
    assert.equal(test.world.openConnections, 0);
    test.pass(60_000);
    assert.equal(test.world.openConnections, 0, "and stays closed");
    for (const [from, to] of [[a, b], [b, a], [a, b]] as const) {
      const { heard } = to.service<Hub>("hub");
      from.call("hub.tell", [to.node.name]);
      test.pass(100);
      assert.equal(to.service<Hub>("hub").heard, heard + 1);
      test.pass(3_000);
      assert.equal(test.world.openConnections, 0);
    }
    // A node that restarts greets whom it knows.
    b.restart();
    a.call("hub.tell", ["b"]);
    test.pass(1_000);
    assert.equal(b.service<Hub>("hub").heard, 4);
  });

  it("F33: stays open when only the other side can dial: nothing could reach it otherwise", () => {
    const test = new TestWorld();
    const a = test.node("a", hubApp, ["b"], limits);
    const b = test.node("b", hubApp, [], limits);
    test.pass(30_000);
    assert.equal(test.world.openConnections, 1);
    b.call("hub.tell", ["a"]);
    test.pass(100);
    assert.equal(a.service<Hub>("hub").heard, 1);
  });
});
