/** A larger world: everybody may stand for election in two terms. Nearly six million states. */
import { raftWorld } from "./world.ts";

export default raftWorld({ terms: 2, commands: [["x"], [], []] });
