/**
 * How the cores of a search keep step: rounds with two meetings each, and what each core says of itself in memory that all see. A core
 * that is gone, or whose search has failed, ends the rounds of the others too. Knows nothing of states.
 */
import { MaceKenError } from "../base/error.ts";

/** Of the whole, in `control`. */
const place = { arrived: 0, round: 1, failed: 2, stop: 3, count: 4 } as const;
/**
 * Of each core, in `said`: the first two are said before the first meeting of a round and read before the second; the others are said
 * between the two and read before the next round's first. So nothing is written while somebody may still read it.
 */
const fields = ["layer", "waits", "next", "violated", "states", "transitions", "turnsExecuted", "turnsLookedUp"] as const;
type Field = (typeof fields)[number];
export type SaidOfLayer = Readonly<Record<"layer" | "waits", number>>;
export type SaidOfRound = Readonly<Record<Exclude<Field, keyof SaidOfLayer>, number>>;

/** After so long a core that waits looks whether anything else has happened. */
const lookMs = 20;

export interface RoundsMemory {
  readonly control: SharedArrayBuffer;
  readonly said: SharedArrayBuffer;
}

export class CoreRounds {
  readonly #control: Int32Array;
  readonly #said: Float64Array;
  readonly #core: number;
  readonly #cores: number;

  constructor({ control, said }: RoundsMemory, core: number) {
    this.#control = new Int32Array(control);
    this.#said = new Float64Array(said);
    this.#core = core;
    this.#cores = this.#said.length / fields.length;
  }

  static memory(cores: number): RoundsMemory {
    return { control: new SharedArrayBuffer(place.count * Int32Array.BYTES_PER_ELEMENT), said: new SharedArrayBuffer(cores * fields.length * Float64Array.BYTES_PER_ELEMENT) };
  }

  say(said: SaidOfLayer | SaidOfRound): void {
    for (const [field, value] of Object.entries(said)) this.#said[this.#core * fields.length + fields.indexOf(field as Field)] = value;
  }

  /** Over all cores. */
  sum(field: Field): number {
    let sum = 0;
    for (let core = 0; core < this.#cores; core++) sum += this.#said[core * fields.length + fields.indexOf(field)]!;
    return sum;
  }

  /** Asks all of them to end after this round. */
  stop(): void {
    Atomics.store(this.#control, place.stop, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#control, place.stop) !== 0;
  }

  /** Nobody waits for this core any more. */
  fail(): void {
    Atomics.store(this.#control, place.failed, 1);
    Atomics.notify(this.#control, place.round);
  }

  /** Waits for the others. Errors: MK_CORE_FAILED when one of them has failed. */
  async meet(): Promise<void> {
    const control = this.#control;
    const round = Atomics.load(control, place.round);
    if (Atomics.add(control, place.arrived, 1) === this.#cores - 1) {
      Atomics.store(control, place.arrived, 0);
      Atomics.add(control, place.round, 1);
      Atomics.notify(control, place.round);
      return;
    }
    while (Atomics.load(control, place.round) === round) {
      if (Atomics.load(control, place.failed) !== 0) throw new MaceKenError("MK_CORE_FAILED", "another core of the search has failed");
      // Whoever is told of a thread that has ended is told by the event loop.
      if (Atomics.wait(control, place.round, round, lookMs) === "timed-out") await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
