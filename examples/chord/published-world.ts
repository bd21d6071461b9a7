/** The world of world.ts with Chord as it was published: who joins is told of one node, by somebody who has not noticed that it is gone. */
import { chordWorld, fiveNodes } from "./world.ts";

export default chordWorld({ version: "published", ...fiveNodes });
