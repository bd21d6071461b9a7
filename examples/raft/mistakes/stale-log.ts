/** Votes without a look at the candidate's log: who lacks what is committed becomes the leader, and overwrites it. */
import { Raft } from "../raft.ts";
import { raftWorld } from "../world.ts";

export class VotesForStaleLogs extends Raft {
  protected override isUpToDate(): boolean {
    return true;
  }
}

export default raftWorld({ Member: VotesForStaleLogs, terms: 2, commands: [["x"], [], []] });
