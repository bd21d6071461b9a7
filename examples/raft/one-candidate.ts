/**
 * A world in which one member alone stands for election, in one term. It holds; without Ken (`--without-ken`) the leader that crashed
 * uses its term a second time, and two entries of one term and index are not the same.
 */
import { raftWorld } from "./world.ts";

export default raftWorld({ terms: 1, commands: [["x", "y"], [], []], stands: (member) => member === 0 });
