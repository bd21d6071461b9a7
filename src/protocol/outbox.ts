/**
 * The messages to one peer that it has not acknowledged (K6): the newest in memory, older ones in blocks outside once memory has its
 * share (docs/internals/protocol.md). A message leaves memory only when it is released and its block is written; the turn log
 * holds it as well until a snapshot names the block. Numbers and marks only rise (K7). Payloads are opaque; performs no I/O.
 */
import { assert } from "../base/assert.ts";
import { Queue } from "../base/queue.ts";
import { encodeBlock, LoadedBlock, type StoredBlock } from "./outbox-block.ts";
import type { OutboxWatch } from "./outbox-watch.ts";

interface Sent {
  readonly payload: Uint8Array;
  readonly turn: number;
}

/** What a message takes in memory beside its payload, and what the quota counts for one wherever it is. */
const memoryOverheadBytes = 128;
const quotaOverheadBytes = 16;
/** A block is about this long, so that reading one back is short. */
const blockBytes = 1024 * 1024;

export class Outbox {
  readonly peer: string;
  readonly #watch: OutboxWatch;
  /** The highest number given out. */
  sent = 0;
  /** The highest number whose turn is durable. */
  released = 0;
  /** The highest number the peer has durably consumed. */
  acknowledged = 0;
  /** Messages that are neither acknowledged nor in a block, the oldest first. */
  readonly #memory = new Queue<Sent>();
  /** With an overhead for each. */
  memoryBytes = 0;
  #payloadBytes = 0;
  /** The oldest first; every message in one is older than those in memory. */
  readonly #blocks: StoredBlock[] = [];
  #storedUpTo = 0;
  /** Handed out to be written; its messages are in memory until it is. */
  #writing: StoredBlock | undefined;
  /** At most two: the one being read, and the next. */
  readonly #loaded = new Map<number, LoadedBlock>();
  #reading: LoadedBlock | undefined;
  /** Blocks that were asked for and have not come. */
  readonly #awaited = new Set<number>();
  #wanted: StoredBlock[] = [];

  constructor(peer: string, watch: OutboxWatch) {
    this.peer = peer;
    this.#watch = watch;
  }

  get length(): number {
    return this.sent - this.acknowledged;
  }

  /** Of the payloads; those of a block count until all of it is acknowledged. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** What the quota counts. */
  get weightBytes(): number {
    return this.#payloadBytes + this.length * quotaOverheadBytes;
  }

  get blocks(): readonly StoredBlock[] {
    return this.#blocks;
  }

  push(payload: Uint8Array, turn: number): number {
    this.sent++;
    this.#memory.push({ payload, turn });
    this.#payloadBytes += payload.length;
    this.#hold(payload.length + memoryOverheadBytes);
    const watch = this.#watch;
    if (this.weightBytes > watch.softBytes) watch.crowded.add(this);
    if (this.memoryBytes > watch.memoryLimitBytes) watch.overfull.add(this);
    return this.sent;
  }

  /** Turns up to `turn` are durable: their messages may leave. */
  becomeDurable(turn: number): void {
    while (this.released < this.sent) {
      const next = this.#memory.at(this.released - this.#before);
      assert(next !== undefined, "an unreleased message is in memory (K6)");
      if (next.turn > turn) break;
      this.released++;
    }
  }

  /** The number before the first message in memory. */
  get #before(): number {
    return Math.max(this.#storedUpTo, this.acknowledged);
  }

  /** The payload of an unacknowledged message; undefined while its block is on its way into memory. */
  payloadOf(number: number): Uint8Array | undefined {
    if (number > this.#storedUpTo) {
      const sent = this.#memory.at(number - this.#before - 1);
      assert(sent !== undefined, "an unacknowledged message is kept (K6)");
      return sent.payload;
    }
    const reading = this.#reading;
    if (reading !== undefined && number >= reading.stored.first && number <= reading.stored.last) return reading.payloadOf(number);
    return this.#turnTo(number)?.payloadOf(number);
  }

