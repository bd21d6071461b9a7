/** Two-phase commit as services: a coordinator and its participants, each of which may refuse. */
import { app, ref, Service, type Messages, type Outcome, type Ref } from "#maceken/index.js";
import { always, call, world } from "#maceken/check/check.js";

type Decision = "undecided" | "committed" | "aborted";

export class Participant extends Service {
  static readonly messages: Messages<Participant> = { prepare: true, decide: true };
  state: "working" | "prepared" | "committed" | "aborted" = "working";

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

/** With the mistake that is made: the first vote decides. */
export class HastyCoordinator extends Coordinator {
  static override readonly messages: Messages<HastyCoordinator> = { commit: true };
  protected override onVote(outcome: Outcome<boolean>) {
    if (this.decision === "undecided") this.decide(outcome.ok && outcome.value ? "committed" : "aborted");
  }
}

export function commitWorld(participants: number, Manager: typeof Coordinator = Coordinator, options: { readonly symmetric?: boolean } = {}) {
  const names = Array.from({ length: participants }, (_, number) => `p${number + 1}`);
  const participant = app({ version: 1 }).service("participant", () => new Participant());
  const coordinator = app({ version: 1 }).service("coordinator", () => new Manager(names.map((name) => ref<Participant>(`${name}/participant`))));
  return world({
    nodes: { manager: coordinator, ...Object.fromEntries(names.map((name) => [name, participant])) },
    ...(options.symmetric === true ? { symmetric: [names] } : {}),
    clients: { somebody: [call<Coordinator>("manager/coordinator").commit()] },
    properties: [
      always("no two participants decide differently", (world) => {
        const states = world.services<Participant>("participant").map(({ state }) => state);
        return !(states.includes("committed") && states.includes("aborted"));
      }),
      always("when all is quiet, everybody knows", (world) => {
        if (!world.isQuiet) return true;
        const { decision } = world.service<Coordinator>("manager/coordinator")!;
        const open = world.services<Participant>("participant").filter(({ state }) => state !== decision);
        return open.length === 0 || `${open.length} participants do not know that it is ${decision}`;
      }),
    ],
  });
}
