/**
 * Chord as it was published loses a whole ring, although no departure leaves a member without a successor that is alive: a member takes
 * its successor's predecessor for its successor without a look whether that is still there, and hands it on.
 */
import { chordWorld } from "./world.ts";

/** The corrected version holds in it. */
export const fourNodes = { nodes: 4, ring: [0, 1, 2], joins: [[3, 0]], departures: [1, 2], questions: 1 } as const;

export default chordWorld({ version: "published", ...fourNodes });
