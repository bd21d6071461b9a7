/**
 * The audit: does every object still hold what the log has of it? Between turns, an object that no turn has touched since it
 * was last looked at must have the same content; otherwise something wrote it without the barrier (code that was not compiled,
 * the engine on its own account). It keeps 31 bits an object, no image. K1 stands on the barrier; this is what watches it.
 * It walks the graph from the root, in slices of any size, again and again. Does not decide when, nor what follows
 * (heap.ts, kernel/kernel.ts). Not seen: a write to an object that the same turn also changed in the open, since all of it is logged anew
 * or, of a large collection, what was told.
 */
import { Queue } from "../base/queue.ts";
import { IdSet } from "./id-set.ts";
import { checksumOf, idOf, isPersistent, setState, shapeIn } from "./mark.ts";
import { Writer } from "../codec/writer.ts";
import { tag } from "../codec/tags.ts";
import { ImageWriter, Refused } from "./image-writer.ts";
import { operation } from "./keyed-changes.ts";
import type { PartsWatch } from "./large-image.ts";
import { classOfInstance } from "./class-registry.ts";
import { ownNames } from "./own-properties.ts";
import { isFixed, sameKeys, type Shape, type ShapeTable } from "./shapes.ts";

export interface UntrackedWrite {
  readonly object: object;
  /** What differs, when the audit remembers fields: `.total`. */
  readonly field: string | undefined;
  /** Whether what the object holds now can be logged. */
  readonly canPersist: boolean;
}

/** Objects with more elements or bytes are only looked at in whole walks: a slice must end. */
const largeMin = 100_000;
/** Fields are remembered of objects with at most so many. */
const fieldsMax = 2_000;

export class HeapAudit extends ImageWriter {
  readonly #root: () => object;
  readonly #childrenOf: (object: object) => Iterable<[string, unknown]>;
  readonly #fields: WeakMap<object, readonly unknown[]> | undefined;
  readonly #queue = new Queue<object>();
  /** Ids that the walk under way has seen. */
  #seen = new IdSet();
  #skipsLarge = true;
  readonly #found: UntrackedWrite[] = [];
  readonly #foreign = new WeakSet<object>();

  /** `remembersFields`: keeps a shallow copy of each object, to say which field was written. For tests. */
  constructor(shapes: ShapeTable, root: () => object, childrenOf: (object: object) => Iterable<[string, unknown]>, remembersFields: boolean) {
    super(new Writer(64 * 1024), shapes);
    this.#root = root;
    this.#childrenOf = childrenOf;
    this.#fields = remembersFields ? new WeakMap() : undefined;
  }

  /** Between two walks. */
  get isDone(): boolean {
    return this.#queue.length === 0;
  }

  /** What was found since this was last asked. */
  takeFound(): UntrackedWrite[] {
    return this.#found.splice(0);
  }

  /** The whole graph, now. */
  everything(): void {
    this.#queue.clear();
    this.#skipsLarge = false;
    this.slice(Infinity);
    this.#skipsLarge = true;
  }

  /** At most `maxObjects` objects of the walk under way, or of a new one. */
  slice(maxObjects: number): void {
    if (this.isDone) {
      this.#seen = new IdSet();
      this.#see(this.#root());
    }
    for (let count = 0; count < maxObjects && !this.isDone; count++) {
      const object = this.#queue.shift()!;
      const shape = shapeIn(object);
      if (shape !== undefined) this.check(object, shape);
    }
  }

