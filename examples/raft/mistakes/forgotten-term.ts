/** The term is not written to disk: after a crash terms begin anew, and one is used that others have used already. */
import { raftWorld } from "../world.ts";
import { PersistsByHand } from "./persists-by-hand.ts";

export class ForgetsTerms extends PersistsByHand {
  override crash() {
    super.crash();
    this.term = 0;
  }
}

export default raftWorld({ Member: ForgetsTerms, terms: 1, commands: [["x"], [], []], crashes: 2 });
