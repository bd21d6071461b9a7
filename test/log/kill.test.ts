/**
 * A real process on the real disk, killed at random instants: what it said was durable is there. Sync itself is not
 * proved by this (the counted syncs do that).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { NodeDisk } from "#maceken/log/disk-node.js";
import { openTurnLog } from "#maceken/log/recover.js";
import { verifyLog } from "#maceken/log/verify.js";
import { effort, generator, testSeed } from "./harness.ts";

const root = mkdtempSync(join(tmpdir(), "maceken-kill-"));
after(() => rmSync(root, { recursive: true }));
const disk = new NodeDisk();
const options = { segmentBytes: 65536, firstSegmentBytes: 16384, sliceBytes: 8192, salt: 3 };

const child = `
  const { NodeDisk } = await import(${JSON.stringify(import.meta.resolve("#maceken/log/disk-node.js"))});
  const { openTurnLog } = await import(${JSON.stringify(import.meta.resolve("#maceken/log/recover.js"))});
  const { writeSync } = await import("node:fs");
  let turn = 0, snapshots = 0;
  const opened = openTurnLog(new NodeDisk(), {
    directory: process.argv[1], ...${JSON.stringify(options)},
    onDurable(last) { writeSync(1, last + "\\n"); setImmediate(fill); },
    onFailed(error) { throw error; },
  });
  turn = opened.lastTurn;
  for (const _ of opened.records);
  const { log } = opened;
  function fill() {
    while (turn < log.durableTurn + 20) log.append(Uint8Array.of(turn + 1 & 255, 1, 2, 3, 4, 5, 6, 7, 8), ++turn);
    log.flush();
    if (turn >> 10 > snapshots) {
      snapshots = turn >> 10;
      const writer = log.beginSnapshot(turn);
      writer.write(Uint8Array.of(turn & 255));
      writer.finish(new Set(), () => {});
    }
  }
  fill();
`;

test("F01: SIGKILL at random instants loses nothing that was durable", async () => {
  const random = generator(testSeed("kill"));
  const directory = mkdtempSync(join(root, "d"));
  let told = 0;
  for (let round = 0; round < 8 * effort; round++) {
    const process_ = spawn(process.execPath, ["--input-type=module", "--eval", child, directory], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    process_.stdout.on("data", (data: Buffer) => (output += data.toString()));
    await once(process_.stdout, "data");
    setTimeout(() => process_.kill("SIGKILL"), random() * 120);
    await once(process_, "close");
    // The last line may be cut in the middle.
    told = Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1));
    assert.equal(verifyLog(disk, directory, options.salt).problem, null);
    const opened = openTurnLog(disk, { directory, ...options, onDurable: () => {}, onFailed: () => {} });
    assert.ok(opened.lastTurn >= told, `round ${round}: ${told} was durable, ${opened.lastTurn} recovered`);
    let turn = opened.snapshot?.atTurn ?? 0;
    for (const entry of opened.records) assert.equal(entry.bytes[0], ++turn & 255);
    assert.equal(turn, opened.lastTurn);
    await new Promise<void>((resolve) => opened.log.close(resolve));
  }
  console.log(`# ${told} turns`);
});
