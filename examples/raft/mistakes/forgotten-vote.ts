/** The vote is not written to disk: whoever crashed votes once more in the same term, and it gets two leaders. */
import { raftWorld } from "../world.ts";
import { PersistsByHand } from "./persists-by-hand.ts";

export class ForgetsVotes extends PersistsByHand {
  override crash() {
    super.crash();
    this.votedFor = null;
  }
}

export default raftWorld({ Member: ForgetsVotes, terms: 1, commands: [["x"], [], []], crashes: 2 });
