/**
 * The patch of one turn: images of the objects it dirtied and of every object that became reachable through them, with
 * new shapes defined where they first appear. Written in one pass, straight into the checkpoint record (K1).
 * Layout: root flag [root slot]; (id, shape, content) for each dirty object; 0; content of each announced object in order.
 * What a turn changed of large things is in patch-changes.ts.
 */
import type { Writer } from "../codec/writer.ts";
import { tag } from "../codec/tags.ts";
import { ArrayChanges } from "./array-changes.ts";
import { ByteChanges } from "./byte-changes.ts";
import { DictionaryChanges } from "./dictionary-changes.ts";
import type { Heap } from "./heap.ts";
import { ImageWriter, Refused } from "./image-writer.ts";
import { forgetOrder } from "./key-order.ts";
import { KeyedChanges } from "./keyed-changes.ts";
import { Mark, markOf, setMark } from "./mark.ts";
import { isUntouched, writeArrayChanges, writeArrayDifference, writeByteChanges, writeKeyedChanges } from "./patch-changes.ts";
import { firstPropertyShape, fixedShapes, isFixed, type Shape } from "./shapes.ts";
import { isTracked, track } from "./tracked-collections.ts";

const trackedNames = { map: "Map", set: "Set", date: "Date", regexp: "RegExp" };

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
    const redefined = this.#heap.mayHaveRedefined;
    for (let i = 0; i < dirty.length; i++) {
      const object = dirty[i]!;
      const mark = marks[i]!;
      if (!this.#heap.isKnown(mark)) {
        // Out of reach since before the last snapshot: no image, unless something in this patch refers to it again.
        mark.id = 0;
        continue;
      }
      if (this.#heap.isUnlogged(object) || !this.#writeChanges(object, mark)) {
        const shape = !redefined && this.keepsShape(object, mark.shape) ? mark.shape : this.shapeOf(object, false);
        if (shape.kind !== mark.shape.kind) this.#refuseTurned(object, mark.shape, shape);
        writer.uint(mark.id);
        this.writeShape(shape);
        this.replaces = true;
        this.writeContent(object, shape);
        this.replaces = false;
        mark.shape = shape;
      }
      // An open snapshot must hold it too, even if this turn took it out of reach: the reader will meet this image.
      this.#heap.noteReference(object, mark);
    }
    writer.uint(0);
    for (let i = 0; i < this.made.length; i++) this.writeContent(this.made[i]!, this.madeMarks[i]!.shape);
  }

  /** Writes what changed of an object that is known by keys, elements or pages; false when its whole image is needed. */
  #writeChanges(object: object, mark: Mark): boolean {
    const { before, shape } = mark;
    switch (shape.kind) {
      case "map":
      case "set": {
        const changes = before as KeyedChanges;
        if (changes.untold) return false;
        let now = shape;
        if (changes.own !== undefined || !isFixed(shape)) now = this.shapeOf(object, false);
        this.writer.uint(mark.id);
        this.writeShape(now);
        writeKeyedChanges(this, changes);
        if (!isFixed(now)) this.writeOwn(object as Record<string, unknown>, now);
        mark.shape = now;
        return true;
      }
      case "dictionary":
      case "nullDictionary": {
        const changes = before as DictionaryChanges;
        if (!changes.tellsAll) return false;
        this.#begin(mark, "dictionaryChanges");
        writeKeyedChanges(this, changes);
        return true;
      }
      case "denseArray": {
        if (!isFixed(shape)) return false;
        if (before instanceof ArrayChanges) {
          if (before.untold ? this.shapeOf(object, false) !== shape : !isUntouched(before)) return false;
          this.#begin(mark, "arrayChanges");
          writeArrayChanges(this, before);
          return true;
        }
        if (this.shapeOf(object, false) !== shape) return false;
        this.#begin(mark, "arrayChanges");
        writeArrayDifference(this, object as unknown[], before as unknown[]);
        return true;
      }
      case "arrayBuffer": {
        if (this.shapeOf(object, false) !== shape || !isFixed(shape)) return false;
        if ((object as ArrayBuffer).byteLength === 0 && (before as ByteChanges).pages.size > 0) throw new Refused(object, "an ArrayBuffer that was transferred away");
        this.#begin(mark, "byteChanges");
        writeByteChanges(this, before as ByteChanges);
        return true;
      }
      default:
        return false;
    }
  }

  #begin(mark: Mark, kind: "arrayChanges" | "dictionaryChanges" | "byteChanges"): void {
    this.writer.uint(mark.id);
    this.writeShapeNumber(fixedShapes[kind]!, false);
  }

  /** An object may get the prototype of another class, but not stop being the built-in it is. */
  #refuseTurned(object: object, before: Shape, now: Shape): void {
    const free = (shape: Shape): boolean =>
      shape.kind === "dictionary" || shape.kind === "nullDictionary" || shape.kind === "object" || shape.kind === "nullObject" ||
      (shape.kind === "instance" && shape.record!.base.kind === "object" && !shape.hasPrivates);
    const isArray = (shape: Shape): boolean => shape.kind === "array" || shape.kind === "denseArray";
    if ((free(before) && free(now)) || (isArray(before) && isArray(now))) return;
    throw new Refused(object, "an object whose prototype was changed");
  }

  protected override writeShape(shape: Shape): void {
    const defines = shape.number === firstPropertyShape + this.#shapesDefined;
    if (defines) this.#shapesDefined++;
    this.writeShapeNumber(shape, defines);
  }

  /** True for an object that no image has ever named. */
  isUnknown(value: unknown): boolean {
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
    const { kind } = shape;
    if (isTracked(kind) && !track(object, kind)) throw new Refused(object, `a closed or frozen ${trackedNames[kind]}, whose changes nobody would see`);
    if (shape.isKeyed) forgetOrder(object);
    made.id = id;
    setMark(object, made);
    this.made.push(object);
    this.madeMarks.push(made);
    this.announceNew(object, id, shape);
    this.#heap.noteReference(object, made);
  }
}
