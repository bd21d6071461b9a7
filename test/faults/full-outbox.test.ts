/**
 * F28, a peer that never acknowledges: what may wait for it is bounded. Method: simulated nodes with small quotas, one of them away.
 * Requests from outside are held back at half the quota, sends throw at the whole of it, answers and peers' messages are exempt, two full
 * nodes do not wait for each other, and everything goes on by itself when the peer is back.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, ref, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { codeOf, TestWorld, type TestNode } from "../lib/lone-node.ts";

class Talker extends Service {
  static readonly messages: Messages<Talker> = { tell: true, tellMany: true, hear: true, echo: true, ask: true, heardCount: true, startTelling: true };
  heard: number[] = [];
  refused: string[] = [];
  answers = 0;
  told = 0;
  other: Ref<Talker>;

  constructor(other: string) {
    super();
    this.other = ref<Talker>(`${other}/talker`);
  }
  tell(bytes: number) {
    this.other.hear(++this.told, "x".repeat(bytes));
    return this.told;
  }
  /** As many as fit: the handler decides what a full outbox means to it. */
  tellMany(count: number, bytes: number) {
    for (let i = 0; i < count; i++) {
      try {
        this.other.hear(this.told + 1, "x".repeat(bytes));
        this.told++;
      } catch (error) {
        this.refused.push((error as { code: string }).code);
        return i;
      }
    }
    return count;
  }
  hear(number: number, _text: string) {
    this.heard.push(number);
  }
  echo(text: string) {
    return text;
  }
  ask(bytes: number) {
    this.turn.when(this.other.echo("x".repeat(bytes)), this.onAnswer);
  }
  private onAnswer(outcome: Outcome<unknown>) {
    if (outcome.ok) this.answers++;
  }
  private tellOne(bytes: number) {
    this.tell(bytes);
  }
  heardCount() {
    return this.heard.length;
  }
  /** Work that comes from the node itself, every 10 ms. */
  startTelling(bytes: number) {
    this.turn.every(this.tellOne, 10, bytes);
  }
}

const limits = { outboxQuotaBytes: 20_000, retryDelaysMs: [1] };
const softBytes = 10_000;
const talker = (other: string) => app({ version: 1 }).service("talker", () => new Talker(other));
const inOrder = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function world() {
  const test = new TestWorld();
  const a = test.node("a", talker("b"), ["b"], limits);
  const b = test.node("b", talker("a"), ["a"], limits);
  test.pass(50);
  return { test, a, b };
}

function away({ world }: TestWorld, { node }: TestNode): void {
  node.staysDown = true;
  world.crash(node, "all");
}

function back({ world }: TestWorld, { node }: TestNode): void {
  node.staysDown = false;
  world.start(node);
}

describe("a peer that never acknowledges", () => {
  it("F28: holds back requests from outside at half the quota, says whose fault it is, and takes them again when it is back", () => {
    const { test, a, b } = world();
    away(test, b);
    let taken = 0;
    while (taken < 100 && codeOf(a.call("talker.tell", [900])) === "ok") taken++;
    assert.ok(taken >= 9 && taken <= 12, `${taken} requests were taken`);
    const refusal = a.call("talker.tell", [900]) as Extract<Outcome<unknown>, { ok: false }>;
    assert.equal(codeOf(refusal), "MK_HELD_BACK");
    assert.match(refusal.error.message, /^b has not acknowledged/);
    assert.equal((refusal.error as { retriable?: boolean }).retriable, true);
    assert.equal(a.node.notes.filter(({ code }) => code === "MK_HELD_BACK").length, 1, "noted once");
    // A restart does not open the gate.
    a.restart();
    assert.equal(codeOf(a.call("talker.tell", [900])), "MK_HELD_BACK");
    back(test, b);
    test.pass(5_000);
    assert.equal(a.value("talker.tell", 900), taken + 1);
    test.pass(5_000);
    assert.deepEqual(b.service<Talker>("talker").heard, inOrder(taken + 1));
    assert.match(a.node.notes.at(-1)!.message, /taken again/);
  });

  it("F28: makes a send throw at the whole quota, inside the turn, and what one turn sends counts together", () => {
    const { test, a, b } = world();
    away(test, b);
    const fitted = a.value("talker.tellMany", 1000, 900) as number;
    assert.ok(fitted >= 18 && fitted <= 22, `${fitted} messages fitted`);
    assert.deepEqual(a.service<Talker>("talker").refused, ["MK_OUTBOX_FULL"]);
    back(test, b);
    test.pass(10_000);
    assert.deepEqual(b.service<Talker>("talker").heard, inOrder(fitted));
  });

  it("F28: never grows beyond the quota, whatever the node does by itself, and loses nothing that it took", () => {
    const { test, a, b } = world();
    a.call("talker.startTelling", [900]);
    away(test, b);
    for (let i = 0; i < 10; i++) test.pass(500);
    const { weightBytes } = a.kernel.channels.get("b")!.outbox;
    assert.ok(weightBytes > softBytes && weightBytes <= limits.outboxQuotaBytes + 1_000, `${weightBytes} bytes`);
    assert.ok(a.kernel.state.dead.size > 0, "what could not be sent is a dead letter, not lost");
    back(test, b);
    test.pass(5_000);
    const { heard } = b.service<Talker>("talker");
    assert.deepEqual(heard, inOrder(heard.length));
    assert.ok(a.kernel.channels.get("b")!.outbox.weightBytes <= softBytes);
  });

  it("F28: is heard all the same: two nodes that are full for each other drain each other, answers are exempt", () => {
    const { test, a, b } = world();
    away(test, b);
    a.call("talker.tellMany", [1000, 900]);
    a.restart();
    away(test, a);
    back(test, b);
    b.call("talker.ask", [5_000]);
    b.call("talker.tellMany", [1000, 900]);
    assert.equal(codeOf(b.call("talker.tell", [900])), "MK_HELD_BACK");
    back(test, a);
    test.pass(20_000);
    for (const node of [a, b]) {
      const { heard } = node.service<Talker>("talker");
      assert.ok(heard.length > 10);
      assert.deepEqual(heard, inOrder(heard.length));
      assert.equal(node.kernel.outboxes.crowded.size, 0);
    }
    assert.equal(b.service<Talker>("talker").answers, 1);
  });
});
