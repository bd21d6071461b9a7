/** How fast the model checker is on service code: the examples' worlds, in one process on one core; and what a second core brings. */
import type { Case } from "../lib/case.ts";
import { Child } from "../lib/child.ts";
import { figure, type Figure } from "../lib/figure.ts";
import { summarise } from "../lib/statistics.ts";
import type { Searched } from "../nodes/check.ts";

const must = { states: 50_000, transitions: 200_000, steps: 500_000, bytes: 24 } as const;
/** Examples import "maceken" by its name: it is the build then, as everything else here. */
const ownBuild = ["--import", new URL("../../scripts/own-build.mjs", import.meta.url).href];

export const checkCase: Case = {
  name: "check",
  title: "check: states of service code a second",
  async run({ runs, full, nodeArgs, progress }) {
    const [maxStates, steps] = full ? [2_000_000, 5_000_000] : [400_000, 1_000_000];
    const found: Record<"raft" | "chord" | "commit", Searched[]> = { raft: [], chord: [], commit: [] };
    const walk: number[] = [];
    const packed: number[] = [];
    const cores: number[] = [];
    for (let run = 0; run < runs; run++) {
      progress(`run ${run + 1} of ${runs}`);
      const child = await Child.start({ module: new URL("../nodes/check.ts", import.meta.url), nodeArgs: [...nodeArgs, ...ownBuild] });
      try {
        // Once to warm up, once to count.
        for (const list of [[], found.raft]) list.push(await child.call("raft", maxStates));
        for (const list of [[], found.chord]) list.push(await child.call("chord", maxStates));
        for (const list of [[], walk]) list.push(await child.call("walk", steps));
        for (const list of [[], found.commit]) list.push(await child.call("commit"));
        for (const list of [[], packed]) list.push(await child.call("packed"));
        cores.push(await child.call("cores", maxStates * 4));
      } finally {
        await child.stop();
      }
    }
    const options = { better: "higher", sync: "none" } as const;
    const rates = (world: keyof typeof found, note: string): Figure[] => [
      figure(found[world].map(({ statesPerSecond }) => statesPerSecond), { ...options, name: `check.states-${world}`, unit: "states/s", must: { of: "value", bound: must.states }, note }),
      figure(found[world].map(({ transitionsPerSecond }) => transitionsPerSecond), { ...options, name: `check.transitions-${world}`, unit: "transitions/s", must: { of: "value", bound: must.transitions }, note }),
    ];
    const floor = { what: "the same states, written by hand", value: summarise(packed).median };
    return [
      ...rates("raft", "three nodes, two terms"),
      ...rates("chord", "five nodes, corrected"),
      figure(walk, { ...options, name: "check.walk-steps", unit: "steps/s", must: { of: "value", bound: must.steps }, note: "random walks through the world of check.states-raft" }),
      figure(found.raft.map(({ bytesPerState }) => bytesPerState), { name: "check.bytes", unit: "B/state", better: "lower", sync: "none", must: { of: "value", bound: must.bytes }, note: "of the set of visited states, in check.states-raft" }),
      figure(cores, { ...options, name: "check.two-cores", unit: "times", note: "as fast on two cores as on one: the world of check.states-raft, each from the start of its threads" }),
      figure(found.commit.map(({ statesPerSecond }) => statesPerSecond), { ...options, name: "check.states-commit", unit: "states/s", floor, note: "two-phase commit with six participants: 495,215 states" }),
    ];
  },
};
