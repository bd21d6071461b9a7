/**
 * Makes a heap again from the chunks of a snapshot and the patches of later turns. Each patch is applied in place; of an
 * object whose snapshot image is at least as new as the patch, the patch's image is read and dropped (heap-snapshot.ts).
 * Nothing of the user's runs here but the makers of volatile fields, at the end. Damage that the log's checksums did not
 * see is a DecodeError, never a wrong heap.
 */
import { errors, makeView, setSparseLength, typedArrays } from "../codec/built-in.ts";
import { notPrimitive, readPrimitive } from "../codec/primitive.ts";
import type { Reader } from "../codec/reader.ts";
import { internRef } from "../codec/ref-value.ts";
import { tag } from "../codec/tags.ts";
import { isAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { recompile } from "./before-image.ts";
import { keyedTarget, readArrayChanges, readByteChanges, readKeyedChanges, readPart, type KeyedTarget } from "./change-reader.ts";
import { makeBare } from "./class-registry.ts";
import { entryFlag } from "./heap-snapshot.ts";
import { operation, type Operation } from "./keyed-changes.ts";
import { StoredClasses } from "./class-resolver.ts";
import type { Heap } from "./heap.ts";
import { announced, empty, LoadedObjects, noImage, notLoaded } from "./loaded-objects.ts";
import { mark } from "./mark.ts";
import { OutdatedObjects, restoreIntegrity } from "./outdated-objects.ts";
import { nativeSetPrototypeOf, restoreKeys, setOwn } from "./own-properties.ts";
import { isFixed, readShapeDefinition, shapeNumbersMax, type Kind, type Shape, type ShapeTable } from "./shapes.ts";
import { noteUnusual } from "./unusual-objects.ts";
import { isTracked, track } from "./tracked-collections.ts";

type Properties = Record<string, unknown>;

/** Sees what patches change, for tools that tell it in words. Values are as the log has them: of made objects, not yet filled. */
export interface LoaderWatch {
  /** Before an image is put in place; `made` when the patch announced the object. */
  image(object: object, shape: Shape, made: boolean): void;
  /** Before a key of a Map or Set changes. */
  entry(collection: object, kind: Operation, key: unknown, value: unknown): void;
}

export class HeapLoader {
  watch: LoaderWatch | undefined;
  readonly #heap: Heap;
  readonly #shapes: ShapeTable;
  #loaded = new LoadedObjects();
  #root: object | undefined;
  #rootId = 0;
  #highestId = 0;
  #begun = false;
  #readsPatches = false;
  /** Classes as the log names them. */
  readonly classes = new StoredClasses();
  /** Objects announced in the patch being read, whose contents follow. */
  readonly #made: number[] = [];
  /** The shapes they are announced with: those of their contents. A snapshot may have made the object already, with a later shape. */
  readonly #madeShapes: Shape[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#shapes = heap.shapes;
  }

  /** Undefined before the birth. */
  get root(): object | undefined {
    return this.#root ?? this.#loaded.object(this.#rootId);
  }

  get objectCount(): number {
    return this.#loaded.size;
  }

  /** One chunk of a snapshot, in the order in which they were written. */
  snapshotChunk(reader: Reader): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#rootId = reader.uint();
      const shapes = reader.count();
      for (let i = 0; i < shapes; i++) this.#readShape(reader);
    }
    for (let id = reader.uint(); id !== 0; id = reader.uint()) {
      const turn = reader.uint();
      const shape = this.#readShape(reader);
      const flags = reader.u8();
      if (flags === entryFlag.shape) continue;
      if ((flags & entryFlag.announced) !== 0 && reader.u8() === tag.newObject) this.#readAnnouncement(reader);
      const index = this.#indexOf(reader, id);
      if ((flags & entryFlag.part) !== 0) this.#readPart(reader, index, shape);
      else this.#readContent(reader, index, shape, true);
      this.#loaded.imageTurns[index] = turn;
    }
    this.#made.length = 0;
    this.#madeShapes.length = 0;
  }

  /** The patch of one turn. */
  patch(reader: Reader, turn: number): void {
    this.#readsPatches = true;
    if (reader.u8() === 1) {
      this.#root = this.#readSlot(reader) as object;
      this.#rootId = this.#made[0]!;
    }
    for (let id = reader.uint(); id !== 0; id = reader.uint()) {
      const shape = this.#readShape(reader);
      const index = this.#indexOf(reader, id);
      const news = this.#loaded.imageTurns[index]! < turn;
      if (news) this.watch?.image(this.#loaded.objects[index]!, shape, false);
      this.#readContent(reader, index, shape, news);
    }
    for (let i = 0; i < this.#made.length; i++) {
      const index = this.#indexOf(reader, this.#made[i]!);
      this.watch?.image(this.#loaded.objects[index]!, this.#madeShapes[i]!, true);
      this.#readContent(reader, index, this.#madeShapes[i]!, this.#loaded.imageTurns[index]! < turn);
    }
    this.#made.length = 0;
    this.#madeShapes.length = 0;
  }

  /**
   * Hands the objects over to the heap: marks, own mutators, frozen states, volatile fields. `each` is called with every object.
   * Answers those that the first turn must bring up to date, because their classes changed.
   */
  finish(each: (object: object) => void, options: { readonly volatiles: boolean } = { volatiles: true }): OutdatedObjects {
    const { ids, objects, shapes } = this.#loaded;
    this.#root ??= this.#loaded.object(this.#rootId);
    assert(this.#root !== undefined, "a recovered heap has a root");
    const volatile: [object, Shape][] = [];
    const frozen: [object, Shape][] = [];
    const outdated = new OutdatedObjects();
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      const shape = shapes[i]!;
      if (isTracked(shape.kind)) track(object, shape.kind);
      if (shape.attributes !== "") noteUnusual(object);
      if (shape.record !== undefined) {
        if (!shape.isCurrent) outdated.add(object, shape);
        if (shape.record.volatiles.size > 0 && options.volatiles) volatile.push([object, shape]);
      }
      if (shape.integrity !== 0) frozen.push([object, shape]);
      each(object);
    }
    const makeVolatiles = (): void => {
      for (const [object, shape] of volatile) for (const [name, make] of shape.record!.volatiles) setOwn(object, name, make.call(object));
    };
    // Frozen objects last: their content is complete then.
    const freeze = (): void => {
      for (const [object, shape] of frozen) restoreIntegrity(object, shape);
    };
    // Before the marks: making a volatile field is not a write, and its maker may read the whole object.
    if (outdated.count === 0) makeVolatiles();
    for (let i = 0; i < objects.length; i++) mark(objects[i]!, ids[i]!, shapes[i]!);
    this.#heap.resume(this.#root, this.#highestId + 1);
    if (outdated.count === 0) freeze();
    else {
      outdated.afterwards(() => {
        makeVolatiles();
        freeze();
      });
    }
    this.#loaded = new LoadedObjects();
    return outdated;
  }

  #indexOf(reader: Reader, id: number): number {
    const index = this.#loaded.find(id);
    return index === notLoaded ? reader.fail(`object ${id} is not known`) : index;
  }

  #readShape(reader: Reader): Shape {
    const head = reader.uint();
    const number = Math.floor(head / 2);
    if (number > shapeNumbersMax) reader.fail("shape number out of range");
    if (head % 2 === 1) return this.#shapes.define(number, readShapeDefinition(reader, this.classes.resolve));
    return this.#shapes.at(number) ?? reader.fail(`shape ${number} is not defined`);
  }

  #readSlot(reader: Reader): unknown {
    const first = reader.u8();
    const primitive = readPrimitive(reader, first);
    if (primitive !== notPrimitive) return primitive;
    switch (first) {
      case tag.object_: {
        return this.#loaded.objects[this.#indexOf(reader, reader.uint())];
      }
      case tag.newObject:
        return this.#readAnnouncement(reader);
      case tag.ref: {
        const address = reader.string();
        return isAddress(address) ? internRef(address) : reader.fail("ref to something that is not an address");
      }
      default:
        return reader.fail(`unknown tag ${first}`);
    }
  }

  #readAnnouncement(reader: Reader): object {
    const id = reader.uint();
    const shape = this.#readShape(reader);
    this.#made.push(id);
    this.#madeShapes.push(shape);
    if (id > this.#highestId) this.#highestId = id;
    let make: (() => object) | undefined;
    if (shape.kind === "arrayBuffer") {
      const length = reader.uint();
      make = () => new ArrayBuffer(length);
    } else if (shape.kind === "typedArray") {
      const number = reader.u8();
      const byteOffset = reader.uint();
      const length = reader.uint();
      if (number >= typedArrays.length) reader.fail("unknown typed array");
      const buffer = this.#readSlot(reader);
      make = () => makeView(number, buffer as ArrayBuffer, byteOffset, length);
    } else if (shape.kind === "error") {
      const constructor = errors[reader.u8()] ?? reader.fail("unknown error class");
      make = () => bareError(constructor);
    }
    const index = this.#loaded.find(id);
    if (index !== notLoaded && !this.#isGivenAgain(index)) return this.#loaded.objects[index]!;
    const object = make === undefined ? makeEmpty(shape) : make();
    if (index === notLoaded) this.#loaded.add(id, object, shape, this.#readsPatches ? empty : announced);
    else this.#loaded.replace(index, object, shape);
    return object;
  }

  /** After a recovery from a snapshot, ids of objects that were out of reach then are given again; the snapshot under way may refer to what a patch makes. */
  #isGivenAgain(index: number): boolean {
    const { imageTurns } = this.#loaded;
    if (!this.#readsPatches || imageTurns[index]! >= 0) return false;
    if (imageTurns[index] !== announced) return true;
    imageTurns[index] = empty;
    return false;
  }

  /** Reads one object's content and, when it is news, puts it there. */
  #readContent(reader: Reader, index: number, shape: Shape, news: boolean): void {
    const object = this.#loaded.objects[index]!;
    if (this.#readChangesOnly(reader, object, shape, news)) return;
    if (news) {
      const before = this.#loaded.shapes[index]!;
      const isEmpty = this.#loaded.imageTurns[index]! <= empty;
      this.#loaded.imageTurns[index] = noImage;
      if (isEmpty && before === shape && fillsPlainly(shape)) {
        const { keys } = shape;
        for (let i = 0; i < keys.length; i++) (object as Properties)[keys[i]!] = this.#readSlot(reader);
        return;
      }
      const losesOwn = before.kind === shape.kind && !isFixed(before) && isFixed(shape) && shape.kind !== "denseArray";
      if (before.kind === "array" || before.attributes !== "" || losesOwn) restoreKeys(object, before.kind, undefined, [], []);
      const isArray = before.kind === "array" || shape.kind === "array";
      if (!isArray && (before.kind !== shape.kind || before.record !== shape.record)) nativeSetPrototypeOf(object, shape.prototype);
      this.#loaded.shapes[index] = shape;
    }
    this.#readProper(reader, object, shape, news);
    if (!isFixed(shape)) this.#readOwn(reader, object, shape, news);
  }

  #readPart(reader: Reader, index: number, shape: Shape): void {
    const object = this.#loaded.objects[index]!;
    this.#loaded.shapes[index] = shape;
    readPart(reader, this.#slot(reader), object, shape.kind);
    if (reader.u8() === 1 && !isFixed(shape)) this.#readOwn(reader, object, shape, true);
  }

  /** What a turn changed of an object that stays of its shape; false when the whole content follows. */
  #readChangesOnly(reader: Reader, object: object, { kind }: Shape, news: boolean): boolean {
    if (kind === "arrayChanges") {
      if (!Array.isArray(object)) reader.fail("elements of something that is no array");
      readArrayChanges(reader, this.#slot(reader), news ? (object as unknown[]) : undefined);
    } else if (kind === "dictionaryChanges") readKeyedChanges(reader, this.#slot(reader), news ? keyedTarget(object) : undefined, true);
    else if (kind === "byteChanges") {
      if (!(object instanceof ArrayBuffer)) reader.fail("bytes of something that is no buffer");
      readByteChanges(reader, news ? (object as ArrayBuffer) : undefined);
    } else return false;
    return true;
  }

  #target(object: object): KeyedTarget {
    const target = keyedTarget(object);
    return this.watch === undefined ? target : watched(target, object, this.watch);
  }

  #slot(reader: Reader): () => unknown {
    return () => this.#readSlot(reader);
  }

  /** What a built-in holds because of what it is. */
  #readProper(reader: Reader, object: object, shape: Shape, news: boolean): void {
    switch (shape.kind) {
      case "denseArray": {
        const values = this.#readValues(reader, reader.count());
        if (!news) return;
        const array = object as unknown[];
        array.length = values.length;
        for (let i = 0; i < values.length; i++) array[i] = values[i];
        return;
      }
      case "array": {
        const length = reader.uint();
        const [keys, values] = this.#readKeyed(reader);
        if (!news) return;
        (object as unknown[]).length = 0;
        restoreKeys(object, "array", undefined, keys, values);
        setSparseLength(object as unknown[], length);
        return;
      }
      case "error": {
        if (!isFixed(shape)) return;
        const [keys, values] = this.#readKeyed(reader);
        if (news) restoreKeys(object, "error", undefined, keys, values, keys.map((key) => (usuallyHidden.has(key) ? "1" : "0")).join(""));
        return;
      }
      case "dictionary":
      case "nullDictionary": {
        const [keys, values] = this.#readKeyed(reader);
        if (news) restoreKeys(object, shape.kind, undefined, keys, values);
        return;
      }
      case "map":
      case "set":
        readKeyedChanges(reader, this.#slot(reader), news ? this.#target(object) : undefined, shape.kind === "map");
        return;
      case "date": {
        const time = reader.f64();
        if (news) (object as Date).setTime(time);
        return;
      }
      case "regexp": {
        const source = reader.string();
        const flags = reader.string();
        const lastIndex = this.#readSlot(reader) as number;
        if (!news) return;
        recompile(object as RegExp, source, flags);
        (object as RegExp).lastIndex = lastIndex;
        return;
      }
      case "arrayBuffer": {
        const bytes = reader.blob();
        if (news) new Uint8Array(object as ArrayBuffer).set(bytes);
        return;
      }
      case "typedArray":
        return;
    }
  }

  #readValues(reader: Reader, count: number): unknown[] {
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(this.#readSlot(reader));
    return values;
  }

  #readKeyed(reader: Reader): [string[], unknown[]] {
    const count = reader.count(2);
    const keys: string[] = [];
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) {
      keys.push(reader.string());
      values.push(this.#readSlot(reader));
    }
    return [keys, values];
  }

  #readOwn(reader: Reader, object: object, shape: Shape, news: boolean): void {
    const values = this.#readValues(reader, shape.keys.length);
    const { record } = shape;
    const withPrivates = record !== undefined && (shape.hasPrivates || record.withPrivates.length > 0);
    const plan = withPrivates ? this.classes.privatesOf(shape) : undefined;
    const privates = plan === undefined ? undefined : this.#readValues(reader, plan.count);
    if (!news) return;
    if (!propertiesAreContent.has(shape.kind)) restoreKeys(object, shape.kind, record, shape.keys, values, shape.attributes);
    plan?.apply(object, privates!);
  }
}

