/**
 * The search core against what is known of other models: the numbers of states that two-phase commit has by its published
 * specification, shortest traces, bounds. The model of apps has its own tests.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BreadthFirst } from "#maceken/check/breadth-first.js";
import { FoundWays } from "#maceken/check/found-ways.js";
import { Frontier } from "#maceken/check/frontier.js";
import type { SearchRules } from "#maceken/check/state-layers.js";
import { VisitedStates } from "#maceken/check/visited-states.js";
import { hashHigh, hashLow, type Model, type Successors } from "#maceken/check/model.js";
import { TwoPhaseCommitSpecification } from "./two-phase-commit-specification.ts";

const nothing: SearchRules = { violation: () => undefined, isExpanded: () => true };

function explore(search: BreadthFirst) {
  for (;;) {
    const end = search.run(1000);
    if (end !== undefined) return end;
  }
}

for (const [managers, states] of [[3, 288], [5, 8_832], [7, 296_448]] as const) {
  test(`two-phase commit with ${managers} resource managers has ${states} states, all consistent`, (t) => {
    const model = new TwoPhaseCommitSpecification(managers);
    const search = new BreadthFirst(model, { ...nothing, violation: (state) => (model.isConsistent(state) ? undefined : "inconsistent") });
    const begun = performance.now();
    assert.equal(explore(search), "complete");
    const seconds = (performance.now() - begun) / 1000;
    assert.equal(search.visited.count, states);
    t.diagnostic(`${search.transitions} transitions, ${Math.round(search.transitions / seconds)} a second, ${search.visited.bytesPerState.toFixed(1)} bytes a state`);
  });
}

/** A walk on a grid from a corner: every state is reached on many ways, all equally long. */
class Grid implements Model {
  readonly width = 2;
  readonly #side: number;
  constructor(side: number) {
    this.#side = side;
  }
  initial() {
    return [new Int32Array(2)];
  }
  expand(state: Int32Array, successors: Successors): void {
    for (const place of [0, 1]) {
      if (state[place]! + 1 >= this.#side) continue;
      successors.add(place);
      successors.set(place, state[place]! + 1);
    }
  }
}

test("the first violation has a shortest trace, which walks from state to state", () => {
  const search = new BreadthFirst(new Grid(50), { ...nothing, violation: (state) => (state[0] === 7 && state[1] === 4 ? "there" : undefined) });
  assert.equal(explore(search), "violated");
  const steps = search.trace(search.violation!.state);
  assert.equal(steps.length, 12);
  assert.deepEqual([...steps.at(-1)!.state], [7, 4]);
  for (let i = 1; i < steps.length; i++) assert.equal(steps[i]!.state[0]! + steps[i]!.state[1]!, i);
});

test("bounds: states, depth, and a constraint", () => {
  const states = new BreadthFirst(new Grid(1000), nothing, { maxStates: 500 });
  assert.equal(explore(states), "states");
  assert.ok(states.visited.count >= 500 && states.visited.count < 510);
  const depth = new BreadthFirst(new Grid(1000), nothing, { maxDepth: 9 });
  assert.equal(explore(depth), "depth");
  assert.equal(depth.visited.count, 55, "the states that 9 actions lead to");
  const bounded = new BreadthFirst(new Grid(1000), { ...nothing, isExpanded: (state) => state[0]! < 3 && state[1]! < 5 });
  assert.equal(explore(bounded), "complete");
  assert.equal(bounded.visited.count, 3 * 5 + 5 + 3, "those that hold, and those next to them");
});

test("no two states of a million that look alike share a fingerprint, and a state costs 17 bytes or little more", (t) => {
  const visited = new VisitedStates(new FoundWays());
  const side = 1000;
  for (let x = 0; x < side; x++) {
    for (let y = 0; y < side; y++) assert.equal(visited.add(hashLow(0, x) ^ hashLow(1, y), hashHigh(0, x) ^ hashHigh(1, y), x, y), x * side + y);
  }
  assert.equal(visited.add(hashLow(0, 17) ^ hashLow(1, 4), hashHigh(0, 17) ^ hashHigh(1, 4), 0, 0), -1);
  assert.deepEqual([visited.ways.parentOf(17_004), visited.ways.actionOf(17_004)], [17, 4]);
  assert.ok(visited.has(hashLow(0, 5) ^ hashLow(1, 5), hashHigh(0, 5) ^ hashHigh(1, 5)));
  assert.ok(!visited.has(hashLow(0, 5) ^ hashLow(1, side), hashHigh(0, 5) ^ hashHigh(1, side)));
  t.diagnostic(`${visited.bytesPerState.toFixed(1)} bytes a state`);
  assert.ok(visited.bytesPerState < 24);
});

test("the fingerprint that stands for an empty place is a state like any other", () => {
  const visited = new VisitedStates(new FoundWays());
  assert.equal(visited.add(0, 0, -1, 0), 0);
  assert.equal(visited.add(0, 0, -1, 0), -1);
});

test("a frontier gives back what it was given, in order, however it grows and shrinks", () => {
  const frontier = new Frontier(3);
  const state = new Int32Array(3);
  let [given, taken] = [0, 0];
  for (let round = 1; round < 60; round++) {
    for (let i = 0; i < round * 97; i++, given++) frontier.push(new Int32Array([0, given, given * 2, given * 3]), 1, given, ~given, given * 5);
    for (let i = 0; i < round * 90; i++, taken++) {
      assert.equal(frontier.shift(state), taken);
      assert.deepEqual([...state, frontier.low, frontier.high], [taken, taken * 2, taken * 3, ~taken, taken * 5]);
    }
    assert.equal(frontier.length, given - taken);
  }
  for (; taken < given; taken++) assert.equal(frontier.shift(state), taken);
  assert.equal(frontier.length, 0);
});
