/** The transitions between the states of a search, as it found them: from each, in order, to which, and of what source. 6 bytes each. */
import { assert } from "../base/assert.ts";

export class StateGraph {
  /** By state, where its transitions begin; of one that was never expanded there are none. */
  readonly #begins: number[] = [];
  #targets = new Int32Array(1024);
  #sources = new Uint16Array(1024);
  readonly #expanded: boolean[] = [];
  #count = 0;

  /** States with smaller numbers are done. */
  begin(state: number): void {
    while (this.#begins.length <= state) this.#begins.push(this.#count);
    this.#expanded[state] = true;
  }

  add(target: number, source: number): void {
    if (this.#count === this.#targets.length) {
      const [targets, sources] = [this.#targets, this.#sources];
      this.#targets = new Int32Array(this.#count * 2);
      this.#sources = new Uint16Array(this.#count * 2);
      this.#targets.set(targets);
      this.#sources.set(sources);
    }
    assert(source < 0x10000, "a world has fewer than 65,536 sources of actions");
    this.#targets[this.#count] = target;
    this.#sources[this.#count++] = source;
  }

  get transitions(): number {
    return this.#count;
  }

  /** False for states at which the search was bounded: what comes after them is not known. */
  isExpanded(state: number): boolean {
    return this.#expanded[state] === true;
  }

  /** Transitions from `begins(state)` up to `begins(state + 1)` are the state's. */
  begins(state: number): number {
    return this.#begins[state] ?? this.#count;
  }

  target(transition: number): number {
    return this.#targets[transition]!;
  }

  source(transition: number): number {
    return this.#sources[transition]!;
  }
}
