/** Goal: of a peer that has to dial this node something is said when it cannot, or does not. Method: time moved by hand; and a real node. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Note } from "#maceken/kernel/kernel-effect.js";
import { watchAbsentPeers } from "#maceken/node/absent-peers.js";
import { Folder } from "../cli/harness.ts";

test("a peer without an address that has not connected after a minute is named, one that has is not", () => {
  const notes: Note[] = [];
  let due: (() => void) | undefined;
  watchAbsentPeers({
    peers: ["here", "away"], listen: "10.0.0.5:7101", isAway: (peer) => peer === "away", onNote: (note) => notes.push(note),
    later: (action, afterMs) => {
      assert.equal(afterMs, 60_000);
      due = action;
    },
  });
  assert.deepEqual(notes, []);
  due!();
  assert.deepEqual(notes.map(({ level, message }) => [level, message]), [["warn", "away has not connected for 60 s: it has no address here and has to dial 10.0.0.5:7101"]]);
});

test("a node that does not listen says at once that such a peer can never come", async () => {
  const folder = new Folder();
  const node = folder.start(["run", "bank.ts", "--name", "bank", "--data", "data", "--peer", "auction", "--peer", "shop=127.0.0.1:9"]);
  await node.until(/warn {2}this node and auction can never meet: auction has no address here, and this node does not listen/, "stderr");
  assert.doesNotMatch(node.stderr, /shop/);
});
