/**
 * Goal: a crash at any operation of the disk while a snapshot is written, in parts and with turns between, leaves a state that is
 * exactly the one after some turn, none before the last durable one (K1, K8); an unfinished snapshot is never used. Method: a life
 * with two snapshots of large collections is repeated with a crash before each operation and several outcomes of what was not synced.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk, SimulatedCrash } from "#maceken/sim/memory-disk.js";
import { largeMin } from "#maceken/heap/large-image.js";
import { exactText } from "../lib/exact.ts";
import { directory, LoggedHeap } from "./logged-heap.ts";

const segmentBytes = 8 * 1024;
const size = largeMin.elements + 10;

const makeRoot = () => ({
  map: new Map<unknown, unknown>(Array.from({ length: size }, (_, i) => [i, i % 50 === 0 ? { i } : i])),
  array: Array.from({ length: size }, (_, i): unknown => i), bytes: new Uint8Array(largeMin.bytes + 1), moved: {} as object, count: 0,
});

function change(root: any, turn: number): void {
  root.count = turn;
  root.map.delete(turn * 3);
  root.map.set(`new ${turn}`, { turn });
  if (turn % 4 === 0) root.map.delete(`new ${turn - 3}`), root.map.set(`new ${turn - 3}`, 1);
  root.array.push(root.array.shift());
  if (turn % 5 === 0) root.array.splice(turn * 9, 3, { turn });
  root.bytes[(turn * 2_111) % root.bytes.length] = turn;
  // From what is not written yet to what is.
  root.moved = root.map.get(size - (size % 50) - turn * 50) ?? root.moved;
}

/** What the state was after each turn. */
type States = string[];

function live(disk: MemoryDisk, states: States, report: (node: LoggedHeap) => void): void {
  const node = new LoggedHeap(disk, segmentBytes, makeRoot);
  report(node);
  const note = () => void (states[node.turns] = exactText(node.root));
  note();
  for (let turn = 2; turn < 44; turn++) {
    node.turn((root) => change(root, turn));
    note();
    if (turn % 3 === 1) node.undone((root) => change(root, turn + 100));
    if (turn % 2 === 0) node.log.flush();
    for (let i = turn % 4; i > 0; i--) disk.step();
    if (!node.takesSnapshot && (turn === 3 || turn === 26)) node.beginSnapshot();
    for (let i = 0; i < 2 && node.takesSnapshot; i++) node.slice(2_500);
  }
  while (node.takesSnapshot) node.slice(4_000);
  node.log.flush();
  disk.settle();
  assert.equal(node.log.counters.snapshots, 2);
}

const outcomes: Record<string, (disk: MemoryDisk, at: number) => MemoryDisk> = {
  "the process alone": (disk) => disk.restart(),
  "everything lost": (disk) => disk.crash(() => false),
  "everything kept": (disk) => disk.crash(() => true),
  "a prefix": (disk, at) => disk.crash((_, index) => index < at % (disk.unsynced.length + 1)),
  "every other one": (disk, at) => disk.crash((_, index) => (index + at) % 2 === 0),
};

test("F01, F10: a crash before every operation of the disk, around snapshots in parts", () => {
  const rehearsal = new MemoryDisk();
  rehearsal.makeDirectory(directory);
  live(rehearsal, [], () => {});
  let runs = 0;
  for (let at = 0; at < rehearsal.operations; at++) {
    const disk = new MemoryDisk();
    disk.makeDirectory(directory);
    disk.fault = (_, __, index) => (index === at ? "crash" : null);
    const states: States = [];
    let node: LoggedHeap | undefined;
    try {
      live(disk, states, (begun) => void (node = begun));
      continue;
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    }
    for (const [name, outcome] of Object.entries(outcomes)) {
      const what = `crash before operation ${at}, ${name}`;
      const after = new LoggedHeap(outcome(disk, at), segmentBytes, makeRoot);
      runs++;
      if (after.turns === 1 && states[1] === undefined) continue;
      assert.ok(after.turns >= (node?.durable ?? 0), `${what}: turn ${node?.durable} was durable, ${after.turns} recovered`);
      assert.equal(exactText(after.root) === states[after.turns], true, `${what}: the state after turn ${after.turns}`);
      // It lives on, and what it writes is recovered too.
      after.turn((root) => change(root, 50));
      after.log.flush();
      after.disk.settle();
      const text = exactText(after.root);
      if (at % 7 === 0) assert.equal(exactText(new LoggedHeap(after.disk.crash(() => false), segmentBytes, makeRoot).root) === text, true, `${what}: a turn later`);
    }
  }
  console.log(`# ${runs} recoveries`);
});
