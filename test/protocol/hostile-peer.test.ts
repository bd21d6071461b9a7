/**
 * Goal: nothing a connection sends can crash the kernel, change its state without a proper handshake, or make it consume a
 * message twice. Method: forged frames into a kernel; state and counters are compared. Frames by the million are in test/fuzz/.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, Service, type Messages } from "#maceken/index.js";
import { frameType, protocolVersion, writeHello, type Hello } from "#maceken/protocol/frame.js";
import { encodeArguments, failurePayload, outcomePayload, requestPayload } from "#maceken/turn/payload.js";
import { decodeArgumentValues } from "#maceken/node/http-protocol.js";
import type { KernelEffect } from "#maceken/kernel/kernel-effect.js";
import { TestWorld, type TestNode } from "../lib/lone-node.ts";
import { written } from "../lib/written.ts";

class Counter extends Service {
  static readonly messages: Messages<Counter> = { add: true };
  n = 0;
  add(by: number) { this.n += by; return this.n; }
}

const hello = (over: Partial<Hello> = {}): Uint8Array =>
  written((writer) => writeHello(writer, { version: protocolVersion, node: "peer", incarnation: "p-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24, ...over }));
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
      [new Uint8Array([0])], [new Uint8Array([99, 1, 2])], [message(1)], [acknowledge(0)], [hello({ version: 9 })], [hello({ node: "" })], [hello({ node: "../x" })], [hello({ node: "x".repeat(129) })], [hello({ incarnation: "x".repeat(65) })], [hello({ maxMessageBytes: 299 })],
      [hello(), hello()], [hello(), message(2)], [hello(), message(7)], [hello(), acknowledge(1)], [hello(), new Uint8Array([frameType.message])],
      [hello(), new Uint8Array([frameType.acknowledgement, 0xff, 0xff])], [hello(), new Uint8Array([frameType.ping, 0])], [hello(), new Uint8Array([frameType.pong, 0])],
      [new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")], [hello().subarray(0, 7)], [new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252])],
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

  it("F25: whose errors are no errors, or have values where their words should be, costs nothing", () => {
    const { node, connect } = listening();
    const wordless: unknown = Object.create(null);
    const longest: unknown[] = [];
    longest.length = 2 ** 32 - 1;
    const errors = [wordless, longest, Object.assign(new Error("x"), { message: wordless }), Object.assign(new TypeError("x"), { name: wordless, message: 1 })];
    const payloads = errors.flatMap((error) => [outcomePayload(7, { ok: false, error: error as never }, "x"), failurePayload("counter.add", error)]);
    connect(hello({ released: payloads.length + 1 }), ...payloads.map((payload, i) => message(i + 1, payload)), message(payloads.length + 1));
    assert.equal(node.service<Counter>("counter").n, 1);
  });

  it("F25: cannot give an error a stack", () => {
    const bytes = encodeArguments([Object.assign(new Error("x"), { stuck: {} })], "x");
    assert.equal((decodeArgumentValues(bytes)[0] as { stuck: object }).stuck !== undefined, true);
    const forged = Uint8Array.from(Buffer.from(Buffer.from(bytes).toString("latin1").replace("stuck", "stack"), "latin1"));
    assert.throws(() => decodeArgumentValues(forged), /a stack does not travel/);
  });
});
