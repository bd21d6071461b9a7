/**
 * The examples' worlds and what a search of each must come to: how many states there are, or which property is violated and in how many
 * turns at the least. `npm run check:examples` explores them all, `npm test` those that are quick. Explores nothing itself.
 */
import type { CheckOptions, WorldDefinition } from "#maceken/check/check.js";
import type { Model } from "#maceken/check/model.js";
import { chordWorld, fiveNodes, invariant, ringProperties } from "../../examples/chord/world.ts";
import { fourNodes } from "../../examples/chord/lost-ring.ts";
import { inTurn, raftWorld } from "../../examples/raft/world.ts";
import { commitWorld } from "../../examples/two-phase-commit/world.ts";
import { TwoPhaseCommitSpecification } from "../check/two-phase-commit-specification.ts";

export type Expected =
  /** Every state that can be reached, or every one within `maxDepth`, and nothing wrong in any. */
  | { readonly states: number; readonly depth: number }
  | { readonly violated: string; readonly turns: number };

/** A model that is no world, and what is wrong in a state of it. */
export interface HandWritten {
  readonly model: Model;
  violation(state: Int32Array): string | undefined;
}

export interface CheckedWorld {
  /** Unique. Up to the comma the folder of examples whose README tells of it. */
  readonly name: string;
  /** A file below examples/, as `maceken check` takes it, or one that no file declares. */
  readonly what: string | (() => WorldDefinition | HandWritten);
  readonly options?: CheckOptions;
  readonly expected: Expected;
  /** "quick": among the tests too. "long": some ten seconds. "full": minutes, and only when asked for. */
  readonly takes: "quick" | "long" | "full";
}

const withoutKen = { persistence: "none" } as const;
const differently = "no two participants decide differently";
const twoLeaders = "election safety: a term has one leader at most";
const notMatching = "log matching: logs with the same entry at an index are the same up to it";
const incomplete = "leader completeness: a leader has what was committed in earlier terms";
const figure8 = { terms: 4, commands: [["x"], ["y"], []], stands: inTurn };

function specification(managers: number): HandWritten {
  const model = new TwoPhaseCommitSpecification(managers);
  return { model, violation: (state) => (model.isConsistent(state) ? undefined : differently) };
}

const commit = (participants: number, symmetric: boolean) => () => commitWorld(participants, undefined, { symmetric });

