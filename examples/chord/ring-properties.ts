/**
 * What must hold of a Chord ring, in Zave's words ("Using Lightweight Modeling to Understand Chord", 2012, and the paper of 2017). The ring
 * are the members that lead back to themselves, each by its first successor that is alive; the other members are appendages.
 */
import type { WorldView } from "maceken/check";
import { isBetween, listLength, type Chord } from "./chord.ts";

export class Ring {
  readonly members: readonly Chord[];
  readonly #byId: ReadonlyMap<number, Chord>;

  constructor(world: WorldView) {
    this.members = world.services<Chord>("chord").filter(({ isMember }) => isMember);
    this.#byId = new Map(this.members.map((member) => [member.id, member]));
  }

  /** Undefined when none of its list is alive. */
  bestSuccessor({ successors }: Chord): Chord | undefined {
    for (const id of successors) if (this.#byId.has(id)) return this.#byId.get(id);
    return undefined;
  }

  /** The members that `from` leads to, until they come again. */
  walk(from: Chord): readonly Chord[] {
    const way: Chord[] = [];
    for (let at = this.bestSuccessor(from); at !== undefined && !way.includes(at); at = this.bestSuccessor(at)) way.push(at);
    return way;
  }

  get ring(): readonly Chord[] {
    return this.members.filter((member) => this.walk(member).includes(member));
  }

  hasOneLiveSuccessor(): boolean {
    return this.members.every((member) => this.bestSuccessor(member) !== undefined);
  }

  hasAtLeastOneRing(): boolean {
    return this.ring.length > 0;
  }

  hasAtMostOneRing(): boolean {
    const [first, ...others] = this.ring;
    return first === undefined || others.every((other) => this.walk(first).includes(other));
  }

  isOrdered(): boolean {
    const { ring } = this;
    return ring.every((member) => !ring.some((other) => other !== member && isBetween(member.id, other.id, this.bestSuccessor(member)!.id)));
  }

  hasConnectedAppendages(): boolean {
    const { ring } = this;
    return this.members.every((member) => ring.includes(member) || this.walk(member).some((reached) => ring.includes(reached)));
  }

  /** What a member's list skips over, no list of a member that points to it does have: otherwise it would come and go. */
  hasValidLists(): boolean {
    return this.members.every((member) => {
      const skipped = this.members.filter(({ id }) => isSkipped(member, id));
      return this.members.every((before) => before.successors[0] !== member.id || before === member || skipped.every(({ id }) => !before.successors.includes(id)));
    });
  }

  /** Members that nobody's list skips over. */
  get principals(): readonly Chord[] {
    return this.members.filter(({ id }) => !this.members.some((member) => isSkipped(member, id)));
  }

  /** A list with its owner before it and no node twice. */
  hasNoDuplicates(): boolean {
    return this.members.every(({ id, successors }) => new Set([id, ...successors]).size === successors.length + 1);
  }

  isIdeal(): boolean {
    const ids = this.members.map(({ id }) => id).sort((a, b) => a - b);
    return this.members.every(({ id, predecessor, successors }) => {
      const after = (steps: number): number => ids[(ids.indexOf(id) + steps) % ids.length]!;
      return predecessor === after(ids.length - 1) && successors.length === listLength && successors.every((successor, at) => successor === after(at + 1));
    });
  }
}

function isSkipped({ id: owner, successors }: Chord, id: number): boolean {
  const list = [owner, ...successors];
  return list.some((from, at) => at + 1 < list.length && from !== list[at + 1] && isBetween(from, id, list[at + 1]!));
}
