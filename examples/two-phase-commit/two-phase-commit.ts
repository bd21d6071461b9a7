/**
 * Two-phase commit as services: a coordinator asks its participants, each of which may refuse, and tells all of them what comes of it.
 * There is no log here and no recovery, which are the larger part of this protocol elsewhere: state persists, and messages arrive.
 */
import { Service, type Messages, type Outcome, type Ref } from "maceken";

export type Decision = "undecided" | "committed" | "aborted";

export class Participant extends Service {
  static readonly messages: Messages<Participant> = { prepare: true, decide: true };
  state: "working" | "prepared" | Exclude<Decision, "undecided"> = "working";

  /** Whether it can commit is not its own doing: chance says. */
  prepare(): boolean {
    if (this.turn.random() < 0.5) {
      this.state = "aborted";
      return false;
    }
    this.state = "prepared";
    return true;
  }

  decide(commit: boolean) {
    this.state = commit ? "committed" : "aborted";
  }
}

export class Coordinator extends Service {
  static readonly messages: Messages<Coordinator> = { commit: true };
  decision: Decision = "undecided";
  votes = 0;
  /** In no order, as far as anybody should tell. */
  readonly participants: Set<Ref<Participant>>;
  constructor(participants: Ref<Participant>[]) {
    super();
    this.participants = new Set(participants);
  }

  commit() {
    for (const participant of this.participants) this.turn.when(participant.prepare(), this.onVote);
  }

  protected onVote(outcome: Outcome<boolean>) {
    if (this.decision !== "undecided") return;
    if (!outcome.ok || !outcome.value) this.decide("aborted");
    else if (++this.votes === this.participants.size) this.decide("committed");
  }

  protected decide(decision: Decision) {
    this.decision = decision;
    for (const participant of this.participants) participant.decide(decision === "committed");
  }
}
