/**
 * The gate: outputs that are not messages to peers (answers, outside effects) wait here for the durability of their turn
 * (K2, K5, K10). In order: an output never overtakes one of an earlier turn.
 */
import { assert } from "../base/assert.ts";
import { Queue } from "../base/queue.ts";

interface Held<T> {
  readonly turn: number;
  readonly output: T;
}

export class Gate<T> {
  readonly #held = new Queue<Held<T>>();
  #lastTurn = 0;
  #durable = 0;

  hold(turn: number, output: T): void {
    assert(turn >= this.#lastTurn, "outputs come to the gate in the order of their turns (K2)");
    this.#lastTurn = turn;
    this.#held.push({ turn, output });
  }

  /** Turns up to `turn` are durable: hands over, in order, what waited for them. */
  open(turn: number, release: (output: T) => void): void {
    assert(turn >= this.#durable, "durability is monotone (K7)");
    this.#durable = turn;
    for (let next = this.#held.peek(); next !== undefined && next.turn <= turn; next = this.#held.peek()) {
      this.#held.shift();
      release(next.output);
    }
  }

  get length(): number {
    return this.#held.length;
  }
}