export const checkedWorlds: readonly CheckedWorld[] = [
  { name: "two-phase-commit, specification, 3 managers", what: () => specification(3), expected: { states: 288, depth: 10 }, takes: "quick" },
  { name: "two-phase-commit, specification, 5 managers", what: () => specification(5), expected: { states: 8_832, depth: 16 }, takes: "quick" },
  { name: "two-phase-commit, specification, 7 managers", what: () => specification(7), expected: { states: 296_448, depth: 22 }, takes: "quick" },
  { name: "two-phase-commit, 2 participants", what: commit(2, false), expected: { states: 55, depth: 7 }, takes: "quick" },
  { name: "two-phase-commit, 3 participants", what: "two-phase-commit/world.ts", expected: { states: 517, depth: 10 }, takes: "quick" },
  { name: "two-phase-commit, 4 participants", what: commit(4, false), expected: { states: 5_199, depth: 13 }, takes: "quick" },
  { name: "two-phase-commit, 5 participants", what: commit(5, false), expected: { states: 51_497, depth: 16 }, takes: "quick" },
  { name: "two-phase-commit, 6 participants", what: commit(6, false), expected: { states: 495_215, depth: 19 }, takes: "long" },
  { name: "two-phase-commit, 2 alike", what: commit(2, true), expected: { states: 32, depth: 7 }, takes: "quick" },
  { name: "two-phase-commit, 3 alike", what: commit(3, true), expected: { states: 122, depth: 10 }, takes: "quick" },
  { name: "two-phase-commit, 4 alike", what: commit(4, true), expected: { states: 406, depth: 13 }, takes: "quick" },
  { name: "two-phase-commit, 5 alike", what: commit(5, true), expected: { states: 1_172, depth: 16 }, takes: "quick" },
  { name: "two-phase-commit, the first vote decides", what: "two-phase-commit/hasty-world.ts", expected: { violated: differently, turns: 5 }, takes: "quick" },
  { name: "two-phase-commit, without Ken", what: "two-phase-commit/world.ts", options: withoutKen, expected: { violated: "when all is quiet, everybody knows", turns: 2 }, takes: "quick" },

  { name: "marketplace, two lots and two bidders", what: "marketplace/small-world.ts", expected: { states: 45_506, depth: 32 }, takes: "quick" },
  { name: "marketplace, without Ken", what: "marketplace/small-world.ts", options: withoutKen, expected: { violated: "money is conserved", turns: 4 }, takes: "quick" },

  { name: "raft, one term", what: "raft/world.ts", expected: { states: 24_685, depth: 24 }, takes: "quick" },
  { name: "raft, one term, without Ken", what: "raft/world.ts", options: withoutKen, expected: { violated: twoLeaders, turns: 7 }, takes: "quick" },
  { name: "raft, one candidate", what: "raft/one-candidate.ts", expected: { states: 3_201, depth: 25 }, takes: "quick" },
  { name: "raft, one candidate, without Ken", what: "raft/one-candidate.ts", options: withoutKen, expected: { violated: notMatching, turns: 13 }, takes: "quick" },
  { name: "raft, two terms", what: "raft/two-terms.ts", expected: { states: 5_780_794, depth: 41 }, takes: "long" },
  { name: "raft, two candidates in turn, three terms", what: () => raftWorld({ ...figure8, terms: 3 }), expected: { states: 2_755_899, depth: 52 }, takes: "long" },
  { name: "raft, two candidates in turn, four terms", what: () => raftWorld(figure8), expected: { states: 47_343_189, depth: 60 }, takes: "full" },
  { name: "raft, persisted by hand", what: "raft/mistakes/persists-by-hand.ts", expected: { states: 31_659, depth: 25 }, takes: "quick" },
  { name: "raft, the vote not persisted by hand", what: "raft/mistakes/forgotten-vote.ts", expected: { violated: twoLeaders, turns: 7 }, takes: "quick" },
  { name: "raft, the term not persisted by hand", what: "raft/mistakes/forgotten-term.ts", expected: { violated: twoLeaders, turns: 7 }, takes: "quick" },
  { name: "raft, a volatile vote", what: "raft/mistakes/volatile-vote.ts", expected: { violated: twoLeaders, turns: 6 }, takes: "quick" },
  { name: "raft, a second vote in a term", what: "raft/mistakes/second-vote.ts", expected: { violated: twoLeaders, turns: 6 }, takes: "quick" },
  { name: "raft, a vote for a stale log", what: "raft/mistakes/stale-log.ts", expected: { violated: incomplete, turns: 13 }, takes: "long" },
  { name: "raft, an entry of an older term committed", what: "raft/mistakes/older-term.ts", expected: { violated: incomplete, turns: 24 }, takes: "long" },

  { name: "chord, as published, nobody departs", what: () => chordWorld({ version: "published", nodes: 4, ring: [0, 1, 2], joins: [[3, 0]], questions: 1 }), expected: { states: 4_084, depth: 40 }, takes: "quick" },
  { name: "chord, as published, five nodes", what: "chord/published-world.ts", expected: { violated: "ConnectedAppendages", turns: 17 }, takes: "quick" },
  { name: "chord, corrected, five nodes", what: "chord/world.ts", expected: { states: 441_768, depth: 56 }, takes: "long" },
  { name: "chord, as published, a lost ring", what: "chord/lost-ring.ts", expected: { violated: "AtLeastOneRing", turns: 46 }, takes: "long" },
  { name: "chord, corrected, the same world", what: () => chordWorld({ version: "corrected", ...fourNodes }), expected: { states: 232_242, depth: 60 }, takes: "long" },
  { name: "chord, corrected, two questions at once", what: () => chordWorld({ version: "corrected", nodes: 4, ring: [0, 1, 2], joins: [[3, 0]], departures: [3], questions: 2, properties: [...ringProperties, ...invariant] }), expected: { states: 43_016, depth: 50 }, takes: "quick" },
  { name: "chord, corrected, five nodes, two questions at once", what: () => chordWorld({ version: "corrected", ...fiveNodes, departures: [2], departsBetween: false, questions: 2 }), expected: { states: 2_901_032, depth: 67 }, takes: "long" },
  { name: "chord, corrected, an overtaken answer", what: "chord/overtaken-answer.ts", expected: { violated: "AtLeastOneRing", turns: 29 }, takes: "long" },
];
