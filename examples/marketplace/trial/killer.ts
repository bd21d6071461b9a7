/**
 * SIGKILL to one process of the cluster at random, at random moments, about so many times a second. Some victims are just
 * starting, but not many: on a slow machine nothing else would ever happen.
 */
import type { Cluster } from "./cluster.ts";
import type { Dice } from "../../lib/dice.ts";

const sparedWhileStarting = 0.75;

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
      this.#kill();
      this.start();
    }, this.#gapMs * (0.5 + this.#dice.next()));
  }

  #kill(): void {
    const startingToo = this.#dice.next() >= sparedWhileStarting;
    const victims = this.#cluster.nodes.filter((node) => node.ready || startingToo);
    if (victims.length > 0) this.#dice.pick(victims).kill();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