  /** One object against what it was when it was last looked at. */
  check(object: object, shape: Shape): void {
    if (this.#skipsLarge && sizeOf(object, shape) > largeMin) {
      for (const [, child] of this.#childrenOf(object)) if (isPersistent(child)) this.#see(child as object);
      return;
    }
    let checksum = 0;
    let isForeign = false;
    try {
      checksum = this.#checksumOf(object, shape);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      isForeign = true;
    }
    if (shape.kind === "typedArray") this.#see((object as ArrayBufferView).buffer);
    this.#conclude(object, checksum, isForeign);
  }

  #conclude(object: object, checksum: number, isForeign: boolean): void {
    const before = checksumOf(object);
    setState(object, checksum);
    const differs = isForeign || (before !== 0 && before !== checksum);
    const field = this.#fields === undefined ? undefined : this.#compareFields(object, this.#fields, differs);
    if (!differs || (isForeign && this.#foreign.has(object))) return;
    // What cannot be mended is said once.
    if (isForeign) this.#foreign.add(object);
    this.#found.push({ object, field, canPersist: !isForeign });
  }

  #parts: { readonly shape: Shape; readonly object: object; hash: number; isForeign: boolean } | undefined;

  /** The same for a large object whose content comes in parts. */
  checkParts(object: object, shape: Shape): PartsWatch {
    const parts = { shape, object, hash: offsetBasis, isForeign: !isExpected(object, shape) };
    this.#parts = parts;
    const { writer } = this;
    const absorb = (): void => {
      parts.hash = hashOn(parts.hash, writer.view());
      writer.reset();
    };
    writer.reset();
    const { kind } = shape;
    const isMap = kind === "map";
    if (kind === "map" || kind === "set") writer.u32((object as Map<unknown, unknown>).size);
    else writer.uint(kind === "arrayBuffer" ? (object as ArrayBuffer).byteLength : (object as unknown[]).length);
    absorb();
    let isKey = true;
    return {
      slot: (value) => {
        // Walks and looks at other objects may come between two parts.
        writer.reset();
        if (kind !== "denseArray" && isKey) writer.u8(operation.set);
        isKey = !isMap || !isKey;
        try {
          this.writeSlot(value);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          parts.isForeign = true;
        }
        absorb();
      },
      bytes: (bytes) => void (parts.hash = hashOn(parts.hash, bytes)),
    };
  }

  /** `changed`: a turn changed it meanwhile, so there is nothing to compare. */
  endParts(changed: boolean): void {
    const parts = this.#parts!;
    this.#parts = undefined;
    const { shape, object } = parts;
    if (changed) return;
    this.writer.reset();
    if (!looksLike(object, shape)) this.writer.u8(1);
    else if (!isFixed(shape)) this.writeOwn(object as Record<string, unknown>, shape);
    this.#conclude(object, finished(hashOn(parts.hash, this.writer.view())), parts.isForeign);
  }

  #checksumOf(object: object, shape: Shape): number {
    this.writer.reset();
    if (!looksLike(object, shape)) this.writer.u8(1);
    else this.writeContent(object, shape);
    if (!isExpected(object, shape)) throw new Refused(object);
    return finished(hashOn(offsetBasis, this.writer.view()));
  }

  #compareFields(object: object, fields: WeakMap<object, readonly unknown[]>, differs: boolean): string | undefined {
    const before = fields.get(object);
    const now: unknown[] = [];
    for (const [label, value] of this.#childrenOf(object)) {
      if (now.length >= 2 * fieldsMax) break;
      now.push(label, value);
    }
    fields.set(object, now);
    if (!differs || before === undefined) return undefined;
    const left = new Map<unknown, unknown>();
    for (let i = 0; i < now.length; i += 2) left.set(now[i], now[i + 1]);
    for (let i = 0; i < before.length; i += 2) {
      if (!left.has(before[i]) || !Object.is(left.get(before[i]), before[i + 1])) return String(before[i]);
      left.delete(before[i]);
    }
    for (const label of left.keys()) return String(label);
    return undefined;
  }

  #see(object: object): void {
    if (this.#seen.add(idOf(object))) this.#queue.push(object);
  }

  protected override writeReference(object: object, id: number): void {
    this.#see(object);
    this.writer.u8(tag.object_);
    this.writer.uint(id);
  }

  protected override writeShape(shape: Shape): void {
    this.writer.uint(shape.number);
  }
}

function sizeOf(object: object, { kind }: Shape): number {
  switch (kind) {
    case "map":
    case "set":
      return (object as Map<unknown, unknown>).size;
    case "denseArray":
      return (object as unknown[]).length;
    case "arrayBuffer":
      return (object as ArrayBuffer).byteLength;
    default:
      return 0;
  }
}

/** Same keys in the same order. The keys of arrays and dictionaries are content. */
function looksLike(object: object, { kind, record, keys }: Shape): boolean {
  if (kind === "array" || kind === "denseArray" || kind === "dictionary" || kind === "nullDictionary" || kind === "arrayBuffer" || kind === "typedArray" || kind === "error") return true;
  return sameKeys(ownNames(object, kind, record), keys);
}

/** What a persistent object cannot become. */
function isExpected(object: object, shape: Shape): boolean {
  const { kind, record } = shape;
  if (kind === "instance" && !shape.isCurrent) return true;
  if (kind === "instance") return classOfInstance(object) === record;
  if (kind === "object" || kind === "dictionary") return Object.getPrototypeOf(object) === Object.prototype;
  if (kind === "nullObject" || kind === "nullDictionary") return Object.getPrototypeOf(object) === null;
  return !isFixed(shape) || kind !== "denseArray" || Array.isArray(object);
}

/** FNV-1a (Fowler, Noll, Vo). */
const offsetBasis = 0x811c9dc5;

function hashOn(hash: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

/** 31 bits, which stay a small integer to the engine; never 0, which says that nothing is known. */
function finished(hash: number): number {
  return (hash & 0x7fffffff) || 1;
}
