/**
 * The persistent heap of one node: ordinary objects reachable from one root. A turn opens it, changes objects, and either
 * commits, which writes the turn's patch, or undoes, which leaves no trace (K1). Not thread-safe; one turn at a time.
 * Does not know services or messages, and does no I/O: the patch is bytes for the caller to log.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError } from "../base/error.ts";
import { refAddress } from "../codec/ref-value.ts";
import { childrenOfValue, describePath } from "../codec/value-path.ts";
import type { Writer } from "../codec/writer.ts";
import { closeTurn, openTurn, touch } from "./barrier.ts";
import { classOfInstance } from "./class-registry.ts";
import { DirtyList } from "./dirty-list.ts";
import { HeapAudit, type UntrackedWrite } from "./heap-audit.ts";
import type { HeapSnapshot } from "./heap-snapshot.ts";
import { Refused } from "./image-writer.ts";
import type { IdSet } from "./id-set.ts";
import { shapeIn } from "./mark.ts";
import { PatchWriter } from "./patch-writer.ts";
import { ShapeTable } from "./shapes.ts";
import { noteCount } from "./unusual-objects.ts";

/** Where the path to a refused value starts: the label of each thing below the root, such as the services by name. */
export type RootLabels = (root: object) => Iterable<[label: string, value: unknown]>;

/** How many heaps the process has had: in production one, whose objects need not be told from others'. */
let heaps = 0;

export class Heap {
  readonly shapes = new ShapeTable(this);
  readonly #patch = new PatchWriter(this);
  #root: object | undefined;
  #nextId = 1;
  #open = false;
  #rootIsNew = false;
  #notesAtBegin = 0;
  /** What the open turn has touched. */
  readonly dirty = new DirtyList();
  readonly #unordered = new WeakSet<object>();
  readonly #labels: RootLabels;
  #snapshot: HeapSnapshot | undefined;
  #audit: HeapAudit | undefined;
  readonly #unlogged = new Set<object>();
  /** The ids in the last complete snapshot, and the first id given out after it began. */
  #idsInSnapshot: IdSet | undefined;
  #firstIdSince = 0;

  constructor(labels: RootLabels) {
    this.#labels = labels;
    heaps++;
  }

  /** Whether this persistent object belongs to this heap. */
  owns(object: object): boolean {
    return heaps === 1 || shapeIn(object)!.heap === this;
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
    openTurn(this);
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
    const { record, kind } = shapeIn(object)!;
    const name = record?.name ?? kind;
    const where = `${path}${field ?? ""}` || "the root";
    return new MaceKenError("MK_HEAP_UNTRACKED_WRITE", `${where} (${field === undefined ? "" : "in "}${name}) was written without the heap seeing it`, { details: { path, class: name, ...(field === undefined ? {} : { field }) } });
  }

  get hasUnlogged(): boolean {
    return this.#unlogged.size > 0;
  }

  /** The object was written unseen: only its whole image says what it holds. */
  isUnlogged(object: object): boolean {
    return this.#unlogged.has(object);
  }

  /** How many objects the open turn has dirtied so far. */
  get dirtyCount(): number {
    return this.dirty.count + (this.#rootIsNew ? 1 : 0);
  }

  /** Whether the open turn may have changed attributes of properties, or an object's prototype. */
  get mayHaveRedefined(): boolean {
    return noteCount() !== this.#notesAtBegin;
  }

  /**
   * Appends the open turn's patch to `writer` and ends the turn. When a value cannot persist nothing is appended,
   * the turn stays open for the caller to undo, and MK_VALUE_NOT_PERSISTENT names the path.
   */
  commit(writer: Writer): void {
    assert(this.#open, "a turn is open");
    const start = writer.length;
    const shapesBefore = this.shapes.size;
    const patch = this.#patch;
    try {
      patch.write(writer, this.#nextId, this.#rootIsNew ? this.#root : undefined, this.dirty);
    } catch (error) {
      writer.truncate(start);
      this.shapes.truncate(shapesBefore);
      this.dirty.restoreShapes();
      const refusal = error instanceof Refused ? this.#describe(error) : error;
      patch.takeBack();
      // An open snapshot has seen these ids: nobody else may have them.
      this.#nextId = patch.nextId;
      throw refusal;
    }
    this.#nextId = patch.nextId;
    if (this.#unlogged.size > 0) this.#unlogged.clear();
    this.dirty.settle();
    this.#end();
  }

  /** Puts every object back as the turn found it and ends the turn. */
  undo(): void {
    assert(this.#open, "a turn is open");
    this.dirty.undo();
    if (this.#snapshot !== undefined) for (let i = 0; i < this.dirty.count; i++) this.#snapshot.seeUndone(this.dirty.objects[i]!, this.dirty.befores[i]!);
    if (this.#rootIsNew) this.#root = undefined;
    this.#end();
  }

  #end(): void {
    this.dirty.clear();
    this.#rootIsNew = false;
    this.#open = false;
    closeTurn();
  }

  isRef(value: object): boolean {
    return refAddress(value) !== undefined;
  }

  /** A patch refers to the object, or changes it (`before` undoes that): an open snapshot must not miss it. */
  noteReference(object: object, id: number, before: object | undefined): void {
    this.#snapshot?.see(object, id, before);
  }

  /** A snapshot is open. */
  get isWatched(): boolean {
    return this.#snapshot !== undefined;
  }

  /** The log no longer begins with the heap's birth. */
  get mayHaveForgotten(): boolean {
    return this.#idsInSnapshot !== undefined;
  }

  attachSnapshot(snapshot: HeapSnapshot): void {
    assert(this.#snapshot === undefined, "one snapshot at a time");
    this.#snapshot = snapshot;
  }

  /** The snapshot is over. `ids`: it is complete and holds these, everything that was reachable, so the log may begin with it. */
  detachSnapshot(ids: IdSet | undefined, firstNewId: number): void {
    this.#snapshot = undefined;
    if (ids === undefined) return;
    this.#idsInSnapshot = ids;
    this.#firstIdSince = firstNewId;
  }

  /**
   * Whether a reader of the log knows the object. One that was out of reach when the last snapshot was taken is in neither the
   * snapshot nor a later patch: if the program kept it and attaches it again, it must be written as new.
   */
  isKnown(id: number): boolean {
    return this.#idsInSnapshot === undefined || id >= this.#firstIdSince || this.#idsInSnapshot.has(id);
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
