/**
 * Goal: nothing a connection sends can crash the kernel, change its state without a proper handshake, or make it consume a
 * message twice. Method: fuzzed and forged frames into a kernel; state and counters are compared.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, Service, type Messages } from "#maceken/index.js";
import { frameType, protocolVersion, writeHello, type Hello } from "#maceken/protocol/frame.js";
import { requestPayload, encodeArguments } from "#maceken/turn/payload.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";
import { written } from "../lib/written.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true };
  n = 0;
  add(by: number) { this.n += by; return this.n; }
}

const hello = (over: Partial<Hello> = {}): Uint8Array =>
  written((writer) => writeHello(writer, { version: protocolVersion, node: "peer", incarnation: "p-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, ...over }));
const message = (number: number, payload = requestPayload("counter", "add", encodeArguments([1], "x"), 5)): Uint8Array =>
  written((writer) => {
    writer.u8(frameType.message);
    writer.uint(number);
    writer.raw(payload);
  });
const acknowledge = (number: number): Uint8Array =>
  written((writer) => {
    writer.u8(frameType.acknowledgement);
    writer.uint(number);
  });

let connections = 1_000_000;

function listening(): { node: TestNode; connect: (...frames: Uint8Array[]) => KernelEffect[]; connectAs: (key: string, ...frames: Uint8Array[]) => KernelEffect[]; test: TestWorld } {
  const test = new TestWorld();
  const node = test.node("a", app({ version: 1 }).service("counter", () => new Counter()));
  test.node("peer", app({ version: 1 }).service("counter", () => new Counter()));
  test.pass(20);
  const connectAs = (key: string, ...frames: Uint8Array[]): KernelEffect[] => {
    const connection = ++connections;
    const time = { monotonicMs: 1e6, wallMs: test.world.nowMs };
    return [node.kernel.step({ kind: "opened", connection, key }, time), node.kernel.step({ kind: "frames", connection, frames }, time), node.kernel.step({ kind: "durable", turn: node.kernel.executed }, time)].flat();
  };
  const connect = (...frames: Uint8Array[]): KernelEffect[] => connectAs("key of peer", ...frames);
  // First contact: its key is pinned, then its incarnation is noted, and each time the connection closed for that.
  connect(hello());
  connect(hello());
  return { node, connect, connectAs, test };
}

const closed = (effects: KernelEffect[]): boolean => effects.some((effect) => effect.kind === "close");

describe("a hostile peer", () => {
  it("F25, F30: is closed on anything malformed, and changes nothing", () => {
    const { node, connect } = listening();
    const executed = node.kernel.executed;
    const cases: Uint8Array[][] = [
      [new Uint8Array([0])], [new Uint8Array([99, 1, 2])], [message(1)], [acknowledge(0)], [hello({ version: 9 })], [hello({ node: "" })], [hello({ node: "../x" })],
      [hello(), hello()], [hello(), message(2)], [hello(), message(7)], [hello(), acknowledge(1)], [hello(), new Uint8Array([frameType.message])],
      [hello(), new Uint8Array([frameType.acknowledgement, 0xff, 0xff])], [new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")], [hello().subarray(0, 7)], [new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252])],
    ];
    for (const [i, frames] of cases.entries()) {
      assert.ok(closed(connect(...frames)), `case ${i} is closed`);
      assert.equal(node.kernel.executed, executed, `case ${i} runs no turn`);
      assert.equal(node.service<Counter>("counter").n, 0, `case ${i} changes nothing`);
    }
  });

  it("F31: is nobody without the key of who it says it is", () => {
    const { node, connect, connectAs } = listening();
    const executed = node.kernel.executed;
    assert.ok(closed(connectAs("another key", hello())), "the peer's name with another key");
    assert.ok(closed(connectAs("another key", hello({ node: "stranger" }))), "a name that is not listed");
    assert.ok(closed(connectAs("another key", hello({ node: "a", incarnation: "other" }))), "this node's own name");
    assert.ok(closed(connectAs("key of a", hello())), "this node's own key");
    assert.equal(node.kernel.executed, executed);
    assert.equal(node.kernel.channels.get("peer")!.key, "key of peer");
    // Names are each side's own: what the key is pinned for counts.
    connect(hello({ node: "alias", released: 1 }), message(1));
    assert.equal(node.service<Counter>("counter").n, 1);
    assert.equal(node.kernel.channels.get("alias"), undefined);
  });

  it("F30: may repeat and reconnect as it likes: each number is consumed once", () => {
    const { node, connect } = listening();
    connect(hello({ released: 3 }), message(1), message(1), message(2), message(1));
    connect(hello({ released: 3, knownIncarnation: node.kernel.incarnation }), message(2), message(3), message(3));
    assert.equal(node.service<Counter>("counter").n, 3);
  });

  it("F12, F30: that forgot what it sent, or claims more than was sent, is refused", () => {
    const { node, connect } = listening();
    const known = node.kernel.incarnation;
    connect(hello({ released: 2 }), message(1), message(2));
    assert.ok(closed(connect(hello({ released: 1, knownIncarnation: known }))), "numbers went back");
    assert.ok(closed(connect(hello({ released: 2, consumed: 50, knownIncarnation: known }))), "acknowledges what was never sent");
    assert.equal(node.service<Counter>("counter").n, 2);
  });

  it("whose payload cannot be read loses that message only", () => {
    const { node, connect } = listening();
    connect(hello({ released: 3 }), message(1, new Uint8Array([1, 2, 3])), message(2, new Uint8Array([200])), message(3));
    assert.equal(node.service<Counter>("counter").n, 1);
  });

  it("F25: 100,000 fuzzed frames: no crash, no state", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >>> 8) % below;
    };
    const { node, connect } = listening();
    const good = [hello(), message(1), acknowledge(1), written((writer) => writer.u8(frameType.ping))];
    for (let i = 0; i < 10_000; i++) {
      const frames = Array.from({ length: 10 }, () => {
        const bytes = random(3) === 0 ? Uint8Array.from({ length: 1 + random(40) }, () => random(256)) : good[random(good.length)]!.slice();
        for (let changes = random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
        return bytes;
      });
      // Never a proper greeting first, so nothing may be handled.
      frames[0] = Uint8Array.from(frames[0]!.length === 0 ? [0] : frames[0]!);
      frames[0][0] = 2 + random(250);
      connect(...frames);
    }
    assert.equal(node.service<Counter>("counter").n, 0);
    assert.equal(node.call("counter.add", [1]).value, 1);
  });
});
