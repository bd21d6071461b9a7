/**
 * The persistent heap of one node: ordinary objects reachable from one root. A turn opens it, changes objects, and either
 * commits, which writes the turn's patch, or undoes, which leaves no trace (K1). Not thread-safe; one turn at a time.
 * Does not know services or messages, and does no I/O: the patch is bytes for the caller to log.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { refAddress } from "../codec/ref-value.ts";
import { childrenOfValue, describePath } from "../codec/value-path.ts";
import { Writer } from "../codec/writer.ts";
import { closeEpoch, openEpoch, touch } from "./barrier.ts";
import { restoreBefore } from "./before-image.ts";
import { classOfInstance } from "./class-registry.ts";
import { KeyedChanges } from "./keyed-changes.ts";
import { HeapAudit, type UntrackedWrite } from "./heap-audit.ts";
import type { HeapSnapshot } from "./heap-snapshot.ts";
import { Refused } from "./image-writer.ts";
import { markOf, type Mark } from "./mark.ts";
import { PatchWriter } from "./patch-writer.ts";
import { ShapeTable } from "./shapes.ts";
import { noteCount } from "./unusual-objects.ts";

/** Where the path to a refused value starts: the label of each thing below the root, such as the services by name. */
export type RootLabels = (root: object) => Iterable<[label: string, value: unknown]>;

export class Heap {
  readonly shapes = new ShapeTable();
  #root: object | undefined;
  #nextId = 1;
  #open = false;
  #rootIsNew = false;
  #notesAtBegin = 0;
  readonly #dirty: object[] = [];
  readonly #dirtyMarks: Mark[] = [];
  readonly #unordered = new WeakSet<object>();
  readonly #labels: RootLabels;
  #snapshot: HeapSnapshot | undefined;
  #audit: HeapAudit | undefined;
  readonly #unlogged = new Set<object>();
  /** The number of the last complete snapshot, and the first id given out after it began. */
  #lastSnapshot = 0;
  #firstIdSince = 0;

  constructor(labels: RootLabels) {
    this.#labels = labels;
  }

