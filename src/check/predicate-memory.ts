/**
 * What predicates said of states, as far as they looked at nothing but services: of all states with the same services they say the same,
 * whatever is under way. Most states differ in that alone, so most questions are answered from here. Bounded: an entry gives its place to
 * the next with the same hash. What is false is asked again, for the text that says what is wrong.
 */
import type { Predicate } from "../sim/world-definition.ts";
import type { AppView } from "./app-view.ts";
import { hashLow } from "./model.ts";

const entries = 1 << 15;
const said = { nothing: 0, true: 1, otherwise: 2 } as const;

export class PredicateMemory {
  readonly #view: AppView;
  readonly #predicates = new Map<Predicate, number>();
  /** By entry, the states of the nodes, each + 1. */
  readonly #nodes: Int32Array;
  /** By entry and predicate. */
  readonly #said: Uint8Array;
  readonly #width: number;
  #entry = 0;

  constructor(view: AppView, predicates: readonly Predicate[]) {
    this.#view = view;
    for (const predicate of predicates) this.#predicates.set(predicate, this.#predicates.size);
    this.#width = view.nodes.length;
    this.#nodes = new Int32Array(entries * this.#width);
    this.#said = new Uint8Array(entries * this.#predicates.size);
  }

  /** The state that is asked about from now on. */
  turnTo(state: Int32Array): void {
    this.#view.turnTo(state);
    const width = this.#width;
    let hash = 0;
    for (let node = 0; node < width; node++) hash ^= hashLow(node, state[node]!);
    const entry = (hash >>> 0) % entries;
    this.#entry = entry;
    const nodes = this.#nodes;
    const at = entry * width;
    for (let node = 0; node < width; node++) {
      if (nodes[at + node] === state[node]! + 1) continue;
      for (let each = 0; each < width; each++) nodes[at + each] = state[each]! + 1;
      this.#said.fill(said.nothing, entry * this.#predicates.size, (entry + 1) * this.#predicates.size);
      return;
    }
  }

  holds(predicate: Predicate): boolean {
    const at = this.#entry * this.#predicates.size + this.#predicates.get(predicate)!;
    const known = this.#said[at]!;
    if (known !== said.nothing) return known === said.true;
    this.#view.readsOnlyServices = true;
    const holds = predicate(this.#view) === true;
    if (this.#view.readsOnlyServices) this.#said[at] = holds ? said.true : said.otherwise;
    return holds;
  }

  /** What is wrong, of a predicate that does not hold. */
  wrong(predicate: Predicate): string {
    const answer = predicate(this.#view);
    return typeof answer === "string" ? answer : "it does not hold";
  }
}
