/**
 * Goal: every row of "Who knows whom" in docs/internals/protocol.md is decided as it says, whichever side judges (fault 12). Method: the
 * decision alone, for all combinations of what either side may know, against the table in words; and both sides' decisions together.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { Channel } from "#maceken/protocol/channel.js";
import type { Hello } from "#maceken/protocol/frame.js";
import { judgeGreeting } from "#maceken/protocol/handshake.js";
import { OutboxWatch } from "#maceken/protocol/outbox-watch.js";

interface Side {
  readonly self: string;
  /** By which the other is known. */
  readonly knows: string;
  readonly ended?: readonly string[];
  readonly received?: number;
  readonly acknowledged?: number;
  readonly sent?: number;
}

function channelOf({ knows, received = 0, acknowledged = 0, sent = acknowledged }: Side): Channel {
  const channel = new Channel("b", new OutboxWatch({ softBytes: 1e9, memoryBytes: 1e9, nodeMemoryBytes: 1e9, spareBytes: 1e9 }), { heldBytes: 0 });
  channel.restore({ incarnation: knows, key: "", consumed: received, acknowledged, blocks: [], outbox: Array.from({ length: sent - acknowledged }, () => new Uint8Array(1)) });
  return channel;
}

const greetingOf = (side: Side): Hello => {
  const { incarnation, received, consumed, released, acknowledged } = channelOf(side);
  return { version: 2, node: "b", incarnation: side.self, knownIncarnation: incarnation, received, consumed, released, acknowledged, maxMessageBytes: 1 << 24 };
};

function judge(judging: Side, greeting: Side): string {
  try {
    return judgeGreeting(greetingOf(greeting), channelOf(judging), { self: judging.self, ended: judging.ended ?? [] });
  } catch (error) {
    assert.ok(error instanceof MaceKenError && error.code === "MK_PEER_ROLLED_BACK");
    return error.message;
  }
}

describe("who knows whom", () => {
  const rows: [what: string, a: Side, b: Side, expected: string | RegExp][] = [
    ["both new", { self: "a", knows: "" }, { self: "b", knows: "" }, "meet"],
    ["b has met a", { self: "a", knows: "" }, { self: "b", knows: "a" }, "meet"],
    ["b knows an earlier life of a", { self: "a2", knows: "" }, { self: "b", knows: "a", received: 3 }, "meet"],
    ["b has taken messages of a, which has lost that", { self: "a", knows: "" }, { self: "b", knows: "a", received: 1 }, /this node's data are older/],
    ["b has had acknowledgements of a, which has lost that", { self: "a", knows: "" }, { self: "b", knows: "a", acknowledged: 1 }, /this node's data are older/],
    ["a has met b", { self: "a", knows: "b" }, { self: "b", knows: "" }, "tell"],
    ["a began a new life and has met b", { self: "a2", knows: "b" }, { self: "b", knows: "a", received: 5 }, "tell"],
    ["a has taken messages of b, which has lost that", { self: "a", knows: "b", received: 1 }, { self: "b", knows: "" }, /does not know this node.*its data are older/],
    ["a has had acknowledgements of b, which has lost that", { self: "a", knows: "b", acknowledged: 1 }, { self: "b", knows: "" }, /its data are older/],
    ["they talked, and b knows another life of a", { self: "a2", knows: "b", acknowledged: 1 }, { self: "b", knows: "a", received: 5 }, /data of one of the two are older/],
    ["both know each other", { self: "a", knows: "b", received: 2, sent: 4, acknowledged: 1 }, { self: "b", knows: "a", received: 3, sent: 2 }, "open"],
    ["b is new", { self: "a", knows: "b", received: 2, acknowledged: 2 }, { self: "b2", knows: "" }, "begin anew"],
    ["b is new and has met a", { self: "a", knows: "b", received: 2, acknowledged: 2 }, { self: "b2", knows: "a" }, "begin anew"],
    ["b is new, a too, and they have not talked", { self: "a2", knows: "b" }, { self: "b2", knows: "a" }, "begin anew"],
    ["b is of before a's new life, in which a has talked with a newer b", { self: "a2", knows: "b2", acknowledged: 1 }, { self: "b", knows: "a" }, /its data are older/],
    ["b comes back in a life that has ended", { self: "a", knows: "b2", ended: ["b"], received: 2 }, { self: "b", knows: "a", received: 3 }, /a life that has ended/],
    ["a is of before b's new life, in which they have talked", { self: "a", knows: "b", received: 2 }, { self: "b2", knows: "a", received: 1 }, /this node's data are older/],
  ];
  for (const [what, a, b, expected] of rows) {
    it(`F12: ${what}`, () => {
      const judged = judge(a, b);
      if (typeof expected === "string") assert.equal(judged, expected);
      else assert.match(judged, expected);
    });
  }

  it("F12: numbers that went back, on either side, each of them", () => {
    const a: Side = { self: "a", knows: "b", received: 5, sent: 9, acknowledged: 4 };
    const b: Side = { self: "b", knows: "a", received: 6, sent: 7, acknowledged: 5 };
    assert.equal(judge(a, b), "open");
    assert.equal(judge(b, a), "open");
    for (const [older, whose] of [
      [{ ...a, sent: 5 }, "a"], [{ ...a, received: 4 }, "a"], [{ ...b, received: 3 }, "b"], [{ ...b, sent: 4, acknowledged: 4 }, "b"],
    ] as const) {
      const [left, right] = whose === "a" ? [older, b] : [a, older];
      for (const judged of [judge(left, right), judge(right, left)]) assert.match(judged, /are older than/, `${whose}: ${JSON.stringify(older)}`);
    }
  });

  it("F12: whatever the two know, neither opens alone, and not both only tell", () => {
    const lives = (name: string): string[] => [name, `${name}2`];
    const seen = new Map<string, number>();
    for (const selfA of lives("a")) for (const selfB of lives("b")) for (const aKnows of ["", ...lives("b")]) for (const bKnows of ["", ...lives("a")]) {
      for (const talkedA of [0, 1]) for (const talkedB of [0, 1]) {
        // Nobody talks with whom he does not know.
        if ((aKnows === "" && talkedA === 1) || (bKnows === "" && talkedB === 1)) continue;
        const a: Side = { self: selfA, knows: aKnows, received: talkedA, sent: talkedA };
        const b: Side = { self: selfB, knows: bKnows, received: talkedB, sent: talkedB };
        const [byA, byB] = [judge(a, b), judge(b, a)];
        seen.set(byA, (seen.get(byA) ?? 0) + 1);
        if (byA === "open") assert.equal(byB, "open");
        if (byA === "tell") assert.ok(byB !== "tell" && byB !== "open", JSON.stringify([a, b]));
      }
    }
    for (const judged of ["open", "meet", "begin anew", "tell"]) assert.ok(seen.get(judged)! > 0, judged);
  });
});
