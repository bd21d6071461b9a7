/**
 * Mistakes that were made with Raft and published, each as a member that makes it and is right otherwise. The first three are mistakes of
 * persistence: they need somebody who persists by hand, and `PersistsByHand` does so rightly.
 */
import { volatile, type Messages, type Ref } from "maceken";
import { Raft } from "./raft.ts";

/** Makes durable what the paper says must be: a crash loses the rest, and nothing else. */
export class PersistsByHand extends Raft {
  static override readonly messages: Messages<PersistsByHand> = { ...Raft.messages, crash: true };

  crash() {
    this.follow();
    this.commitIndex = 0;
  }
}

/** The vote is forgotten: whoever crashed votes twice in a term. */
export class ForgetsVotes extends PersistsByHand {
  override crash() {
    super.crash();
    this.votedFor = null;
  }
}

/** The term is forgotten: after a crash terms begin anew, and are used twice. */
export class ForgetsTerms extends PersistsByHand {
  override crash() {
    super.crash();
    this.term = 0;
  }
}

/** The same as ForgetsVotes, without a word of crashes: a volatile field is one that a crash loses, and any turn may be the first after one. */
export class VolatileVote extends Raft {
  override votedFor: Ref<Raft> | null = volatile((): Ref<Raft> | null => null);
}

/** Commits whatever a majority holds: an entry of an earlier term too, which a later leader may not have (figure 8 of the paper). */
export class CountsReplicas extends Raft {
  protected override mayCommit(): boolean {
    return true;
  }
}

/** Votes for whoever asks first, and not only for those whose log has what its own has. */
export class VotesForAnybody extends Raft {
  protected override isUpToDate(): boolean {
    return true;
  }
}
