/** A world's properties over one run: "always" after every turn and every answer; the others are judged when the run is over. */
import type { Predicate, Property, WorldView } from "./world-definition.ts";

interface Watched {
  readonly property: Property;
  /** Has held at least once; of "leadsTo": nothing is owed. */
  isMet: boolean;
}

export class PropertyWatch {
  readonly #view: WorldView;
  readonly #always: Property[];
  readonly #ways: Watched[];
  readonly #violated: (property: string, what: string) => void;

  constructor(properties: readonly Property[], view: WorldView, violated: (property: string, what: string) => void) {
    this.#view = view;
    this.#violated = violated;
    this.#always = properties.filter(({ kind }) => kind === "always");
    this.#ways = properties.filter(({ kind }) => kind !== "always").map((property) => ({ property, isMet: property.kind === "leadsTo" }));
  }

  /** After a turn, or an answer to a client. */
  look(): void {
    for (const { name, holds } of this.#always) {
      const answer = holds(this.#view);
      if (answer !== true) this.#violated(name, answer === false ? "it does not hold" : answer);
    }
    for (const watched of this.#ways) {
      const { property } = watched;
      if (property.kind === "leadsTo") {
        if (watched.isMet && holdsIn(property.from, this.#view)) watched.isMet = false;
        if (!watched.isMet && holdsIn(property.holds, this.#view)) watched.isMet = true;
      } else if (property.kind === "eventually" && !watched.isMet) watched.isMet = holdsIn(property.holds, this.#view);
    }
  }

  /** Something is still to come true. */
  get isOwed(): boolean {
    return this.#ways.some(({ property, isMet }) => (property.kind === "eventuallyAlways" ? !holdsIn(property.holds, this.#view) : !isMet));
  }

  /** Nothing more happens that was to happen. */
  end(): void {
    // Of a world in which there was no turn but births, this is the first look.
    this.look();
    for (const { property, isMet } of this.#ways) {
      if (property.kind === "eventuallyAlways") {
        const answer = property.holds(this.#view);
        if (answer !== true) this.#violated(property.name, answer === false ? "it does not hold in the end" : answer);
      } else if (!isMet) this.#violated(property.name, property.kind === "leadsTo" ? "what it leads from held, and what it leads to has not held since" : "it has never held");
    }
  }
}

function holdsIn(predicate: Predicate, view: WorldView): boolean {
  return predicate(view) === true;
}
