/** How fast the simulator is: whole nodes with log, gate and frames, in one process on one core. */
import type { Case } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure } from "../lib/figure.ts";

const mustTurns = 50_000;
const mustSeconds = 1_000;

export const simulationCase: Case = {
  name: "simulation",
  title: "simulation: turns and simulated time a second",
  async run({ runs, full, nodeArgs, progress }) {
    const seeds = full ? 12 : 4;
    const tickingMs = full ? 300_000 : 60_000;
    const turns: number[] = [];
    const checked: number[] = [];
    const seconds: number[] = [];
    for (let run = 0; run < runs; run++) {
      progress(`run ${run + 1} of ${runs}`);
      const child = await Child.start({ module: new URL("../nodes/simulation.ts", import.meta.url), nodeArgs });
      try {
        // Once to warm up, once to count.
        for (const list of [[], turns]) list.push(await child.call("turns", seeds));
        for (const list of [[], seconds]) list.push(await child.call("seconds", tickingMs));
        checked.push(await child.call("checked", seeds));
      } finally {
        await child.stop();
      }
    }
    const simulated = { better: "higher", sync: "simulated" } as const;
    return [
      figure(turns, { name: "simulation.turns", unit: "turns/s", ...simulated, must: { of: "value", bound: mustTurns }, note: "two nodes, 100 in flight, without faults, audit and reference run" }),
      figure(checked, { name: "simulation.turns-checked", unit: "turns/s", ...simulated, note: "the same with faults, the audit in one seed of four, and the reference run" }),
      figure(seconds, { name: "simulation.seconds", unit: "s/s", ...simulated, must: { of: "value", bound: mustSeconds }, note: "five nodes, a timer each that fires ten times a second" }),
    ];
  },
};
