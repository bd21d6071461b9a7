/**
 * Commits whatever a majority holds, an entry of an earlier term too, which a later leader may lack (figure 8 of the paper, and its
 * section 5.4.2). It takes four terms, so the first two members stand for election in turn and the third only votes.
 */
import { Raft } from "../raft.ts";
import { inTurn, raftWorld } from "../world.ts";

export class CountsReplicas extends Raft {
  protected override mayCommit(): boolean {
    return true;
  }
}

export default raftWorld({ Member: CountsReplicas, terms: 4, commands: [["x"], ["y"], []], stands: inTurn });
