/**
 * Moves messages that wait for peers between memory and blocks outside: asks for blocks to be written while an outbox holds more
 * than its share, and for those that a session wants to send to be read. Decides when; the outboxes keep the messages (K6), the
 * driver keeps the blocks.
 */
import type { Outbox } from "../protocol/outbox.ts";
import type { OutboxWatch } from "../protocol/outbox-watch.ts";
import type { KernelEffect } from "./kernel-effect.ts";

/** After a block could not be written: there may be room again. */
const retryMs = 1000;
/** An outbox that holds less in memory goes into a snapshot as it is. */
const lightBytes = 1024 * 1024;

export class OutboxStorage {
  /** Numbers of blocks rise within a life; after a recovery they go on above those still in use. */
  lastBlock = 0;
  readonly #watch: OutboxWatch;
  readonly #emit: (effect: KernelEffect) => void;
  readonly #now: () => number;
  readonly #writing = new Map<number, Outbox>();
  readonly #reading = new Map<number, Outbox>();
  #notBefore = -Infinity;

  constructor(watch: OutboxWatch, emit: (effect: KernelEffect) => void, now: () => number) {
    this.#watch = watch;
    this.#emit = emit;
    this.#now = now;
  }

  /** The end of a step. */
  flush(): void {
    const { overfull, wanting } = this.#watch;
    if (overfull.size > 0 && this.#now() >= this.#notBefore) for (const outbox of overfull) this.#relieve(outbox);
    if (wanting.size > 0) {
      for (const outbox of wanting) this.#read(outbox);
      wanting.clear();
    }
    for (const block of this.#watch.takeDropped()) this.#emit({ kind: "dropBlock", block });
  }

  /** Down to half of what an outbox may hold, so that not every message makes a block. */
  #relieve(outbox: Outbox): void {
    if (outbox.memoryBytes <= this.#watch.memoryLimitBytes / 2) this.#watch.overfull.delete(outbox);
    else this.#write(outbox);
  }

  #write(outbox: Outbox): boolean {
    const block = this.lastBlock + 1;
    const bytes = outbox.nextBlock(block);
    if (bytes === undefined) return false;
    this.lastBlock = block;
    this.#writing.set(block, outbox);
    this.#emit({ kind: "writeBlock", block, bytes });
    return true;
  }

  /** Before a snapshot, which is to hold only what is little: one block of whichever outbox holds much. False when none does, or none can. */
  lighten(outboxes: Iterable<Outbox>): boolean {
    if (this.#watch.limits.memoryBytes === Infinity || this.#now() < this.#notBefore) return false;
    for (const outbox of outboxes) if (outbox.memoryBytes > lightBytes && this.#write(outbox)) return true;
    return false;
  }

  wrote(block: number, isKept: boolean): void {
    const outbox = this.#writing.get(block);
    this.#writing.delete(block);
    if (!isKept) this.#notBefore = this.#now() + retryMs;
    if (outbox?.wrote(block, isKept) !== true && isKept) this.#watch.dropped.push(block);
  }

  #read(outbox: Outbox): void {
    for (const { block } of outbox.takeWanted()) {
      this.#reading.set(block, outbox);
      this.#emit({ kind: "readBlock", block });
    }
  }

  /** The outbox that the block came for. */
  haveRead(block: number, bytes: Uint8Array): Outbox | undefined {
    const outbox = this.#reading.get(block);
    this.#reading.delete(block);
    outbox?.load(block, bytes);
    return outbox;
  }
}
