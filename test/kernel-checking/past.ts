/** What happens to the pasts of nodes: disks lost, restored, put back. Remembers what a past that is gone had done, for those who saw it. */
import type { KernelWorld } from "#maceken/sim/kernel-world.js";
import type { DiskCopy, SimulatedNode } from "#maceken/sim/simulated-node.js";
import { workerOf } from "./expected.ts";
import type { Witness } from "./witness.ts";

export type PastEvent = "rebirth" | "backup" | "restore" | "old";

export class Past {
  readonly #world: KernelWorld;
  readonly #witness: Witness;
  readonly #copies = new Map<SimulatedNode, DiskCopy>();
  /** By node, then by who told it: what it has got in pasts that are gone. */
  readonly got = new Map<string, Map<string, Set<string>>>();
  /** Nodes that run on older data, in the same life: nobody may talk with them. */
  readonly rolledBack = new Set<string>();

  constructor(world: KernelWorld, witness: Witness) {
    this.#world = world;
    this.#witness = witness;
  }

  happen(event: PastEvent, node: SimulatedNode): void {
    const world = this.#world;
    if (event === "backup") {
      this.#copies.set(node, world.copyDisk(node));
      return;
    }
    if (node.kernel !== undefined) {
      this.remember(node);
      world.crash(node, "all");
    }
    this.#witness.forget(node);
    if (event === "rebirth") world.putBack(node, { durable: [], snapshot: undefined, blocks: new Map(), restoredAs: undefined });
    else if (event === "restore") world.restore(node, this.#copies.get(node)!);
    else {
      world.putBack(node, this.#copies.get(node)!);
      this.rolledBack.add(node.name);
    }
  }

  /** What it has got will be seen by nobody if its past goes. */
  remember(node: SimulatedNode): void {
    const byTeller = this.got.get(node.name) ?? new Map<string, Set<string>>();
    this.got.set(node.name, byTeller);
    for (const [from, items] of workerOf(node).got) byTeller.set(from, new Set([...(byTeller.get(from) ?? []), ...items]));
  }
}
