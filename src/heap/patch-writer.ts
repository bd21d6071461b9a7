/**
 * The patch of one turn: images of the objects it dirtied and of every object that became reachable through them, with
 * new shapes defined where they first appear. Written in one pass, straight into the checkpoint record (K1).
 * Layout: root flag [root slot]; (id, shape, content) for each dirty object; 0; content of each announced object in order.
 * What a turn changed of large things is in patch-changes.ts.
 */
import { Writer } from "../codec/writer.ts";
import { tag } from "../codec/tags.ts";
import { ArrayChanges } from "./array-changes.ts";
import { ByteChanges } from "./byte-changes.ts";
import { DictionaryChanges } from "./dictionary-changes.ts";
import type { DirtyList } from "./dirty-list.ts";
import type { Heap } from "./heap.ts";
import { ImageWriter, Refused } from "./image-writer.ts";
import { forgetOrder } from "./key-order.ts";
import { KeyedChanges } from "./keyed-changes.ts";
import { idOf, knownIdOf, mark, setId, setShape, unmark } from "./mark.ts";
import { isUntouched, writeArrayChanges, writeByteChanges, writeKeyedChanges } from "./patch-changes.ts";
import { firstPropertyShape, isFixed, type Shape } from "./shapes.ts";
import { isTracked, track } from "./tracked-collections.ts";

/** A patch that made more does not make the next ones hold as much memory. */
const keptMax = 1024;
const nothing = {};
/** Between patches: a large one's bytes are not held. */
const noWriter = new Writer(1);

const trackedNames = { map: "Map", set: "Set", date: "Date", regexp: "RegExp" };

export class PatchWriter extends ImageWriter {
  readonly #heap: Heap;
  /** The objects announced in this patch, whose contents follow in this order, and their shapes. */
  readonly #made: object[] = [];
  readonly #madeShapes: Shape[] = [];
  #madeCount = 0;
  nextId = 0;
  /** How many shapes the log has defined, this patch included. */
  #shapesDefined = 0;
  /** Asked once a patch: whether a snapshot is open, some objects are out of reach so long that the log has forgotten them, and some must be written whole. */
  #isWatched = false;
  #mayBeForgotten = false;
  #mayBeUnlogged = false;

  constructor(heap: Heap) {
    super(noWriter, heap.shapes);
    this.#heap = heap;
  }