  get root(): object {
    assert(this.#root !== undefined, "the heap has a root");
    return this.#root;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** The root of a heap that is born: it and all it reaches persist with the commit of the turn that is open. */
  plant(root: object): void {
    assert(this.#open && this.#root === undefined, "a heap is planted once, in the birth turn");
    this.#root = root;
    this.#rootIsNew = true;
  }

  /** After recovery: the root as it was loaded, and the first id that was never used. */
  resume(root: object, nextId: number): void {
    assert(this.#root === undefined, "a heap is resumed once");
    this.#root = root;
    this.#nextId = nextId;
  }

  /** The order of this Map or Set is nobody's business, which makes its deletes cheap to undo. Not persistent: said again after recovery. */
  declareUnordered(collection: object): void {
    this.#unordered.add(collection);
  }

  isUnordered(collection: object): boolean {
    return this.#unordered.has(collection);
  }

  begin(): void {
    assert(!this.#open, "turns do not nest");
    this.#open = true;
    this.#notesAtBegin = noteCount();
    openEpoch(this);
    for (const object of this.#unlogged) touch(object);
  }

  /** The audit of a heap that is to be audited; `remembersFields` for tests. */
  openAudit(remembersFields: boolean): HeapAudit {
    return (this.#audit ??= new HeapAudit(this.shapes, () => this.root, childrenOfObject, remembersFields));
  }

  /** Undefined when nobody opened one. */
  get audit(): HeapAudit | undefined {
    return this.#audit;
  }

  /** What the audit found, as people read it. What the object holds goes into the next record, whole, if it can. */
  report({ object, field, canPersist }: UntrackedWrite): MaceKenError {
    if (canPersist) this.#unlogged.add(object);
    const labelled = (each: object): Iterable<[string, unknown]> => (each === this.#root ? this.#labels(each) : childrenOfObject(each));
    const { path } = describePath(this.#root, object, "", labelled);
    const name = markOf(object)!.shape.record?.name ?? markOf(object)!.shape.kind;
    const where = `${path}${field ?? ""}` || "the root";
    return new MaceKenError("MK_HEAP_UNTRACKED_WRITE", `${where} (${field === undefined ? "" : "in "}${name}) was written without the heap seeing it`, { details: { path, class: name, ...(field === undefined ? {} : { field }) } });
  }

  /** The object was written unseen: only its whole image says what it holds. */
  isUnlogged(object: object): boolean {
    return this.#unlogged.size > 0 && this.#unlogged.has(object);
  }

  /** How many objects the open turn has dirtied so far. */
  get dirtyCount(): number {
    return this.#dirty.length + (this.#rootIsNew ? 1 : 0);
  }

  /** Whether the open turn may have changed attributes of properties, or an object's prototype. */
  get mayHaveRedefined(): boolean {
    return noteCount() !== this.#notesAtBegin;
  }

  noteDirty(object: object, mark: Mark): void {
    this.#dirty.push(object);
    this.#dirtyMarks.push(mark);
  }

  /**
   * Appends the open turn's patch to `writer` and ends the turn. When a value cannot persist nothing is appended,
   * the turn stays open for the caller to undo, and MK_VALUE_NOT_PERSISTENT names the path.
   */
  commit(writer: Writer): void {
    assert(this.#open, "a turn is open");
    const start = writer.length;
    const shapesBefore = this.shapes.size;
    const patch = new PatchWriter(this, writer, this.#nextId);
    const shapesOfDirty = this.#dirtyMarks.map((mark) => mark.shape);
    try {
      patch.write(this.#rootIsNew ? this.#root : undefined, this.#dirty, this.#dirtyMarks);
    } catch (error) {
      writer.truncate(start);
      this.shapes.truncate(shapesBefore);
      this.#dirtyMarks.forEach((mark, i) => void (mark.shape = shapesOfDirty[i]!));
      const refusal = error instanceof Refused ? this.#describe(error) : error;
      for (const mark of patch.madeMarks) mark.id = 0;
      throw refusal;
    }
    this.#nextId = patch.nextId;
    if (this.#unlogged.size > 0) this.#unlogged.clear();
    for (const { before } of this.#dirtyMarks) if (before instanceof KeyedChanges) before.settle();
    this.#end();
  }

  /** Puts every object back as the turn found it and ends the turn. */
  undo(): void {
    assert(this.#open, "a turn is open");
    for (let i = this.#dirty.length - 1; i >= 0; i--) restoreBefore(this.#dirty[i]!, this.#dirtyMarks[i]!);
    if (this.#rootIsNew) this.#root = undefined;
    this.#end();
  }

  #end(): void {
    for (const mark of this.#dirtyMarks) {
      mark.before = undefined;
      mark.checksum = 0;
    }
    this.#dirty.length = 0;
    this.#dirtyMarks.length = 0;
    this.#rootIsNew = false;
    this.#open = false;
    closeEpoch();
  }

  isRef(value: object): boolean {
    return refAddress(value) !== undefined;
  }

  /** A patch refers to the object: an open snapshot must not miss it. */
  noteReference(object: object, mark: Mark): void {
    this.#snapshot?.see(object, mark);
  }

  attachSnapshot(snapshot: HeapSnapshot): void {
    assert(this.#snapshot === undefined, "one snapshot at a time");
    this.#snapshot = snapshot;
  }

  /** The snapshot is over. `complete`: it holds everything that was reachable, so the log may begin with it. */
  detachSnapshot(complete: boolean, number: number, firstNewId: number): void {
    this.#snapshot = undefined;
    if (!complete) return;
    this.#lastSnapshot = number;
    this.#firstIdSince = firstNewId;
  }

  /**
   * Whether a reader of the log knows the object. One that was out of reach when the last snapshot was taken is in neither the
   * snapshot nor a later patch: if the program kept it and attaches it again, it must be written as new.
   */
  isKnown(mark: Mark): boolean {
    return this.#lastSnapshot === 0 || mark.id >= this.#firstIdSince || mark.snapshot >= this.#lastSnapshot;
  }

  #describe(refused: Refused): MaceKenError {
    const labelled = (object: object): Iterable<[string, unknown]> => (object === this.#root ? this.#labels(object) : childrenOfObject(object));
    const { path, what } = describePath(this.#root, refused.value, "", labelled);
    const said = refused.why ?? what;
    const hint = said.startsWith("an instance of") && classOfInstance(refused.value as object) === undefined ? ", a class the heap does not know (not compiled, or of the engine)" : "";
    return new MaceKenError("MK_VALUE_NOT_PERSISTENT", `${path || "a value"} is ${said}${hint}`, { details: { path } });
  }
}

/** An object's children, private fields included. */
export function* childrenOfObject(object: object): Iterable<[string, unknown]> {
  yield* childrenOfValue(object);
  for (const { info } of classOfInstance(object)?.withPrivates ?? []) {
    const values = info!.privates!.get(object);
    for (let i = 0; i < values.length; i++) yield [`.${info!.privates!.names[i]!}`, values[i]];
  }
}