const fillPlainly = new WeakMap<Shape, boolean>();

/** Whether an empty object gets this shape's content by assignments: nothing inherited, hidden or private stands in the way. */
function fillsPlainly(shape: Shape): boolean {
  let plainly = fillPlainly.get(shape);
  if (plainly === undefined) {
    const { kind, record, keys, attributes } = shape;
    const isBare = record === undefined ? kind === "object" || kind === "nullObject" : record.isPlain;
    const { prototype } = shape;
    plainly = isBare && attributes === "" && !shape.hasPrivates && keys.every((key) => prototype === null || !(key in prototype));
    fillPlainly.set(shape, plainly);
  }
  return plainly;
}

function watched(target: KeyedTarget, object: object, watch: LoaderWatch): KeyedTarget {
  return {
    hasValues: target.hasValues,
    set(key, value) {
      watch.entry(object, operation.set, key, value);
      target.set(key, value);
    },
    delete(key) {
      watch.entry(object, operation.delete, key, undefined);
      target.delete(key);
    },
    clear() {
      watch.entry(object, operation.clear, undefined, undefined);
      target.clear();
    },
  };
}

const propertiesAreContent: ReadonlySet<Kind> = new Set(["array", "denseArray", "dictionary", "nullDictionary"]);

/** Properties of errors that the engine hides. */
const usuallyHidden: ReadonlySet<string> = new Set(["stack", "message", "cause", "errors"]);

function makeEmpty(shape: Shape): object {
  if (shape.record !== undefined) return makeBare(shape.record);
  switch (shape.kind) {
    case "denseArray":
    case "array":
      return [];
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "date":
      return new Date(0);
    case "regexp":
      return new RegExp("");
    case "nullObject":
    case "nullDictionary":
      return Object.create(null) as object;
    default:
      return {};
  }
}

function bareError(constructor: ErrorConstructor): Error {
  const error = Reflect.construct(constructor, constructor === (AggregateError as unknown) ? [[]] : []) as Error;
  for (const name of Object.getOwnPropertyNames(error)) delete (error as unknown as Properties)[name];
  return error;
}
