/** The suite runs and says what it promises to say. One case for a second: its figures are not judged here. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bounceCase } from "../../bench/cases/bounce.ts";
import { heapCase } from "../../bench/cases/heap.ts";
import { compare } from "../../bench/lib/compare.ts";
import { figure, isKept } from "../../bench/lib/figure.ts";
import { runSuite } from "../../bench/lib/harness.ts";
import { windowOf, type NodeSample } from "../../bench/lib/node-sample.ts";
import { tableOf, type Results } from "../../bench/lib/report.ts";
import { quantile } from "../../bench/lib/statistics.ts";

const directory = mkdtempSync(join(tmpdir(), "maceken-bench-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let results: Results;

test("a case gives figures with unit, spread, floor and sync policy", { timeout: 90_000 }, async () => {
  results = await runSuite([bounceCase(1)], { full: false, directory, lengths: { runs: 1, warmUpMs: 100, measureMs: 700 } });
  assert.deepEqual(results.failed, []);
  const { figures, machine } = JSON.parse(JSON.stringify(results)) as Results;
  assert.ok(machine.cores > 0 && machine.fileSystem !== "" && machine.node === process.version);
  for (const { name, unit, median, min, max, sync } of figures) {
    assert.ok(Number.isFinite(median) && min <= median && median <= max, `${name} is a number with its spread`);
    assert.ok(unit !== "" && sync !== "", `${name} says its unit and what made it durable`);
  }
  const hop = figures.find((each) => each.name === "bounce-1.hop-p50")!;
  assert.ok(hop.floor!.value > 0 && Math.abs(hop.ratio! - hop.median / hop.floor!.value) < 1e-9);
  assert.equal(figures.find((each) => each.name === "bounce-1.syncs")!.median > 0.5, true, "one in flight needs about a sync a turn");
});

test("the heap's figures are held against plain objects of the same process", { timeout: 90_000 }, async () => {
  const { figures, failed } = await runSuite([heapCase], { full: false, directory, lengths: { runs: 1, warmUpMs: 0, measureMs: 80 } });
  assert.deepEqual(failed, []);
  for (const { name, median, note, must, floor } of figures) {
    assert.ok(Number.isFinite(median) && note !== undefined, `${name} is a number, and says what it leaves out`);
    if (must?.of === "ratio") assert.ok(floor!.value > 0, `${name} has what its ratio is to`);
  }
});

test("the table has a line for each figure", () => {
  const lines = tableOf(results.figures).split("\n");
  assert.equal(lines.length, results.figures.length + 2);
  for (const [i, { name }] of results.figures.entries()) assert.ok(lines[i + 2]!.startsWith(name));
});

test("a node that writes groups and does not sync them gets no figures", () => {
  const sample = (at: number, syncs: number): NodeSample => ({ atMs: at, turns: at, cpuMs: at, syncs, groups: at, blockingSyncs: 0, logBytes: at });
  assert.throws(() => windowOf(sample(0, 0), sample(1000, 500)), /would not be durable/);
  assert.equal(windowOf(sample(0, 0), sample(1000, 1000)).turnsPerSecond, 1000);
});

test("bounds and regressions are judged by the right side of the number", () => {
  const floor = { what: "floor", value: 100 };
  const latency = figure([150, 250, 200], { name: "latency", unit: "us", better: "lower", sync: "none", floor, must: { of: "ratio", bound: 2 } });
  const rate = figure([50], { name: "rate", unit: "1/s", better: "higher", sync: "none", floor, must: { of: "value", bound: 60 } });
  assert.deepEqual([latency.median, latency.ratio, isKept(latency), rate.ratio, isKept(rate)], [200, 2, true, 2, false]);
  const slower = { ...results, figures: [{ ...latency, ratio: 2.5 }, rate] };
  assert.deepEqual(compare(slower, { ...results, figures: [latency, rate] }).regressions.length, 1);
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
});
