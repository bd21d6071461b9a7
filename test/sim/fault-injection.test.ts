/** Faults end: whatever overlaps with whatever, afterwards each link is again as it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededChoices } from "#maceken/sim/choices.js";
import { FaultInjection } from "#maceken/sim/fault-injection.js";
import type { PlannedFault } from "#maceken/sim/fault-plan.js";
import { SimulatedNetwork } from "#maceken/sim/simulated-network.js";
import { Timeline } from "#maceken/sim/timeline.js";

const kinds = { "slow link": "latencyMs", "lossy link": "lossPerMille", "clogged link": "bytesPerMs", "small reads": "maxReadBytes" } as const;

function injected(plan: readonly PlannedFault[]) {
  const timeline = new Timeline(new SeededChoices(1));
  const network = new SimulatedNetwork(timeline, ["a", "b"], (from, to) => ({ from, to, latencyMs: 1, jitterMs: 0, lossPerMille: 0, bytesPerMs: Infinity, blocked: 0, maxReadBytes: 4_096 }));
  const injection = new FaultInjection({ timeline, network, machines: new Map(), timeGoesBack() {} }, plan);
  const until = (atMs: number): void => {
    while (timeline.step(atMs));
  };
  return { injection, link: network.link("a", "b"), until };
}

for (const [kind, what] of Object.entries(kinds) as ReadonlyArray<[keyof typeof kinds, (typeof kinds)[keyof typeof kinds]]>) {
  const fault = (atMs: number, ms: number, amount: number): PlannedFault => ({ kind, from: "a", to: "b", atMs, ms, amount });

  test(`${kind}: of two that overlap the latest holds, and both end`, () => {
    const { link, until } = injected([fault(10, 100, 7), fault(50, 100, 9), fault(60, 10, 11)]);
    const healthy = link[what];
    const seen = [20, 55, 65, 75, 115, 155].map((atMs) => {
      until(atMs);
      return link[what];
    });
    assert.deepEqual(seen, [7, 9, 11, 9, 9, healthy]);
  });

  test(`${kind}: a world that is healed in the middle of two has none`, () => {
    const { injection, link, until } = injected([fault(10, 100, 7), fault(50, 100, 9)]);
    const before = { ...link };
    until(60);
    injection.heal();
    assert.deepEqual({ ...link }, before);
    until(1_000);
    assert.deepEqual({ ...link }, before);
  });
}
