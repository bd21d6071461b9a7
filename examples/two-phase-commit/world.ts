/** The world of two-phase commit: a coordinator, some participants and a client who wants it; and what must hold. */
import { app, ref, type Messages, type Outcome } from "maceken";
import { always, call, world } from "maceken/check";
import { Coordinator, Participant } from "./two-phase-commit.ts";

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

export default commitWorld(3);
