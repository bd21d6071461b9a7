/**
 * A heap with its log in memory: run turns against it, throw them away, and load what the patches and snapshots say into a
 * second heap. For tests of the heap alone, without kernel or disk.
 */
import { Heap } from "#maceken/heap/heap.js";
import { HeapLoader } from "#maceken/heap/heap-loader.js";
import { HeapSnapshot } from "#maceken/heap/heap-snapshot.js";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";

export interface Root {
  [name: string]: unknown;
}

export class HeapHarness {
  readonly heap: Heap;
  readonly patches: Uint8Array[] = [];
  snapshot: { readonly chunks: readonly Uint8Array[]; readonly from: number } = { chunks: [], from: 0 };

  constructor() {
    this.heap = new Heap((root) => Object.entries(root));
  }

  static planted(root: Root): HeapHarness {
    const harness = new HeapHarness();
    harness.heap.begin();
    harness.heap.plant(root);
    harness.#commit();
    return harness;
  }

  get root(): Root {
    return this.heap.root as Root;
  }

  #commit(): number {
    const writer = new Writer();
    this.heap.commit(writer);
    this.patches.push(writer.copy());
    return writer.length;
  }

  /** Runs `change` as a turn; answers the bytes of its patch. An error undoes the turn and comes out. */
  turn(change: (root: Root) => void): number {
    this.heap.begin();
    try {
      change(this.root);
      return this.#commit();
    } catch (error) {
      this.heap.undo();
      throw error;
    }
  }

  /** Runs `change` and throws it away. */
  undone(change: (root: Root) => void): void {
    this.heap.begin();
    try {
      change(this.root);
    } finally {
      this.heap.undo();
    }
  }

  /** A second heap, from all patches. */
  recovered(): HeapHarness {
    const copy = new HeapHarness();
    const loader = new HeapLoader(copy.heap);
    this.patches.forEach((patch, turn) => {
      const reader = new Reader(patch);
      loader.patch(reader, turn + 1);
      reader.expectEnd();
    });
    loader.finish(() => {});
    copy.patches.push(...this.patches);
    return copy;
  }

  /** A second heap, from a snapshot taken in slices of `sliceBytes` with a turn of `between` after each, and the patches since. */
  recoveredFromSnapshot(sliceBytes: number, between: (root: Root, slice: number) => void): HeapHarness {
    const from = this.patches.length;
    const snapshot = new HeapSnapshot(this.heap);
    const chunks: Uint8Array[] = [];
    while (!snapshot.done || chunks.length === 0) {
      chunks.push(snapshot.slice(this.patches.length, sliceBytes).slice());
      this.turn((root) => between(root, chunks.length));
    }
    snapshot.end();
    this.snapshot = { chunks, from };
    return this.recoveredOver();
  }

  /** A second heap, from the last snapshot and all patches since. */
  recoveredOver(): HeapHarness {
    const { chunks, from } = this.snapshot;
    const copy = new HeapHarness();
    const loader = new HeapLoader(copy.heap);
    for (const chunk of chunks) loader.snapshotChunk(new Reader(chunk));
    this.patches.slice(from).forEach((patch, i) => loader.patch(new Reader(patch), from + i + 1));
    loader.finish(() => {});
    copy.patches.push(...this.patches);
    return copy;
  }
}
