/** The corrected version without the three members that never depart, on which its proof rests: two are too few, and the ring is lost. */
import { chordWorld } from "./world.ts";

export default chordWorld({ version: "corrected", nodes: 5, ring: [0, 1], joins: [[2, 0], [3, 0], [4, 0]], departures: [2, 3], questions: 1 });
