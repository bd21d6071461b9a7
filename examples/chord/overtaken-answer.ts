/**
 * The corrected version where nodes depart at any time, also while an answer of theirs is under way: its proof takes a question and its
 * answer for one step. When both nodes that the answer names are gone before it arrives, the ring is lost.
 */
import { chordWorld, fiveNodes } from "./world.ts";

export default chordWorld({ version: "corrected", ...fiveNodes, departsBetween: false });
