/**
 * Goal: the simulator finds what it is for. Method: mistakes planted into the kernel (mutants.ts) and into an app; each is found within a
 * bounded number of seeds, and the run that shows it is made smaller. How many runs each took is printed.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { simulate } from "#maceken/sim/sim.js";
import type { InternalOptions } from "#maceken/sim/simulate.js";
import { hastyShops, shops } from "./worlds.ts";
import { mutants } from "./mutants.ts";

const seeds = 150;

describe("a mistake in the kernel is found", () => {
  for (const [name, tampering] of Object.entries(mutants)) {
    test(name, async (t) => {
      const options: InternalOptions = { seeds, tampering, faultyMs: 2_000, settleMs: 60_000, shrink: false };
      const { violation, figures } = await simulate(shops(), options);
      assert.ok(violation !== undefined, `not found in ${seeds} seeds`);
      t.diagnostic(`seed ${violation.seed} of ${figures.runs}: ${violation.property}: ${violation.what.split("\n")[0]}`);
    });
  }
});

test("a mistake in an app is found, and the run is made smaller", async (t) => {
  const { violation } = await simulate(hastyShops(), { seeds: 60 });
  assert.equal(violation?.property, "what is sold is paid");
  assert.ok(violation.faults.length <= 2, `it needs ${violation.faults.join(", ")}`);
  const calls = Object.values(violation.calls).flat();
  t.diagnostic(`seed ${violation.seed}, ${calls.length} calls: ${violation.what}`);
  assert.ok(calls.length <= 6, `${calls.length} calls are left`);
  assert.ok(violation.trace.some(({ what }) => what.startsWith("VIOLATION")));
});
