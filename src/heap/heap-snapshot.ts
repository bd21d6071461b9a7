/**
 * A snapshot of the heap, taken in slices between turns while the node works on (fuzzy). Each image carries the number of
 * the last turn it shows; when patches are replayed over the snapshot, those that are not newer than the image are
 * skipped. An object that moves from a container not yet scanned to one already scanned would be missed, so every object
 * that a patch refers to while the snapshot is open is queued too, but not those that were made meanwhile: what they hold is in
 * those patches. So a snapshot ends however busy the node is. Large objects come in parts (large-image.ts).
 * What is not reachable is not written: this is also the garbage collection of the log.
 *
 * Layout: the first chunk begins with the id of the root and a count of shapes, which is 0 now. Then entries of (id, turn, shape, flags,
 * announcement, content or part of it); id 0 ends a chunk. All shapes known at the beginning are defined, since later patches use
 * them undefined: the first entries have a shape and nothing else.
 */
import { Writer } from "../codec/writer.ts";
import { tag } from "../codec/tags.ts";
import type { Heap } from "./heap.ts";
import { ImageWriter, Refused } from "./image-writer.ts";
import { idOf, shapeIn } from "./mark.ts";
import { IdSet } from "./id-set.ts";
import { isLarge, LargeImage } from "./large-image.ts";
import { firstPropertyShape, type Shape } from "./shapes.ts";
import { assert } from "../base/assert.ts";
import { Queue } from "../base/queue.ts";

/** In an entry: the object is announced here; the content is a part of the whole; there is nothing but the shape. */
export const entryFlag = { announced: 1, part: 2, shape: 4 } as const;

export class HeapSnapshot extends ImageWriter {
  readonly #heap: Heap;
  readonly #firstNewId: number;
  readonly #queue = new Queue<object>();
  /** Ids of objects that are or were in the queue. */
  readonly #seen = new IdSet();
  /** Ids announced in the stream so far: the reader has made these. */
  readonly #announced = new IdSet();
  readonly #shapesDefined = new Set<number>();
  /** Known when the snapshot began, and how many of them are written. */
  readonly #shapeCount: number;
  #shapesWritten = 0;
  #begun = false;
  /** What is being written in parts. */
  #large: LargeImage | undefined;

  constructor(heap: Heap) {
    super(new Writer(4 * 1024), heap.shapes);
    this.#heap = heap;
    this.#firstNewId = heap.nextId;
    this.#shapeCount = heap.shapes.size;
    heap.attachSnapshot(this);
    this.see(heap.root, idOf(heap.root), undefined);
  }

  get done(): boolean {
    return this.#queue.length === 0 && this.#large === undefined && this.#shapesWritten === this.#shapeCount;
  }

  /**
   * Queues an object unless this snapshot has seen it, or a patch that will be replayed over it makes the object. `before`, when a
   * turn changed it, is what would undo that.
   */
  see(object: object, id: number, before: object | undefined): void {
    if (before !== undefined && this.#large?.object === object) this.#large.beforeChange(before);
    if (id >= this.#firstNewId || !this.#seen.add(id)) return;
    this.#queue.push(object);
  }

  /** A turn changed the object and was undone. */
  seeUndone(object: object, before: object): void {
    if (this.#large?.object === object) this.#large.afterUndo(before);
  }

  /** Writes about `maxBytes` of images as of `turn`; the chunk is a view that is valid until the next slice. */
  slice(turn: number, maxBytes: number): Uint8Array {
    const { writer } = this;
    writer.reset();
    if (!this.#begun) this.#begin();
    this.#writeShapes(maxBytes);
    // Something at least, however little a slice may hold.
    for (let isFirst = true; (this.#large !== undefined || this.#queue.length > 0) && (isFirst || writer.length < maxBytes); isFirst = false) {
      if (this.#large !== undefined) {
        this.#writePart(this.#large, maxBytes);
        continue;
      }
      const object = this.#queue.shift()!;
      const shape = shapeIn(object);
      assert(shape !== undefined, "what was persistent when a snapshot began is so when it ends");
      if (isLarge(object, shape)) {
        this.#large = new LargeImage(object, shape, turn, this.#heap.audit?.checkParts(object, shape));
        continue;
      }
      this.#beginEntry(object, idOf(object), shape, turn, 0);
      this.#writeWhole(object, shape);
    }
    writer.uint(0);
    return writer.view();
  }

  #beginEntry(object: object, id: number, shape: Shape, turn: number, flags: number): void {
    const { writer } = this;
    writer.uint(id);
    writer.uint(turn);
    this.writeShape(shape);
    const isKnown = this.#announced.has(id);
    writer.u8(flags | (isKnown ? 0 : entryFlag.announced));
    if (isKnown) return;
    // Queued by a patch and never referred to in this stream: announced on its own.
    this.#announced.add(id);
    this.announceNew(object, id, shape);
  }

  #writePart(large: LargeImage, maxBytes: number): void {
    const { object, shape, turn } = large;
    this.#beginEntry(object, idOf(object), shape, turn, entryFlag.part);
    this.#refusing(object, () => {
      if (!large.write(this, maxBytes)) return;
      this.#large = undefined;
      this.#heap.audit?.endParts(large.hasChanged);
    });
  }

  #writeWhole(object: object, shape: Shape): void {
    // Every object comes by here: the one place where a complete audit costs no walk of its own.
    this.#heap.audit?.check(object, shape);
    this.#refusing(object, () => this.writeContent(object, shape));
  }

  #refusing(object: object, write: () => void): void {
    try {
      write();
    } catch (error) {
      throw error instanceof Refused ? this.#heap.report({ object, field: undefined, canPersist: false }) : error;
    }
  }

  #begin(): void {
    this.#begun = true;
    this.writer.uint(idOf(this.#heap.root));
    this.writer.uint(0);
  }

  #writeShapes(maxBytes: number): void {
    const { writer } = this;
    const id = idOf(this.#heap.root);
    for (let isFirst = true; this.#shapesWritten < this.#shapeCount && (isFirst || writer.length < maxBytes); isFirst = false) {
      writer.uint(id);
      writer.uint(0);
      this.writeShape(this.shapes.at(firstPropertyShape + this.#shapesWritten++)!);
      writer.u8(entryFlag.shape);
    }
  }

  end(): void {
    this.#heap.detachSnapshot(this.done ? this.#seen : undefined, this.#firstNewId);
  }

  protected override writeShape(shape: Shape): void {
    const defines = shape.number >= firstPropertyShape && !this.#shapesDefined.has(shape.number);
    if (defines) this.#shapesDefined.add(shape.number);
    this.writeShapeNumber(shape, defines);
  }

  protected override writeReference(object: object, id: number): void {
    const shape = shapeIn(object)!;
    assert(shape.heap === this.#heap, "the heap refers to its own objects");
    this.see(object, id, undefined);
    if (this.#announced.has(id)) {
      this.writer.u8(tag.object_);
      this.writer.uint(id);
      return;
    }
    this.#announced.add(id);
    this.announceNew(object, id, shape);
  }
}
