/**
 * SIGKILL to one process of the cluster at random, at random moments, about so many times a second. A process that is just
 * starting is as good a victim as any.
 */
import type { Cluster } from "./cluster.ts";
import type { Dice } from "./dice.ts";

export class Killer {
  readonly #cluster: Cluster;
  readonly #dice: Dice;
  readonly #gapMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(cluster: Cluster, dice: Dice, killsPerSecond: number) {
    this.#cluster = cluster;
    this.#dice = dice;
    this.#gapMs = 1_000 / killsPerSecond;
  }

  start(): void {
    if (!Number.isFinite(this.#gapMs)) return;
    this.#timer = setTimeout(() => {
      this.#dice.pick(this.#cluster.nodes).kill();
      this.start();
    }, this.#gapMs * (0.5 + this.#dice.next()));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
