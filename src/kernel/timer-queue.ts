/**
 * Which timer is due next: a binary heap of (due, id). Volatile; the durable timers are in the heap's table, and an entry
 * whose timer was cancelled or set to another time is skipped when it comes up.
 */
interface Entry {
  readonly dueAt: number;
  readonly id: number;
}

const before = (a: Entry, b: Entry): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.id < b.id);

export class TimerQueue {
  readonly #entries: Entry[] = [];

  add(dueAt: number, id: number): void {
    const entries = this.#entries;
    const entry = { dueAt, id };
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  get next(): Entry | undefined {
    return this.#entries[0];
  }

  get length(): number {
    return this.#entries.length;
  }

  shift(): Entry | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (entries.length === 0 || last === undefined) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, last)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
    return first;
  }
}
