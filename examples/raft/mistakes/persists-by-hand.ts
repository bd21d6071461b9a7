/**
 * Raft as it is written where nothing persists by itself: what the paper says must be durable is made so by hand, and a crash loses the
 * rest. This one does it right, and holds. Its crash is a message, which the world's client "power-cut" sends at any time.
 */
import type { Messages } from "maceken";
import { Raft } from "../raft.ts";
import { raftWorld } from "../world.ts";

export class PersistsByHand extends Raft {
  static override readonly messages: Messages<PersistsByHand> = { ...Raft.messages, crash: true };

  /** `term`, `votedFor` and `log` are on disk. */
  crash() {
    this.follow();
    this.commitIndex = 0;
  }
}

export default raftWorld({ Member: PersistsByHand, terms: 1, commands: [["x"], [], []], crashes: 2 });
