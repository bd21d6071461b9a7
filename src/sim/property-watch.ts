/** A world's properties over one run: "always" after every turn and every answer; the others are judged when the run is over. */
import type { Predicate, Property, WorldView } from "./world-definition.ts";

interface Watched {
  readonly property: Property;
  /** Has held at least once; of "leadsTo": nothing is owed. */
  isMet: boolean;
}

export interface PropertyListener {
  violated(property: string, what: string): void;
  /** A predicate threw: within a step of a node, for whose failure it must not be taken. */
  threw(error: unknown): void;
}

export class PropertyWatch {
  readonly #view: WorldView;
  readonly #always: Property[];
  readonly #ways: Watched[];
  readonly #listener: PropertyListener;

  constructor(properties: readonly Property[], view: WorldView, listener: PropertyListener) {
    this.#view = view;
    this.#listener = listener;
    this.#always = properties.filter(({ kind }) => kind === "always");
    this.#ways = properties.filter(({ kind }) => kind !== "always").map((property) => ({ property, isMet: property.kind === "leadsTo" }));
  }

  /** After a turn, or an answer to a client. */
  look(): void {
    for (const { name, holds } of this.#always) {
      const answer = this.#ask(holds);
      if (answer !== true) this.#listener.violated(name, answer === false ? "it does not hold" : answer);
    }
    for (const watched of this.#ways) {
      const { property } = watched;
      if (property.kind === "leadsTo") {
        if (watched.isMet && this.#ask(property.from) === true) watched.isMet = false;
        if (!watched.isMet && this.#ask(property.holds) === true) watched.isMet = true;
      } else if (property.kind === "eventually" && !watched.isMet) watched.isMet = this.#ask(property.holds) === true;
    }
  }

  /** Something is still to come true. */
  get isOwed(): boolean {
    return this.#ways.some(({ property, isMet }) => (property.kind === "eventuallyAlways" ? this.#ask(property.holds) !== true : !isMet));
  }

  /** Nothing more happens that was to happen. */
  end(): void {
    // Of a world in which there was no turn but births, this is the first look.
    this.look();
    for (const { property, isMet } of this.#ways) {
      if (property.kind === "eventuallyAlways") {
        const answer = this.#ask(property.holds);
        if (answer !== true) this.#listener.violated(property.name, answer === false ? "it does not hold in the end" : answer);
      } else if (!isMet) this.#listener.violated(property.name, property.kind === "leadsTo" ? "what it leads from held, and what it leads to has not held since" : "it has never held");
    }
  }

  #ask(predicate: Predicate): boolean | string {
    try {
      return predicate(this.#view);
    } catch (error) {
      this.#listener.threw(error);
      return true;
    }
  }
}
