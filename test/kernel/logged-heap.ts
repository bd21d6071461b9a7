/** A heap over a turn log on a simulated disk, with snapshots in slices: what kernel and driver do, without messages. Each turn is one append. */
import assert from "node:assert/strict";
import { Heap } from "#maceken/heap/heap.js";
import { HeapLoader } from "#maceken/heap/heap-loader.js";
import { HeapSnapshot } from "#maceken/heap/heap-snapshot.js";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";
import { openTurnLog } from "#maceken/log/recover.js";
import type { SnapshotWriter } from "#maceken/log/snapshot-writer.js";
import type { TurnLog } from "#maceken/log/turn-log.js";
import type { MemoryDisk } from "#maceken/sim/memory-disk.js";

export const directory = "/node";

export class LoggedHeap {
  readonly heap = new Heap((root) => Object.entries(root));
  readonly disk: MemoryDisk;
  readonly log: TurnLog;
  turns: number;
  durable: number;
  #snapshot: { readonly heap: HeapSnapshot; readonly writer: SnapshotWriter; readonly bytesWritten: number } | undefined;

  /** Recovers what is there, or is born with `makeRoot`. */
  constructor(disk: MemoryDisk, segmentBytes: number, makeRoot: () => object) {
    this.disk = disk;
    const opened = openTurnLog(disk, {
      directory, segmentBytes, firstSegmentBytes: segmentBytes / 2, sliceBytes: segmentBytes / 4, salt: 77,
      onDurable: (turn) => void (this.durable = turn),
      onFailed: (error) => assert.fail(error.message),
    });
    this.log = opened.log;
    this.turns = this.durable = opened.lastTurn;
    if (opened.empty) {
      this.heap.begin();
      this.heap.plant(makeRoot());
      this.#commit();
      return;
    }
    const loader = new HeapLoader(this.heap);
    for (const chunk of opened.snapshot?.chunks() ?? []) loader.snapshotChunk(new Reader(chunk));
    for (const { bytes, lastTurn } of opened.records) if (lastTurn > (opened.snapshot?.atTurn ?? 0)) loader.patch(new Reader(bytes), lastTurn);
    loader.finish(() => {});
  }

  get root(): any {
    return this.heap.root;
  }

  #commit(): void {
    const writer = new Writer();
    this.heap.commit(writer);
    this.log.append(writer.view(), ++this.turns);
  }

  turn(change: (root: any) => void): void {
    this.heap.begin();
    change(this.heap.root);
    this.#commit();
  }

  undone(change: (root: any) => void): void {
    this.heap.begin();
    change(this.heap.root);
    this.heap.undo();
  }

  get takesSnapshot(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Of the log since the snapshot under way began, and of the snapshot. */
  get progress(): { readonly logBytes: number; readonly writtenBytes: number } {
    const { writer, bytesWritten } = this.#snapshot!;
    return { logBytes: this.log.counters.bytesWritten + this.log.pendingBytes - bytesWritten, writtenBytes: writer.writtenBytes };
  }

  beginSnapshot(): void {
    this.#snapshot = { heap: new HeapSnapshot(this.heap), writer: this.log.beginSnapshot(this.turns), bytesWritten: this.log.counters.bytesWritten };
  }

  /** The next slice; after the last one the snapshot is finished as soon as the log is durable. */
  slice(maxBytes: number): void {
    const { heap, writer } = this.#snapshot!;
    writer.write(heap.slice(this.turns, maxBytes));
    if (!heap.done) return;
    heap.end();
    this.#snapshot = undefined;
    writer.finish(new Set(), (error) => assert.equal(error, null));
    this.log.flush(false);
  }
}
