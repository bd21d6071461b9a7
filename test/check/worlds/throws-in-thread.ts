/** A world whose property fails where it is searched by a thread that helps. */
import { isMainThread } from "node:worker_threads";
import { always, world } from "maceken/check";
import { Coordinator } from "../../../examples/two-phase-commit/two-phase-commit.ts";
import { commitWorld } from "../../../examples/two-phase-commit/world.ts";

const { nodes, clients } = commitWorld(3);

export default Object.assign(commitWorld(3), {
  nodes, clients,
  properties: [always("nobody looks", (view) => {
    if (!isMainThread && view.service<Coordinator>("manager/coordinator") instanceof Coordinator) throw new RangeError("a thread has looked");
    return true;
  })],
}) as ReturnType<typeof world>;
