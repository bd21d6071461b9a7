/**
 * The properties of ways, held against one random walk: which of them it has not come to, and since when. Whether it never could is
 * dead-walk.ts's.
 */
import type { Predicate, Property } from "../sim/world-definition.ts";
import type { WayProperty } from "./way-properties.ts";

export interface Unmet {
  readonly property: WayProperty;
  /** From this state of the walk on it is waited for. */
  readonly since: number;
}

export class WalkWays {
  readonly #properties: readonly WayProperty[];
  /** By property; -1: nothing is waited for. */
  readonly #since: number[];
  /** Of the states of the walk under way. */
  #count = 0;

  constructor(properties: readonly Property[]) {
    this.#properties = properties.filter((property): property is WayProperty => property.kind !== "always");
    this.#since = this.#properties.map(() => -1);
  }

  begin(): void {
    this.#count = 0;
    for (const [index, { kind }] of this.#properties.entries()) this.#since[index] = kind === "eventually" ? 0 : -1;
  }

  /** The next state of the walk. */
  look(state: { holds(predicate: Predicate): boolean }): void {
    const at = this.#count++;
    for (const [index, property] of this.#properties.entries()) {
      const isWaiting = this.#since[index]! >= 0;
      // What came true once is no more asked of `eventually`.
      if (!isWaiting && (property.kind === "eventually" || (property.kind === "leadsTo" && !state.holds(property.from)))) continue;
      if (state.holds(property.holds)) this.#since[index] = -1;
      else if (!isWaiting) this.#since[index] = at;
    }
  }

  /** The next state is one that is not looked at. */
  skip(): void {
    this.#count++;
  }

  /** Those that the walk has waited for in its last `least` states at least. */
  unmet(least: number): Unmet[] {
    return this.#properties.flatMap((property, index) => (this.#since[index]! >= 0 && this.#count - this.#since[index]! >= least ? [{ property, since: this.#since[index]! }] : []));
  }
}
