/**
 * The computation on a graph: its graphs are what they say, its results are right by another way of getting them, and come out the same in
 * worlds in which everything fails and from processes of which each is killed.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { simulate } from "#maceken/sim/sim.js";
import { graphNamed, undirected, vertexCount, type Graph } from "../../examples/graph/graph.ts";
import { isBefore } from "../../examples/graph/independent-set.ts";
import { plainResult } from "../../examples/graph/plain.ts";
import { graphWorld } from "../../examples/graph/world.ts";
import { repository } from "../lib/consumer-project.ts";

const name = "power-2000-7";
const parts = 3;

function linksOf({ offsets, targets }: Graph, vertex: number): Int32Array {
  return targets.subarray(offsets[vertex], offsets[vertex + 1]);
}

test("WordNet has its 117,791 synsets and 378,203 pointers", () => {
  const graph = graphNamed("wordnet");
  assert.equal(vertexCount(graph), 117_791);
  assert.equal(graph.targets.length, 378_203);
  assert.ok(graph.targets.every((target) => target >= 0 && target < 117_791));
});

test("a generated graph is always the same, and few of its vertices have many links", () => {
  const graph = graphNamed(name);
  assert.deepEqual(graphNamed(name), graph);
  assert.notDeepEqual(graphNamed("power-2000-8"), graph);
  const both = undirected(graph);
  const degrees = Array.from({ length: 2000 }, (_, v) => linksOf(both, v).length).sort((a, b) => b - a);
  assert.ok(degrees[0]! > 60 && degrees[1000]! <= 6, `${degrees[0]}, ${degrees[1000]}`);
  assert.throws(() => graphNamed("ring-9"), /is no graph/);
});

test("the independent set is that of taking vertices one by one", () => {
  const graph = undirected(graphNamed(name));
  const chosen = new Set<number>();
  for (const v of Array.from({ length: 2000 }, (_, each) => each).sort((a, b) => (isBefore(a, b) ? -1 : 1))) if (!linksOf(graph, v).some((neighbour) => chosen.has(neighbour))) chosen.add(v);
  const { results } = plainResult({ graph: name, what: "independent set", rounds: 0, pauseMs: 0 }, parts);
  assert.deepEqual(new Set(results.flatMap((result) => [...result])), chosen);
  assert.ok(chosen.size > 500 && chosen.size < 1500);
});

test("PageRank is that of one loop over all links", () => {
  const graph = graphNamed(name);
  const rounds = 20;
  let ranks = new Float64Array(2000).fill(1 / 2000);
  for (let round = 0; round < rounds; round++) {
    const next = new Float64Array(2000);
    let loose = 0;
    ranks.forEach((rank, v) => {
      const links = linksOf(graph, v);
      if (links.length === 0) loose += rank;
      for (const to of links) next[to]! += rank / links.length;
    });
    ranks = next.map((sum) => (0.15 + 0.85 * loose) / 2000 + 0.85 * sum);
  }
  const { results } = plainResult({ graph: name, what: "page rank", rounds, pauseMs: 0 }, parts);
  assert.ok(Math.abs(ranks.reduce((sum, rank) => sum + rank, 0) - 1) < 1e-9);
  results.forEach((result, part) => result.forEach((rank, i) => assert.ok(Math.abs(rank - ranks[i * parts + part]!) < 1e-15)));
});

for (const what of ["page rank", "independent set"] as const) {
  test(`a world in which everything fails comes to the same ${what}`, async (t) => {
    const seed = Number(process.env["MACEKEN_SEED"] ?? 0) || Math.floor(Math.random() * 1e6) + 1;
    t.diagnostic(`MACEKEN_SEED=${seed}`);
    const { violation, figures } = await simulate(graphWorld({ graph: "power-40-7", what, rounds: 5, pauseMs: 200 }, parts), { seed, seeds: 10, faultyMs: 2_000 });
    assert.equal(violation, undefined, violation && `seed ${violation.seed}: ${violation.property}: ${violation.what}`);
    assert.ok(figures.crashes > 0);
  });
}

test("processes of which each is killed come to it too", async () => {
  const child = spawn(process.execPath, ["--import", "maceken/register", "examples/graph/main.ts", "--graph", name, "--workers", String(parts), "--rounds", "12", "--pause-ms", "80"], { cwd: repository, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += String(text)));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  assert.equal(code, 0, output);
  assert.match(output, /^graph: PASS seed \d+$/m);
  assert.equal(output.match(/under kills +[\d.]+ s +\d+ rounds +[4-9] kills {2}the result of a plain loop, to the last bit/g)?.length, 2, output);
});
