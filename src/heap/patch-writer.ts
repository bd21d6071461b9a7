/**
 * The patch of one turn: images of the objects it dirtied and of every object that became reachable through them, with
 * new shapes defined where they first appear. Written in one pass, straight into the checkpoint record (K1).
 * Layout: root flag [root slot]; (id, shape, content) for each dirty object; 0; content of each announced object in order.
 */
import type { Writer } from "../codec/writer.ts";
import { tag } from "../codec/tags.ts";
import { CollectionChanges } from "./collection-changes.ts";
import type { Heap } from "./heap.ts";
import { ImageWriter, Refused } from "./image-writer.ts";
import { Mark, markOf, setMark } from "./mark.ts";
import { firstPropertyShape, type Shape } from "./shapes.ts";
import { trackDate, trackMap, trackSet } from "./tracked-collections.ts";

export class PatchWriter extends ImageWriter {
  readonly #heap: Heap;
  /** Objects announced in this patch, whose contents follow in this order. */
  readonly made: object[] = [];
  readonly madeMarks: Mark[] = [];
  nextId: number;
  /** How many shapes the log has defined, this patch included. */
  #shapesDefined: number;

  constructor(heap: Heap, writer: Writer, nextId: number) {
    super(writer, heap.shapes);
    this.#heap = heap;
    this.nextId = nextId;
    this.#shapesDefined = heap.shapes.size;
  }

  /** Throws Refused with everything it did still in `made`, for the heap to take back. */
  write(root: object | undefined, dirty: readonly object[], marks: readonly Mark[]): void {
    const { writer } = this;
    writer.u8(root === undefined ? 0 : 1);
    if (root !== undefined) this.writeSlot(root);
    for (let i = 0; i < dirty.length; i++) {
      const object = dirty[i]!;
      const mark = marks[i]!;
      if (!this.#heap.isKnown(mark)) {
        // Out of reach since before the last snapshot: no image, unless something in this patch refers to it again.
        mark.id = 0;
        continue;
      }
      const shape = this.keepsShape(object, mark.shape) ? mark.shape : this.shapeOf(object, false);
      writer.uint(mark.id);
      this.writeShape(shape);
      this.writeContent(object, shape, mark.before instanceof CollectionChanges ? mark.before : undefined);
      mark.shape = shape;
      // An open snapshot must hold it too, even if this turn took it out of reach: the reader will meet this image.
      this.#heap.noteReference(object, mark);
    }
    writer.uint(0);
    for (let i = 0; i < this.made.length; i++) this.writeContent(this.made[i]!, this.madeMarks[i]!.shape);
  }

  protected override writeShape(shape: Shape): void {
    const defines = shape.number === firstPropertyShape + this.#shapesDefined;
    if (defines) this.#shapesDefined++;
    this.writeShapeNumber(shape, defines);
  }

  protected override isUnknown(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const mark = markOf(value);
    return mark !== undefined ? mark.id === 0 || !this.#heap.isKnown(mark) : !this.#heap.isRef(value);
  }

  protected override writeReference(object: object): void {
    const mark = markOf(object);
    if (mark !== undefined && mark.id !== 0) {
      if (mark.heap !== this.#heap) throw new Refused(object, "an object of another node's heap");
      if (this.#heap.isKnown(mark)) {
        this.writer.u8(tag.object_);
        this.writer.uint(mark.id);
        this.#heap.noteReference(object, mark);
        return;
      }
      mark.id = 0;
    }
    const shape = this.shapeOf(object, true);
    const id = this.nextId++;
    const made = new Mark(this.#heap, 0, shape);
    // Own mutators come before the mark: putting them on is not a change.
    if (shape.kind === "map") trackMap(object);
    else if (shape.kind === "set") trackSet(object);
    else if (shape.kind === "date") trackDate(object);
    made.id = id;
    setMark(object, made);
    this.made.push(object);
    this.madeMarks.push(made);
    this.announceNew(object, id, shape);
    this.#heap.noteReference(object, made);
  }
}