  /** Goes on to the block of a message; the next one is asked for meanwhile, those before it are let go. */
  #turnTo(number: number): LoadedBlock | undefined {
    const at = this.#blocks.findIndex(({ last }) => number <= last);
    const stored = this.#blocks[at];
    assert(stored !== undefined && number >= stored.first, "an unacknowledged message is kept (K6)");
    const next = this.#blocks[at + 1];
    for (const block of this.#loaded.keys()) if (block !== stored.block && block !== next?.block) this.#loaded.delete(block);
    this.#want(stored);
    if (next !== undefined) this.#want(next);
    return (this.#reading = this.#loaded.get(stored.block));
  }

  #want(stored: StoredBlock): void {
    if (this.#loaded.has(stored.block) || this.#awaited.has(stored.block)) return;
    this.#awaited.add(stored.block);
    this.#wanted.push(stored);
    this.#watch.wanting.add(this);
  }

  /** The blocks to be read now. */
  takeWanted(): readonly StoredBlock[] {
    const wanted = this.#wanted;
    this.#wanted = [];
    return wanted;
  }

  /** A block was read; one that nobody awaits any more is let go. */
  load(block: number, bytes: Uint8Array): void {
    const stored = this.#blocks.find((each) => each.block === block);
    if (!this.#awaited.delete(block) || stored === undefined) return;
    this.#loaded.set(block, new LoadedBlock(stored, bytes));
  }

  /** Nobody reads at the moment. */
  unload(): void {
    this.#reading = undefined;
    this.#loaded.clear();
    this.#awaited.clear();
    this.#wanted = [];
  }

  /** The peer has durably consumed up to `number`; false when that was never released, which no honest peer says. */
  acknowledge(number: number): boolean {
    if (number > this.released) return false;
    while (this.acknowledged < number) {
      const oldest = this.#blocks[0];
      if (oldest === undefined) {
        this.acknowledged++;
        this.#shiftMemory();
      } else {
        this.acknowledged = Math.min(number, oldest.last);
        if (this.acknowledged === oldest.last) this.#dropOldest(oldest);
      }
    }
    if (this.weightBytes <= this.#watch.softBytes) this.#watch.crowded.delete(this);
    return true;
  }

  #shiftMemory(): void {
    const { payload } = this.#memory.shift()!;
    this.#payloadBytes -= payload.length;
    this.#hold(-payload.length - memoryOverheadBytes);
  }

  #dropOldest({ block, payloadBytes }: StoredBlock): void {
    this.#blocks.shift();
    this.#payloadBytes -= payloadBytes;
    if (this.#reading?.stored.block === block) this.#reading = undefined;
    this.#loaded.delete(block);
    this.#watch.dropped.push(block);
  }

  #hold(bytes: number): void {
    this.memoryBytes += bytes;
    this.#watch.heldBytes += bytes;
  }

  // ---- from memory into blocks

  /** The oldest released messages in memory as the bytes of a block; undefined when there is none or one is being written. */
  nextBlock(block: number): Uint8Array | undefined {
    const first = this.#before + 1;
    if (this.#writing !== undefined || first > this.released) return undefined;
    const payloads: Uint8Array[] = [];
    let payloadBytes = 0;
    for (let number = first; number <= this.released && payloadBytes + payloads.length * quotaOverheadBytes < blockBytes; number++) {
      const { payload } = this.#memory.at(number - first)!;
      payloads.push(payload);
      payloadBytes += payload.length;
    }
    this.#writing = { block, first, last: first + payloads.length - 1, payloadBytes };
    return encodeBlock(first, payloads);
  }

  /** The block is written, or could not be. False when nobody needs it. */
  wrote(block: number, isKept: boolean): boolean {
    const writing = this.#writing;
    if (writing?.block !== block) return false;
    this.#writing = undefined;
    if (!isKept || this.acknowledged >= writing.last) return false;
    // What was acknowledged meanwhile has left memory already.
    const { last } = writing;
    let payloadBytes = 0;
    for (let number = this.#before + 1; number <= last; number++) {
      const { payload } = this.#memory.shift()!;
      this.#hold(-payload.length - memoryOverheadBytes);
      payloadBytes += payload.length;
    }
    this.#storedUpTo = last;
    this.#blocks.push({ ...writing, payloadBytes });
    return true;
  }

  // ---- recovery, and the end

  restore(acknowledged: number, blocks: readonly StoredBlock[], payloads: readonly Uint8Array[]): void {
    this.acknowledged = this.sent = this.released = acknowledged;
    for (const stored of blocks) {
      this.#blocks.push(stored);
      this.#payloadBytes += stored.payloadBytes;
      this.sent = this.released = this.#storedUpTo = stored.last;
    }
    for (const payload of payloads) this.restoreSent(payload);
    if (this.weightBytes > this.#watch.softBytes) this.#watch.crowded.add(this);
  }

  restoreSent(payload: Uint8Array): void {
    this.push(payload, 0);
    this.released = this.sent;
  }

  /** All up to `number` were acknowledged or put aside. */
  restoreAcknowledged(number: number): void {
    assert(this.acknowledge(number), "only what is there was acknowledged");
  }

  /** Messages in memory, in order, which come after those in blocks. */
  *inMemory(): Iterable<Uint8Array> {
    for (const { payload } of this.#memory) yield payload;
  }

  get memoryLength(): number {
    return this.#memory.length;
  }

  /** Takes the oldest messages out, released or not; undefined while they are on their way into memory. At least one if there is one. */
  takeOldest(maxMessages: number, maxBytes: number): Uint8Array[] | undefined {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    while (this.length > 0 && taken.length < maxMessages && bytes < maxBytes) {
      const number = this.acknowledged + 1;
      const payload = this.payloadOf(number);
      if (payload === undefined) break;
      taken.push(payload);
      bytes += payload.length;
      this.released = Math.max(this.released, number);
      this.acknowledge(number);
    }
    return taken.length === 0 && this.length > 0 ? undefined : taken;
  }

  /** Numbers start again at 1. What it still held is let go: whoever wants it takes it out before. */
  reset(): void {
    this.unload();
    this.#memory.clear();
    this.#hold(-this.memoryBytes);
    for (const { block } of this.#blocks) this.#watch.dropped.push(block);
    this.#blocks.length = 0;
    this.#writing = undefined;
    this.#payloadBytes = this.#storedUpTo = 0;
    this.sent = this.released = this.acknowledged = 0;
    this.#watch.crowded.delete(this);
    this.#watch.overfull.delete(this);
  }
}
