/**
 * Goal: eight nodes that are restarted one after the other under load, and then killed all at once, lose, double and reorder nothing, park
 * nothing, and are late at most (fault 37). Method: real processes in a ring (`npm run crash -- --scenario rolling,all-at-once` at length).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { auditFleet } from "./fleet-audit.ts";
import { runFleet } from "./fleet-run.ts";
import type { NodeReport } from "./report.ts";

test("F37: eight nodes, a rolling restart under load, then SIGKILL for all at once", { timeout: 180_000 }, async (context) => {
  const result = await runFleet({ scenario: ["rolling", "all-at-once"], nodes: 8, rounds: 1, clients: 4, lastKill: false });
  context.diagnostic(`${result.requests} requests; quiet: ${JSON.stringify(result.quiet)}, in all: ${JSON.stringify(result.all)}`);
  assert.deepEqual(result.violations, []);
  assert.equal(result.strokes, 16);
  assert.ok(result.requests > 20, "there was work to lose");
});

test("the audit of a fleet sees what is lost, doubled, reordered, parked and late", () => {
  const report = (over: object, more: object = {}): NodeReport => ({
    turn: 9, executed: 9, dead: [], pending: { calls: 0 }, counters: { parked: 0, failures: 0, retransmitted: 0, duplicates: 0, snapshots: 0 }, ...more,
    state: { kind: "stage", sent: 2, received: [1, 2], home: ["x"], passed: 1, waiting: 0, fired: [["x", 1]], ...over },
  });
  const audit = (over: object, more: object = {}): string[] => auditFleet(new Map([["n1", report(over, more)], ["n2", report({ home: [], fired: [] })]]), [{ id: "x", node: "n1", number: 1 }]);
  assert.deepEqual(audit({}), []);
  for (const over of [{ received: [1] }, { received: [1, 1] }, { received: [2, 1] }, { sent: 3 }, { home: ["x", "x"] }, { home: ["y"] }, { home: [] }, { waiting: 1 }, { fired: [["x", 2]] }, { fired: [] }]) {
    assert.notDeepEqual(audit(over), [], JSON.stringify(over));
  }
  for (const more of [{ dead: ["x"] }, { pending: { calls: 1 } }, { executed: 10 }, { counters: { parked: 1, failures: 4, retransmitted: 0, duplicates: 0, snapshots: 0 } }]) assert.notDeepEqual(audit({}, more), [], JSON.stringify(more));
});
