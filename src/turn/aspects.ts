/**
 * Aspects: after a handler, in the same turn, each watched value that changed runs its reaction, until nothing changes any
 * more (bounded: an endless chain of reactions is the program's error).
 */
import { MaceKenError } from "../base/error.ts";
import type { Heap } from "../heap/heap.ts";
import type { Watch } from "../service/aspect.ts";
import type { ServiceClass } from "../service/messages.ts";
import { readOnly } from "./dispatch.ts";

const roundsMax = 100;

interface Watched {
  readonly service: object;
  readonly watch: Watch<object>;
  value: unknown;
  /** The value before this turn, put back when the turn is undone. */
  before: unknown;
}

export class AspectWatcher {
  readonly #heap: Heap;
  #watched: Watched[] = [];
  #changed = false;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  reset(services: Iterable<object>): void {
    this.#watched = [];
    for (const service of services) {
      for (const watch of (service.constructor as unknown as ServiceClass).aspects ?? []) {
        const value = watch.select(service);
        this.#watched.push({ service, watch, value, before: value });
      }
    }
  }

  run(): void {
    if (this.#watched.length === 0 || this.#heap.dirtyCount === 0) return;
    for (const each of this.#watched) each.before = each.value;
    this.#changed = true;
    for (let round = 0; round < roundsMax; round++) {
      let quiet = true;
      for (const each of this.#watched) {
        const value = readOnly(this.#heap, () => each.watch.select(each.service), "an aspect's selector");
        if (Object.is(value, each.value)) continue;
        const old = each.value;
        each.value = value;
        quiet = false;
        each.watch.run(each.service, old);
      }
      if (quiet) return;
    }
    throw new MaceKenError("MK_GUARD_WROTE", `aspects still change what they watch after ${roundsMax} rounds`, { remedy: "Let the reaction of an aspect settle: it must not always change the value it watches." });
  }

  committed(): void {
    this.#changed = false;
  }

  undone(): void {
    if (!this.#changed) return;
    this.#changed = false;
    for (const each of this.#watched) each.value = each.before;
  }
}
