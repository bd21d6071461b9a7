/**
 * A log in memory that threads share: entries of bytes, one behind the other, appended by whoever has the lock, read by anybody. Knows
 * nothing of what the entries say.
 */
import { MaceKenError } from "../base/error.ts";

/** Of the addresses, not of the memory: that is taken as it is written to. */
const mostBytes = 2 ** 30;
const lengthBytes = 4;
/** Of `state`. */
const place = { lock: 0, end: 1, count: 2 } as const;
/** For a lock that is not given back: whoever has it is gone. */
const patienceMs = 30_000;

/** What threads are given of it. */
export interface SharedLogMemory {
  readonly state: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
}

export class SharedLog {
  readonly #state: Int32Array;
  readonly #entries: Uint8Array;
  readonly #lengths: DataView;

  constructor({ state, entries }: SharedLogMemory) {
    this.#state = new Int32Array(state);
    this.#entries = new Uint8Array(entries);
    this.#lengths = new DataView(entries);
  }

  static memory(): SharedLogMemory {
    return { state: new SharedArrayBuffer(place.count * Int32Array.BYTES_PER_ELEMENT), entries: new SharedArrayBuffer(mostBytes) };
  }

  get endBytes(): number {
    return Atomics.load(this.#state, place.end);
  }

  /** Not within itself. Errors: MK_CORE_FAILED when another core keeps the lock. */
  locked<T>(work: () => T): T {
    while (Atomics.compareExchange(this.#state, place.lock, 0, 1) !== 0) {
      if (Atomics.wait(this.#state, place.lock, 1, patienceMs) === "timed-out") throw new MaceKenError("MK_CORE_FAILED", "a core of the search does not answer");
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#state, place.lock, 0);
      Atomics.notify(this.#state, place.lock, 1);
    }
  }

  /** By whoever has the lock. Errors: MK_CORE_FAILED when it is full. */
  append(entry: Uint8Array): void {
    const end = this.endBytes;
    const next = end + lengthBytes + entry.length;
    if (next > mostBytes) throw new MaceKenError("MK_CORE_FAILED", "the nodes have more states than cores can share", { remedy: "Search on one core: --cores 1." });
    this.#lengths.setUint32(end, entry.length, true);
    this.#entries.set(entry, end + lengthBytes);
    Atomics.store(this.#state, place.end, next);
  }

  /** A copy of the entry at `at`, and where the next one is. */
  read(at: number): { readonly entry: Uint8Array; readonly nextAt: number } {
    const from = at + lengthBytes;
    const nextAt = from + this.#lengths.getUint32(at, true);
    const entry = new Uint8Array(nextAt - from);
    entry.set(this.#entries.subarray(from, nextAt));
    return { entry, nextAt };
  }
}
