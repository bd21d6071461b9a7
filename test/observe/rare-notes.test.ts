/** Goal: floods of notes become few that say how many there were, the last one too. Method: time that is moved by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Note } from "#maceken/kernel/kernel-effect.js";
import { ConnectionNotes } from "#maceken/node/connection-notes.js";
import { rareNotes } from "#maceken/observe/rare-notes.js";

function clock() {
  let now = 0;
  const due: { at: number; action: () => void }[] = [];
  return {
    later: (action: () => void, afterMs: number) => void due.push({ at: now + afterMs, action }),
    pass(ms: number): void {
      const until = now + ms;
      for (let next = due[0]; next !== undefined && next.at <= until; next = due[0]) {
        now = next.at;
        due.shift()!.action();
      }
      now = until;
    },
  };
}

const note = (message: string): Note => ({ level: "warn", message });

test("the first at once, the last of the others at the end of the pause with their number, pauses that double while it goes on", () => {
  const { later, pass } = clock();
  const said: string[] = [];
  const tell = rareNotes(({ message }) => said.push(message), { pauseMs: 1_000, longestPauseMs: 4_000, later });
  tell(note("1"));
  for (const message of ["2", "3", "4"]) tell(note(message));
  assert.deepEqual(said, ["1"]);
  pass(1_000);
  assert.deepEqual(said.splice(0), ["1", "4 (and 2 more such notes in 1 s)"]);
  tell(note("5"));
  pass(1_999);
  assert.deepEqual(said, []);
  pass(1);
  assert.deepEqual(said.splice(0), ["5"]);
  for (const seconds of [4, 4, 4]) {
    tell(note("6"));
    tell(note("7"));
    pass(seconds * 1_000);
    assert.deepEqual(said.splice(0), ["7 (and 1 more such note in 4 s)"]);
  }
  // Quiet for a pause: it begins anew.
  pass(4_000);
  tell(note("8"));
  tell(note("9"));
  pass(1_000);
  assert.deepEqual(said, ["8", "9"]);
});

test("notes of connections name the address; those of strangers come rarely, each code by itself, those of peers all", () => {
  const said: Note[] = [];
  const notes = new ConnectionNotes((each) => said.push(each), (connection) => `10.0.0.7:${connection}`);
  notes.note(note("of no connection"));
  for (const connection of [1, 2, 3]) {
    notes.note({ ...note("refused"), code: "MK_PEER_REFUSED", fields: { connection, remedy: "r" } });
    notes.note({ ...note("rubbish"), code: "MK_FRAME_MALFORMED", fields: { connection } });
    notes.note({ ...note("goodbye"), code: `MK_ANY_${connection}`, fields: { connection } });
    notes.note({ ...note("of a peer"), code: "MK_PEER_ROLLED_BACK", fields: { peer: "bank", connection } });
  }
  assert.deepEqual(said.map(({ message, fields }) => [message, (fields as { address?: string } | undefined)?.address]), [
    ["of no connection", undefined],
    ["refused", "10.0.0.7:1"], ["rubbish", "10.0.0.7:1"], ["goodbye", "10.0.0.7:1"], ["of a peer", "10.0.0.7:1"],
    ["of a peer", "10.0.0.7:2"], ["of a peer", "10.0.0.7:3"],
  ]);
});
