/** The world of world.ts with Chord as it was published: who joins knows one node, and when that departs, it is cut off. */
import { chordWorld, fiveNodes } from "./world.ts";

export default chordWorld({ version: "published", ...fiveNodes });
