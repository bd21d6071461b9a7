/**
 * What predicates said of states, as far as they looked at nothing but services, or at those and what clients were answered: of all states
 * that are alike in that they say the same, whatever is under way. Most states differ in that alone, so most questions are answered from
 * here. Bounded: an entry gives its place to the next with the same hash. What is false is asked again, for the text that says what is wrong.
 */
import type { Predicate } from "../sim/world-definition.ts";
import { looked, type AppView } from "./app-view.ts";
import { hashLow } from "./model.ts";

const entries = 1 << 15;
const said = { nothing: 0, true: 1, otherwise: 2 } as const;

/** By the values of some places of a state. */
class Remembered {
  readonly #places: readonly number[];
  readonly #predicates: number;
  /** By entry, the values, each + 1. */
  readonly #keys: Int32Array;
  /** By entry and predicate. */
  readonly said: Uint8Array;

  constructor(places: readonly number[], predicates: number) {
    this.#places = places;
    this.#predicates = predicates;
    this.#keys = new Int32Array(entries * places.length);
    this.said = new Uint8Array(entries * predicates);
  }

  /** Where in `said` that of such a state begins. */
  entryOf(state: Int32Array): number {
    const places = this.#places;
    const width = places.length;
    const keys = this.#keys;
    let hash = 0;
    for (let i = 0; i < width; i++) hash ^= hashLow(i, state[places[i]!]!);
    const entry = (hash >>> 0) % entries;
    const at = entry * width;
    const from = entry * this.#predicates;
    for (let i = 0; i < width; i++) {
      if (keys[at + i] === state[places[i]!]! + 1) continue;
      for (let each = 0; each < width; each++) keys[at + each] = state[places[each]!]! + 1;
      this.said.fill(said.nothing, from, from + this.#predicates);
      break;
    }
    return from;
  }
}

export class PredicateMemory {
  readonly #view: AppView;
  readonly #predicates = new Map<Predicate, number>();
  readonly #services: Remembered;
  readonly #answers: Remembered;
  /** By predicate: it has looked at answers before, so what it says is kept with them. */
  readonly #looksAtAnswers: boolean[];
  #state: Int32Array = new Int32Array(0);
  #servicesEntry = 0;
  /** -1: nobody has asked yet. */
  #answersEntry = -1;

  constructor(view: AppView, predicates: readonly Predicate[]) {
    this.#view = view;
    for (const predicate of predicates) this.#predicates.set(predicate, this.#predicates.size);
    const { nodes, clients } = view.places;
    this.#services = new Remembered(nodes, this.#predicates.size);
    this.#answers = new Remembered([...nodes, ...clients], this.#predicates.size);
    this.#looksAtAnswers = predicates.map(() => false);
  }

  /** The state that is asked about from now on. It stays as it is meanwhile. */
  turnTo(state: Int32Array): void {
    this.#view.turnTo(state);
    this.#state = state;
    this.#servicesEntry = this.#services.entryOf(state);
    this.#answersEntry = -1;
  }

  holds(predicate: Predicate): boolean {
    const index = this.#predicates.get(predicate)!;
    const memory = this.#looksAtAnswers[index]! ? this.#answers : this.#services;
    const at = this.#entryIn(memory) + index;
    const known = memory.said[at]!;
    if (known !== said.nothing) return known === said.true;
    const view = this.#view;
    view.looked = looked.services;
    const holds = predicate(view) === true;
    if (view.looked === looked.services || (view.looked === looked.answers && memory === this.#answers)) memory.said[at] = holds ? said.true : said.otherwise;
    else if (view.looked === looked.answers) this.#looksAtAnswers[index] = true;
    return holds;
  }

  #entryIn(memory: Remembered): number {
    if (memory === this.#services) return this.#servicesEntry;
    if (this.#answersEntry < 0) this.#answersEntry = this.#answers.entryOf(this.#state);
    return this.#answersEntry;
  }

  /** What is wrong, of a predicate that does not hold. */
  wrong(predicate: Predicate): string {
    const answer = predicate(this.#view);
    return typeof answer === "string" ? answer : "it does not hold";
  }
}
