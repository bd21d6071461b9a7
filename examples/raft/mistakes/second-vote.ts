/** Votes for everybody who asks, and not for one candidate in a term: two get a majority. */
import { Raft } from "../raft.ts";
import { raftWorld } from "../world.ts";

export class VotesTwice extends Raft {
  protected override hasVoteFor(): boolean {
    return true;
  }
}

export default raftWorld({ Member: VotesTwice, terms: 1, commands: [["x"], ["y"], []] });
