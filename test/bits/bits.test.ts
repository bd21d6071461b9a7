/**
 * Goal: no flipped bit anywhere in a data directory changes what a node recovers in silence (fault 6). Method: a node with its kernel on a
 * directory of which one bit at a time is turned over (`npm run bits` tries every one), its state compared to the last mark.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyLog } from "#maceken/log/verify.js";
import { generator } from "../lib/generator.ts";
import { largeDirectory, smallDirectory } from "./directories.ts";
import { BitFlipper } from "./flips.ts";
import { directory, recoverNode } from "./memory-node.ts";
import { flipOtherFiles } from "./other-files.ts";

const seed = Number(process.env["MACEKEN_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const effort = Number(process.env["MACEKEN_EFFORT"] ?? 1);
const random = generator(seed);

test("F06: one flipped bit of manifest, log or snapshot is refused by file and place, or leaves the same state", (context) => {
  context.diagnostic(`seed ${seed} (MACEKEN_TEST_SEED repeats it)`);
  for (const [what, flipper] of [["small", new BitFlipper(smallDirectory("marked"))], ["large", new BitFlipper(largeDirectory())]] as const) {
    if (what === "small") flipper.tryAll(Math.max(1, Math.round(80 / effort)), random);
    else flipper.tryMany(200 * effort, random);
    context.diagnostic(`${what}: ${JSON.stringify(flipper.counts)}`);
    assert.deepEqual(flipper.violations, []);
    assert.ok(flipper.counts.refused > flipper.counts.tried / 5);
    assert.equal(flipper.counts.torn, 0);
    if (what === "small") assert.deepEqual([...new Set(flipper.files.map(({ name }) => name.split("-")[0]))], ["log", "maceken.manifest", "outbox", "snapshot"]);
  }
});

test("F06: without a mark the very last group may look torn, and nothing else may go", (context) => {
  const less = smallDirectory("one less");
  const built = smallDirectory("unmarked");
  const flipper = new BitFlipper(built, recoverNode(less.disk, less.sizes).digest);
  // The segment with the last group; the others are as above.
  const { name } = verifyLog(built.disk, directory, 77).files.findLast(({ groups }) => groups > 0)!;
  const { usedBits } = flipper.files.find((file) => file.name === name)!;
  for (let bit = 0; bit < usedBits; bit += 1 + random(Math.max(1, Math.round(16 / effort)))) flipper.try(name, bit);
  context.diagnostic(JSON.stringify(flipper.counts));
  assert.deepEqual(flipper.violations, []);
  assert.ok(flipper.counts.torn > 10);
});

test("F06: one flipped bit of key, certificate and notes is refused by name, or leaves the same key", async (context) => {
  const { counts, violations } = await flipOtherFiles(Math.max(1, Math.round(8 / effort)), 6, random);
  context.diagnostic(JSON.stringify(counts));
  assert.deepEqual(violations, []);
  assert.ok(counts.refused > counts.tried / 4);
});

test("a change in silence would be found", () => {
  const built = smallDirectory("marked");
  const flipper = new BitFlipper(built);
  // A whole other directory in its place: checksums fit, the state does not.
  const other = smallDirectory("one less");
  for (const name of built.disk.list(directory)) built.disk.unlink(`${directory}/${name}`);
  for (const name of other.disk.list(directory)) {
    const contents = other.disk.contents(`${directory}/${name}`);
    const file = built.disk.create(`${directory}/${name}`);
    built.disk.write(file, 0, contents, 0, contents.length);
  }
  const { name, bits } = flipper.files[0]!;
  flipper.try(name, bits - 1);
  assert.equal(flipper.violations.length, 1);
});
