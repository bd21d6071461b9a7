/** A heap with its log in memory: the bytes of each turn's patch and of snapshots written in slices; what a crash leaves of them, loaded into another heap. */
import { Heap } from "#maceken/heap/heap.js";
import { HeapLoader } from "#maceken/heap/heap-loader.js";
import { HeapSnapshot } from "#maceken/heap/heap-snapshot.js";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";

/** Counts when every turn up to `until` is there: its images show what those turns did. */
interface Snapshot {
  readonly chunks: readonly Uint8Array[];
  /** Turns that were over when it began: it needs no patch of them. */
  readonly from: number;
  readonly until: number;
}

export class MemoryLog {
  readonly heap = new Heap((root) => Object.entries(root));
  readonly patches: Uint8Array[];
  readonly #snapshots: Snapshot[];
  #open: { readonly snapshot: HeapSnapshot; readonly chunks: Uint8Array[]; readonly from: number } | undefined;

  constructor(patches: readonly Uint8Array[] = [], snapshots: readonly Snapshot[] = []) {
    this.patches = [...patches];
    this.#snapshots = [...snapshots];
  }

  commit(): void {
    const writer = new Writer();
    this.heap.commit(writer);
    this.patches.push(writer.copy());
  }

  beginSnapshot(): void {
    if (this.#open === undefined) this.#open = { snapshot: new HeapSnapshot(this.heap), chunks: [], from: this.patches.length };
  }

  /** Writes up to `count` slices of the open snapshot. */
  slices(count: number, maxBytes: number): void {
    for (let i = 0; i < count && this.#open !== undefined; i++) {
      const { snapshot, chunks, from } = this.#open;
      chunks.push(snapshot.slice(this.patches.length, maxBytes).slice());
      if (!snapshot.done) continue;
      snapshot.end();
      this.#snapshots.push({ chunks, from, until: this.patches.length });
      this.#open = undefined;
    }
  }

  abandonSnapshot(): void {
    this.#open?.snapshot.end();
    this.#open = undefined;
  }

  /** What the first `turns` turns are after a crash: from the newest snapshot that counts, or from the beginning. */
  recovered(turns: number, usesSnapshot: boolean): MemoryLog {
    const snapshots = this.#snapshots.filter(({ until }) => until <= turns);
    const copy = new MemoryLog(this.patches.slice(0, turns), snapshots);
    const loader = new HeapLoader(copy.heap);
    const { chunks, from } = usesSnapshot ? (snapshots.at(-1) ?? nothing) : nothing;
    for (const chunk of chunks) {
      const reader = new Reader(chunk);
      loader.snapshotChunk(reader);
      reader.expectEnd();
    }
    for (let turn = from; turn < turns; turn++) {
      const reader = new Reader(copy.patches[turn]!);
      loader.patch(reader, turn + 1);
      reader.expectEnd();
    }
    loader.finish(() => {});
    return copy;
  }
}

const nothing: Snapshot = { chunks: [], from: 0, until: 0 };
