/**
 * What a world says of single states, as rules of a search: its properties of states, that no handler throws, its constraint. Notes which
 * property the last violation broke.
 */
import type { AppModel } from "./app-model.ts";
import { AppView } from "./app-view.ts";
import type { SearchRules } from "./breadth-first.ts";
import type { WayProperties } from "./way-properties.ts";

export class WorldRules implements SearchRules {
  /** Of the last violation. */
  broken = "";
  readonly isBounded: boolean;
  readonly #model: AppModel;
  readonly #ways: WayProperties | undefined;
  readonly #view: AppView;

  /** `ways`: is shown every state too. */
  constructor(model: AppModel, ways?: WayProperties) {
    this.#model = model;
    this.#ways = ways;
    this.isBounded = model.definition.constraint !== undefined;
    this.#view = new AppView(model, model.initial()[0]!);
  }

  violation(state: Int32Array): string | undefined {
    const failure = this.#model.failureIn(state);
    if (failure !== undefined) {
      this.#ways?.skip();
      this.broken = "no handler throws";
      return failure;
    }
    const view = this.#view.turnTo(state);
    this.#ways?.look(view);
    for (const property of this.#model.definition.properties) {
      if (property.kind !== "always") continue;
      const answer = property.holds(view);
      if (answer === true) continue;
      this.broken = property.name;
      return answer === false ? "it does not hold" : answer;
    }
    return undefined;
  }

  isExpanded(state: Int32Array): boolean {
    const { constraint } = this.#model.definition;
    return this.#model.failureIn(state) === undefined && (constraint === undefined || constraint(this.#view.turnTo(state)) === true);
  }
}
