/**
 * A kernel's state from a snapshot and the records after it (K1, K8): nothing is replayed but data, so handlers need not be
 * deterministic. Also the snapshot itself: taken in slices between turns: the channels, each as it is
 * when it is written, then the heap (heap/heap-snapshot.ts). The caller reads and writes the bytes.
 */
import { assert } from "../base/assert.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import type { Channel } from "../protocol/channel.ts";
import { HeapLoader, type LoaderWatch } from "../heap/heap-loader.ts";
import { HeapSnapshot } from "../heap/heap-snapshot.ts";
import { ReplyState } from "../turn/node-state.ts";
import { beginNewLife } from "./channel-lives.ts";
import { checkApp } from "./check-app.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelEffect } from "./kernel-effect.ts";
import type { TimeOfStep } from "./kernel-clock.ts";
import { upgradeNotes, type UpgradeFacts } from "./upgrade-facts.ts";
import { RecordNames } from "./record-names.ts";
import { demandRecordFormat, readChannel, readRecord, recordFormat, writeChannel, type RecordHead } from "./record.ts";

/** Sees the turns of the log go by, for tools that tell them in words. */
export interface TurnWatch extends LoaderWatch {
  /** After each turn's patch was applied to the graph below `root`; `now` is node time, `patchBytes` the patch's length. */
  turn(head: RecordHead, root: object, now: number, patchBytes: number): void;
}

