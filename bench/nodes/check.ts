/** Searches of the examples' worlds, and of one of them written by hand, in one process; on one core but for one. */
import { check, type CheckOptions, type WorldDefinition } from "#maceken/check/check.js";
import { fileURLToPath } from "node:url";
import { explore } from "#maceken/check/explore.js";
import { coresFor } from "#maceken/cli/check-cores.js";
import { chordWorld, fiveNodes } from "../../examples/chord/world.ts";
import twoTerms from "../../examples/raft/two-terms.ts";
import { commitWorld } from "../../examples/two-phase-commit/world.ts";
import { obey } from "../lib/obey.ts";
import { profilerCommands } from "../lib/profiler.ts";
import { explorePacked, mostParticipants } from "./packed-two-phase-commit.ts";

export interface Searched {
  readonly statesPerSecond: number;
  readonly transitionsPerSecond: number;
  readonly bytesPerState: number;
}

async function search(definition: WorldDefinition, options: CheckOptions = {}): Promise<Searched> {
  const { states, transitions, seconds, bytesPerState, violation } = await check(definition, options);
  if (violation !== undefined) throw new Error(`${violation.property}: ${violation.what}`);
  return { statesPerSecond: states / seconds, transitionsPerSecond: transitions / seconds, bytesPerState };
}

const walkTurns = 200;
const twoTermsFile = fileURLToPath(new URL("../../examples/raft/two-terms.ts", import.meta.url));

/** Seconds from the beginning to the end. */
async function secondsOn(cores: number, maxStates: number): Promise<number> {
  const { seconds, end } = await explore(twoTerms, { maxStates }, { ...coresFor(twoTermsFile, cores), from: 0 });
  if (end !== "states" && end !== "complete") throw new Error(`the search ended with ${end}`);
  return seconds;
}

obey({
  ...profilerCommands,
  raft: (maxStates: number) => search(twoTerms, { maxStates }),
  chord: (maxStates: number) => search(chordWorld({ version: "corrected", ...fiveNodes }), { maxStates }),
  /** How many times as fast two cores are as one, threads and all. */
  cores: async (maxStates: number) => {
    const one = await secondsOn(1, maxStates);
    return one / (await secondsOn(2, maxStates));
  },
  commit: () => search(commitWorld(mostParticipants)),
  walk: async (steps: number) => (await search(twoTerms, { walk: { steps, seed: 1, maxSteps: walkTurns } })).transitionsPerSecond,
  packed: () => {
    const begun = performance.now();
    const { states } = explorePacked(mostParticipants);
    return (states / (performance.now() - begun)) * 1000;
  },
});
