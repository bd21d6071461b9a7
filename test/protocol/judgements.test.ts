/**
 * Goal: whether two nodes may talk is decided right in every case, not only in those that simulated nodes come across (K3, faults 12, 25,
 * 31). Method: the pure decisions of the handshake and of pinning, case by case.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { Channel } from "#maceken/protocol/channel.js";
import type { Hello } from "#maceken/protocol/frame.js";
import { checkGreeting, checkNumbers, newerWins } from "#maceken/protocol/handshake.js";
import { checkKey, type Claim } from "#maceken/protocol/pinning.js";

function codeOf(action: () => unknown): string {
  try {
    return String(action() ?? "fine");
  } catch (error) {
    if (error instanceof MaceKenError) return error.code;
    throw error;
  }
}

const hello = (over: Partial<Hello> = {}): Hello => ({ version: 1, node: "b", incarnation: "b-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, ...over });
const self = { node: "a", incarnation: "a-1" };

describe("a greeting", () => {
  it("F31: is refused for its version, its name, and for being this node's own", () => {
    const cases: [Partial<Hello>, dialled: string | undefined, proved: boolean, code: string][] = [
      [{}, undefined, false, "fine"],
      [{}, "b", false, "fine"],
      [{ version: 2 }, undefined, true, "MK_PROTOCOL_VERSION"],
      [{ node: "" }, undefined, true, "MK_FRAME_MALFORMED"],
      [{ incarnation: "" }, undefined, true, "MK_FRAME_MALFORMED"],
      // A proved key says who it is, whatever it calls itself; its own words sent back to it are nobody's.
      [{ node: "a" }, undefined, true, "fine"],
      [{ incarnation: "a-1" }, undefined, true, "MK_FRAME_MALFORMED"],
      // Without keys, names are all there is.
      [{ node: "a" }, undefined, false, "MK_PEER_NAME_TAKEN"],
      [{ node: "a", incarnation: "a-1" }, "b", false, "MK_PEER_NAME_TAKEN"],
      [{}, "c", false, "MK_PEER_UNKNOWN"],
      [{}, "c", true, "fine"],
    ];
    for (const [over, dialled, proved, code] of cases) assert.equal(codeOf(() => checkGreeting(hello(over), self, dialled, proved)), code, JSON.stringify([over, dialled, proved]));
  });

  it("F12: is refused when its numbers went back, on either side", () => {
    const channel = new Channel("b", { softBytes: 1e9, crowded: new Set() });
    channel.restore({ incarnation: "b-1", key: "", consumed: 5, acknowledged: 3, outbox: [new Uint8Array(1), new Uint8Array(1)] });
    const cases: [Partial<Hello>, code: string][] = [
      [{ received: 4, consumed: 3, released: 5 }, "fine"], [{ received: 5, consumed: 5, released: 9 }, "fine"],
      [{ received: 6, consumed: 3, released: 5 }, "MK_PEER_ROLLED_BACK"], [{ received: 6, consumed: 6, released: 5 }, "MK_PEER_ROLLED_BACK"],
      [{ received: 3, consumed: 2, released: 5 }, "MK_PEER_ROLLED_BACK"], [{ received: 3, consumed: 3, released: 4 }, "MK_PEER_ROLLED_BACK"],
      // Of another life of this node: they mean nothing.
      [{ knownIncarnation: "a-0", received: 99, consumed: 99, released: 0 }, "fine"],
      [{ knownIncarnation: "", received: 99, consumed: 99, released: 9 }, "MK_PEER_ROLLED_BACK"],
    ];
    for (const [over, code] of cases) assert.equal(codeOf(() => checkNumbers(hello(over), channel, "a-1")), code, JSON.stringify(over));
  });

  it("of two connections, both sides keep the same one", () => {
    for (const [older, newer] of [[true, false], [false, true]] as const) {
      assert.notEqual(newerWins("a", "b", older, newer), newerWins("a", "b", newer, older));
      // What one side dialled, the other did not.
      assert.equal(newerWins("a", "b", older, newer), newerWins("b", "a", !older, !newer));
    }
    assert.ok(newerWins("a", "b", true, true) && newerWins("b", "a", false, false), "the older of two of the same side is dead");
  });
});

describe("a key", () => {
  it("F31: is known, pinned, waits or is refused", () => {
    const claim: Claim = { peer: "b", key: "K", pinned: "", configured: undefined, dialled: false, dials: false, acceptsAny: false };
    const cases: [Partial<Claim>, verdict: string][] = [
      [{ pinned: "K" }, "known"], [{ pinned: "L" }, "MK_PEER_KEY_CHANGED"], [{ pinned: "L", dialled: true, acceptsAny: true }, "MK_PEER_KEY_CHANGED"],
      [{ configured: "L" }, "MK_PEER_KEY_CHANGED"], [{ configured: "L", pinned: "K" }, "MK_PEER_KEY_CHANGED"], [{ configured: "K" }, "pin"], [{ configured: "K", pinned: "K" }, "known"],
      [{ configured: "K", pinned: "L" }, "MK_PEER_KEY_CHANGED"], [{ dialled: true }, "pin"], [{ acceptsAny: true }, "pin"], [{ dials: true }, "wait"], [{}, "MK_PEER_UNPINNED"],
    ];
    for (const [over, verdict] of cases) assert.equal(codeOf(() => checkKey({ ...claim, ...over })), verdict, JSON.stringify(over));
  });
});
