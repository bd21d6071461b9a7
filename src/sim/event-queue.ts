/**
 * What is to happen in a world, by time and, within an instant, in the order in which it was asked for. A binary heap: nothing looks at
 * more than a path of it.
 */
export interface WorldEvent {
  atMs: number;
  number: number;
  /** Whose; an event of a process that has died does not happen. */
  readonly process: EventOwner | undefined;
  readonly action: () => void;
  /** Set by whoever has changed their mind. */
  cancelled: boolean;
}

export interface EventOwner {
  readonly isDead: boolean;
  /** Nothing of it happens before. */
  readonly busyUntilMs: number;
}

export class EventQueue {
  readonly #heap: WorldEvent[] = [];
  #lastNumber = 0;

  get length(): number {
    return this.#heap.length;
  }

  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  add(atMs: number, process: EventOwner | undefined, action: () => void): WorldEvent {
    const event: WorldEvent = { atMs, number: ++this.#lastNumber, process, action, cancelled: false };
    this.#push(event);
    return event;
  }

  /** The same event, at another time and as if asked for now. */
  postpone(event: WorldEvent, atMs: number): void {
    event.atMs = atMs;
    event.number = ++this.#lastNumber;
    this.#push(event);
  }

  take(): WorldEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #push(event: WorldEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #sink(event: WorldEvent): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, event)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = event;
  }
}

function isBefore(a: WorldEvent, b: WorldEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