export class KernelLoader {
  /** Known from `finish` on, also when it throws. */
  upgrade: UpgradeFacts | undefined;
  readonly #kernel: Kernel;
  readonly #heap: HeapLoader;
  #watch: TurnWatch | undefined;
  #now = 0;
  #skew = 0;
  #format = recordFormat;
  readonly #names = new RecordNames();
  /** Of a snapshot, in the order of its chunks. */
  #next: "beginning" | "channels" | "heap" = "beginning";
  /** Records up to this turn are in the snapshot. */
  #snapshotTurn = 0;
  /** Of a channel in the snapshot, records up to this turn. */
  readonly #channelTurns = new Map<Channel, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#heap = new HeapLoader(kernel.heap);
  }

  /** From now on; what is there already is reached from the answer, undefined before the birth. */
  watch(watch: TurnWatch): object | undefined {
    this.#watch = this.#heap.watch = watch;
    return this.#heap.root;
  }

  get objectCount(): number {
    return this.#heap.objectCount;
  }

  /** Node time of the last turn that was loaded, ms. */
  get nowMs(): number {
    return this.#now;
  }

  /** The chunks of a snapshot, in order. */
  snapshotChunk(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    if (this.#next === "beginning") this.#readBeginning(reader);
    else if (this.#next === "channels") this.#readChannels(reader);
    else this.#heap.snapshotChunk(reader);
    reader.expectEnd();
  }

  #readBeginning(reader: Reader): void {
    const kernel = this.#kernel;
    this.#format = reader.uint();
    demandRecordFormat(this.#format);
    this.#snapshotTurn = kernel.executed = reader.uint();
    kernel.lastId = reader.uint();
    this.#now = reader.uint();
    this.#skew = reader.f64();
    // The beginnings of older snapshots end here.
    if (this.#format !== 1 && !reader.done) kernel.ledger.read(reader);
    if (this.#format === 1) this.#readSome(reader, this.#snapshotTurn);
    this.#next = this.#format === 1 ? "heap" : "channels";
  }

  #readChannels(reader: Reader): void {
    const isLast = reader.u8() === 1;
    this.#readSome(reader, reader.uint());
    if (isLast) this.#next = "heap";
  }

  #readSome(reader: Reader, turn: number): void {
    const { channels, storage } = this.#kernel;
    const count = reader.count();
    for (let i = 0; i < count; i++) {
      const channel = readChannel(reader, this.#format, (peer) => channels.demand(peer));
      channels.restore(channel);
      this.#channelTurns.set(channel, turn);
      for (const { block } of channel.outbox.blocks) storage.lastBlock = Math.max(storage.lastBlock, block);
    }
  }

  /** The blocks that what was loaded needs. */
  *blocks(): Iterable<number> {
    for (const outbox of this.#kernel.channels.outboxes()) for (const { block } of outbox.blocks) yield block;
  }

  #applyChannels({ turn, peers, consumed, sent, acknowledged }: RecordHead): void {
    const { channels } = this.#kernel;
    /** Undefined when the snapshot shows the channel as it was after this turn, or later. */
    const behind = (channel: Channel): Channel | undefined => ((this.#channelTurns.get(channel) ?? 0) < turn ? channel : undefined);
    for (const introduction of peers) if (behind(channels.demand(introduction.peer)) !== undefined) channels.applyIntroduction(introduction);
    if (consumed !== undefined) behind(channels.at(consumed)!)?.restoreConsumed();
    for (const { index, upTo } of acknowledged) behind(channels.at(index)!)?.outbox.restoreAcknowledged(upTo);
    for (const { index, payload } of sent) behind(channels.at(index)!)?.outbox.restoreSent(payload.slice());
  }

  /** A run of records, in the order in which they were written. */
  records(bytes: Uint8Array): void {
    const kernel = this.#kernel;
    const reader = new Reader(bytes);
    while (!reader.done) {
      const { head, patch } = readRecord(reader, this.#names);
      if (head.turn <= this.#snapshotTurn) continue;
      assert(head.turn === kernel.executed + 1, "recovered turns have no gap (K1)");
      kernel.executed = head.turn;
      kernel.ledger.note(head.life, this.#now + head.elapsedMs, this.#now);
      this.#now += head.elapsedMs;
      if (head.lastId !== undefined) kernel.lastId = head.lastId;
      if (head.skew !== undefined) this.#skew = head.skew;
      this.#applyChannels(head);
      const patchBytes = patch.remaining;
      // A record that only says something of the node's life has none.
      if (!patch.done) this.#heap.patch(patch, head.turn);
      patch.expectEnd();
      this.#watch?.turn(head, this.#heap.root!, this.#now, patchBytes);
    }
  }

  /**
   * Everything is loaded: the heap comes to life, and the app is held against it. `provenTurn`: the log proves that turns up to this
   * one had become durable while the process lived. Throws MaceKenError when the app does not fit the data.
   */
  finish(time: TimeOfStep, provenTurn: number): KernelEffect[] {
    const kernel = this.#kernel;
    const waiting: ReplyState[] = [];
    const outdated = this.#heap.finish((object) => {
      if (object instanceof ReplyState) waiting.push(object);
    });
    const changes = outdated.count === 0 ? [] : outdated.changes();
    this.upgrade = { fromVersion: kernel.state.version, services: [...kernel.state.services.keys()], changes, lost: [] };
    const lost = checkApp(kernel.state, kernel.options.app, this.#heap.classes.missing);
    this.upgrade = { ...this.upgrade, lost: lost.map(({ what }) => what) };
    for (const note of upgradeNotes(this.upgrade, kernel.options.app.version)) kernel.note(note);
    for (const reply of waiting) kernel.executor.noteWaiting(reply);
    return kernel.resume(time, { now: this.#now, skew: this.#skew, provenTurn }, {
      lost,
      bringUpToDate: () => outdated.bringUpToDate(),
      beginNewLife: () => void (kernel.options.restoredAs !== undefined && beginNewLife(kernel, kernel.options.restoredAs)),
    });
  }

  /** For reading a directory without running it: the heap alone, no app, no turn, no code of the program's. Answers the classes that are not loaded. */
  finishForInspection(): readonly string[] {
    this.#heap.finish(() => {}, { volatiles: false });
    return this.#heap.classes.missing.map(({ compiledName }) => compiledName);
  }
}

/** Takes a quarter of a millisecond, with the audit. */
const sliceBytes = 16 * 1024;

/** A snapshot under way. It may be installed only when every turn it shows is durable: `lastTurn` says up to which. */
export class KernelSnapshot {
  readonly #kernel: Kernel;
  readonly #heap: HeapSnapshot;
  readonly atTurn: number;
  lastTurn: number;
  /** The blocks of messages that the snapshot names: part of it. */
  readonly blocks = new Set<number>();
  #next: "beginning" | "channels" | "heap" = "beginning";
  readonly #channels: Iterator<Channel>;
  #channel: IteratorResult<Channel> | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#heap = new HeapSnapshot(kernel.heap);
    this.atTurn = this.lastTurn = kernel.executed;
    kernel.recorder.snapshotBegins();
    this.#channels = kernel.channels.all()[Symbol.iterator]();
  }

  get done(): boolean {
    return this.#next === "heap" && this.#heap.done;
  }

  /** The next chunk; valid until the next call. */
  slice(maxBytes = sliceBytes): Uint8Array {
    if (this.#next === "beginning") return this.#writeBeginning();
    this.lastTurn = this.#kernel.executed;
    return this.#next === "channels" ? this.#writeChannels(maxBytes) : this.#heap.slice(this.#kernel.executed, maxBytes);
  }

  #writeBeginning(): Uint8Array {
    const kernel = this.#kernel;
    assert(kernel.executed === this.atTurn, "the beginning shows the turn at which the snapshot began");
    this.#next = "channels";
    const writer = new Writer(256);
    const { now, skew, lastId } = kernel.recorded;
    writer.uint(recordFormat);
    writer.uint(this.atTurn);
    writer.uint(lastId);
    writer.uint(now);
    writer.f64(skew);
    kernel.ledger.write(writer);
    return writer.view();
  }

  /** Channels made meanwhile come too: they are the last. */
  #writeChannels(maxBytes: number): Uint8Array {
    const some = new Writer();
    let count = 0;
    this.#channel ??= this.#channels.next();
    while (this.#channel.done !== true && some.length < maxBytes) {
      const channel = this.#channel.value;
      writeChannel(some, channel);
      for (const { block } of channel.outbox.blocks) this.blocks.add(block);
      count++;
      this.#channel = this.#channels.next();
    }
    const isLast = this.#channel.done === true;
    if (isLast) this.#next = "heap";
    const writer = new Writer(some.length + 16);
    writer.u8(isLast ? 1 : 0);
    writer.uint(this.#kernel.executed);
    writer.uint(count);
    writer.raw(some.view());
    return writer.view();
  }

  end(): void {
    this.#heap.end();
  }
}
