/**
 * The order of the keys of one large Map, Set or dictionary, kept beside it once a key was deleted from it, so that undoing a
 * delete can put the key back where it stood (K1) though the engine does not tell where that is. A list of keys as they were
 * inserted; of a key that occurs twice the last place counts, and keys that are gone linger until the list is made anew.
 * So an insert or a delete costs the same at any size; only an undone delete walks the list. Does not hold values.
 */

/** Collections up to this size are listed when a turn deletes from them, and forgotten with the turn. */
export const smallCollectionMax = 32;

export class KeyOrder {
  keys: unknown[];
  /** How many of `keys` are not the place of their key any more. */
  stale = 0;

  constructor(keys: unknown[]) {
    this.keys = keys;
  }

  /** Those of the first `length` keys that `has` confirms, in their order. */
  sequence(length: number, has: (key: unknown) => boolean): unknown[] {
    const seen = new Set<unknown>();
    const found: unknown[] = [];
    for (let i = length - 1; i >= 0; i--) {
      const key = this.keys[i];
      if (seen.has(key)) continue;
      seen.add(key);
      if (has(key)) found.push(key);
    }
    return found.reverse();
  }
}

const retained = new WeakMap<object, KeyOrder>();
let anyRetained = false;

export function retainedOrder(collection: object): KeyOrder | undefined {
  return anyRetained ? retained.get(collection) : undefined;
}

export function retainOrder(collection: object, order: KeyOrder): void {
  anyRetained = true;
  retained.set(collection, order);
}

/** The collection changed while nobody watched, or is small again: its order is listed anew when it is needed. */
export function forgetOrder(collection: object): void {
  if (anyRetained) retained.delete(collection);
}
