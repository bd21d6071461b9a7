/**
 * The leaf set of Pastry (Rowstron and Druschel, Middleware 2001, section 2.2): the nodes whose keys are nearest to one's own, as many on
 * either side. A value inside a service's state; it sends nothing.
 */
import { clockwise, distance, type Key } from "./key.ts";
import type { Place } from "./overlay.ts";

export class LeafSet<T = unknown> {
  readonly own: Place<T>;
  /** How many on a side. */
  readonly side: number;
  /** Counter-clockwise, the nearest first. In a ring of few nodes one may be on both sides. */
  before: readonly Place<T>[] = [];
  /** Clockwise, the nearest first. */
  after: readonly Place<T>[] = [];

  constructor(own: Place<T>, side: number) {
    this.own = own;
    this.side = side;
  }

  /** Whether anything changed. */
  add(place: Place<T>): boolean {
    if (place.key === this.own.key) return false;
    const before = inserted(this.before, place, this.side, (key) => clockwise(key, this.own.key));
    const after = inserted(this.after, place, this.side, (key) => clockwise(this.own.key, key));
    if (before !== undefined) this.before = before;
    if (after !== undefined) this.after = after;
    return before !== undefined || after !== undefined;
  }

  /** Whether it was there. */
  remove(key: Key): boolean {
    const has = this.has(key);
    if (has) {
      this.before = this.before.filter((place) => place.key !== key);
      this.after = this.after.filter((place) => place.key !== key);
    }
    return has;
  }

  has(key: Key): boolean {
    return this.before.some((place) => place.key === key) || this.after.some((place) => place.key === key);
  }

  /** Each once, without the own one. */
  get members(): readonly Place<T>[] {
    return [...this.before, ...this.after.filter(({ key }) => !this.before.some((place) => place.key === key))];
  }

  /** Whether the node nearest to `key` must be among those here. */
  covers(key: Key): boolean {
    const [first, last] = [this.before.at(-1), this.after.at(-1)];
    // Sides that are not full, or that meet, mean that these are all nodes there are.
    if (first === undefined || last === undefined || this.before.length < this.side || this.after.length < this.side || this.after.some((place) => place.key === first.key)) return true;
    return clockwise(first.key, key) <= clockwise(first.key, last.key);
  }

  /** The one nearest to `key`, the own one included; of two that are as near, the smaller key. */
  nearest(key: Key): Place<T> {
    return nearestOf([this.own, ...this.members], key)!;
  }
}

/** Of two that are as near, the smaller key, so that all agree. Undefined for none. */
export function nearestOf<T>(places: readonly Place<T>[], key: Key): Place<T> | undefined {
  let best: Place<T> | undefined;
  let least = 0n;
  for (const place of places) {
    const far = distance(place.key, key);
    if (best === undefined || far < least || (far === least && place.key < best.key)) [best, least] = [place, far];
  }
  return best;
}

/** Undefined when it changes nothing. */
function inserted<T>(side: readonly Place<T>[], place: Place<T>, most: number, far: (key: Key) => bigint): readonly Place<T>[] | undefined {
  if (side.some(({ key }) => key === place.key)) return undefined;
  const own = far(place.key);
  const at = side.findIndex(({ key }) => far(key) > own);
  const index = at < 0 ? side.length : at;
  if (index >= most) return undefined;
  return [...side.slice(0, index), place, ...side.slice(index)].slice(0, most);
}
