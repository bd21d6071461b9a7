/**
 * Goal: whether two nodes may talk is decided right in every case, not only in those that simulated nodes come across (K3, faults 25,
 * 31). Method: the pure decisions of the handshake and of pinning, case by case; who knows whom is in handshake.test.ts.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MaceKenError } from "#maceken/base/error.js";
import { protocolVersion, type Hello } from "#maceken/protocol/frame.js";
import { checkGreeting, newerWins } from "#maceken/protocol/handshake.js";
import { checkKey, type Claim } from "#maceken/protocol/pinning.js";

function codeOf(action: () => unknown): string {
  try {
    return String(action() ?? "fine");
  } catch (error) {
    if (error instanceof MaceKenError) return error.code;
    throw error;
  }
}

const hello = (over: Partial<Hello> = {}): Hello => ({ version: protocolVersion, node: "b", incarnation: "b-1", knownIncarnation: "a-1", received: 0, consumed: 0, released: 0, acknowledged: 0, maxMessageBytes: 1 << 24, ...over });
const self = { node: "a", incarnation: "a-1" };

describe("a greeting", () => {
  it("F31: is refused for its version, its name, and for being this node's own", () => {
    const cases: [Partial<Hello>, dialled: string | undefined, proved: boolean, code: string][] = [
      [{}, undefined, false, "fine"],
      [{}, "b", false, "fine"],
      [{ version: protocolVersion + 1 }, undefined, true, "MK_PROTOCOL_VERSION"],
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