  /** One patch, behind what `writer` holds. Throws Refused; the caller then takes it back. */
  write(writer: Writer, nextId: number, root: object | undefined, dirty: DirtyList): void {
    this.writer = writer;
    this.nextId = nextId;
    this.#shapesDefined = this.#heap.shapes.size;
    this.#isWatched = this.#heap.isWatched;
    this.#mayBeForgotten = this.#heap.mayHaveForgotten;
    this.#mayBeUnlogged = this.#heap.hasUnlogged;
    writer.u8(root === undefined ? 0 : 1);
    if (root !== undefined) this.writeSlot(root);
    const redefined = this.#heap.mayHaveRedefined;
    for (let i = 0; i < dirty.count; i++) this.#writeDirty(dirty.objects[i]!, dirty.befores[i]!, dirty.shapes[i]!, redefined);
    writer.uint(0);
    for (let i = 0; i < this.#madeCount; i++) this.writeContent(this.#made[i]!, this.#madeShapes[i]!);
    this.#forgetMade();
    this.writer = noWriter;
  }

  /** The patch was thrown away, and so is what it made persistent. */
  takeBack(): void {
    for (let i = 0; i < this.#madeCount; i++) unmark(this.#made[i]!);
    this.#forgetMade();
    this.writer = noWriter;
  }

  #forgetMade(): void {
    for (let i = 0; i < this.#madeCount; i++) this.#made[i] = nothing;
    if (this.#madeCount > keptMax) this.#made.length = this.#madeShapes.length = 0;
    this.#madeCount = 0;
  }

  #writeDirty(object: object, before: object, shape: Shape, redefined: boolean): void {
    const id = knownIdOf(object);
    if (this.#mayBeForgotten && !this.#heap.isKnown(id)) {
      // Out of reach since before the last snapshot: no image, unless something in this patch refers to it again.
      setId(object, 0);
      return;
    }
    const isWhole = this.#mayBeUnlogged && this.#heap.isUnlogged(object);
    if (isWhole || redefined || !this.#writeUsual(object, id, shape)) {
      if (isWhole || !this.#writeChanges(object, id, before, shape)) this.#writeWhole(object, id, shape);
    }
    // An open snapshot must hold it too, even if this turn took it out of reach: the reader will meet this image.
    if (this.#isWatched) this.#heap.noteReference(object, id, before);
  }

  /** The image of an object of a usual shape that still has it: the common case. */
  #writeUsual(object: object, id: number, shape: Shape): boolean {
    if (!shape.isUsual) return false;
    this.writer.uint(id);
    this.writeShapeNumber(shape, false);
    // Looking at the keys before would cost as much as writing. If they are others, the reader gets a second image, which counts.
    return this.writeOwn(object as Record<string, unknown>, shape);
  }

  #writeWhole(object: object, id: number, before: Shape): void {
    const shape = this.shapeOf(object, false);
    if (shape.kind !== before.kind) this.#refuseTurned(object, before, shape);
    this.writer.uint(id);
    this.writeShape(shape);
    this.replaces = true;
    this.writeContent(object, shape);
    this.replaces = false;
    setShape(object, shape);
  }

  /** Writes what changed of an object that is known by keys, elements or pages; false when its whole image is needed. */
  #writeChanges(object: object, id: number, before: object, shape: Shape): boolean {
    switch (shape.kind) {
      case "map":
      case "set": {
        const changes = before as KeyedChanges;
        if (changes.untold) return false;
        let now = shape;
        if (changes.own !== undefined || !isFixed(shape)) now = this.shapeOf(object, false);
        this.writer.uint(id);
        this.writeShape(now);
        writeKeyedChanges(this, changes);
        if (!isFixed(now)) this.writeOwn(object as Record<string, unknown>, now);
        setShape(object, now);
        return true;
      }
      case "dictionary":
      case "nullDictionary": {
        const changes = before as DictionaryChanges;
        if (!changes.tellsAll) return false;
        this.#begin(id, "dictionaryChanges");
        writeKeyedChanges(this, changes);
        return true;
      }
      case "denseArray": {
        if (!(before instanceof ArrayChanges)) return false;
        if (before.untold ? this.shapeOf(object, false) !== shape : !isUntouched(before)) return false;
        this.#begin(id, "arrayChanges");
        writeArrayChanges(this, before);
        return true;
      }
      case "arrayBuffer": {
        if (this.shapeOf(object, false) !== shape || !isFixed(shape)) return false;
        if ((object as ArrayBuffer).byteLength === 0 && (before as ByteChanges).pages.size > 0) throw new Refused(object, "an ArrayBuffer that was transferred away");
        this.#begin(id, "byteChanges");
        writeByteChanges(this, before as ByteChanges);
        return true;
      }
      default:
        return false;
    }
  }

  #begin(id: number, kind: "arrayChanges" | "dictionaryChanges" | "byteChanges"): void {
    this.writer.uint(id);
    this.writeShapeNumber(this.shapes.fixed[kind]!, false);
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
    const id = idOf(value);
    return id === 0 ? !this.#heap.isRef(value) : !this.#heap.isKnown(id);
  }

  protected override writeReference(object: object, known: number): void {
    if (known !== 0) {
      if (!this.#heap.owns(object)) throw new Refused(object, "an object of another node's heap");
      if (!this.#mayBeForgotten || this.#heap.isKnown(known)) {
        this.writer.u8(tag.object_);
        this.writer.uint(known);
        if (this.#isWatched) this.#heap.noteReference(object, known, undefined);
        return;
      }
      setId(object, 0);
    }
    this.writeNew(object);
  }

  protected override writeNew(object: object): void {
    const usual = this.usualShapeOf(object);
    if (usual === undefined && this.#heap.isRef(object)) return super.writeNew(object);
    const shape = usual ?? this.shapeOf(object, true);
    const id = this.nextId++;
    // Own mutators come before the mark: putting them on is not a change.
    if (usual === undefined) this.#prepare(object, shape);
    mark(object, id, shape);
    const at = this.#madeCount++;
    this.#made[at] = object;
    this.#madeShapes[at] = shape;
    this.announceNew(object, id, shape);
    if (this.#isWatched) this.#heap.noteReference(object, id, undefined);
  }

  #prepare(object: object, { kind, isKeyed }: Shape): void {
    if (isTracked(kind) && !track(object, kind)) throw new Refused(object, `a closed or frozen ${trackedNames[kind]}, whose changes nobody would see`);
    if (isKeyed) forgetOrder(object);
  }
}
