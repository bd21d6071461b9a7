/**
 * Images: the bytes of one object's content, and of slots that hold primitives, refs and references to objects.
 * Two writers share it: the patch of a turn (patch-writer.ts) and the snapshot (heap-snapshot.ts); they differ in which
 * objects a reader already knows. Refuses, by throwing Refused, what cannot persist; finding the path to it is the caller's.
 */
import { builtInOf, errorNumber, isDense, typedArrayNumber, viewLength } from "../codec/built-in.ts";
import { writePrimitive } from "../codec/primitive.ts";
import { refAddress } from "../codec/ref-value.ts";
import { tag } from "../codec/tags.ts";
import { Writer } from "../codec/writer.ts";
import { classOfInstance, type ClassRecord } from "./class-registry.ts";
import { operation, type Collection, type CollectionChanges } from "./collection-changes.ts";
import { fixedShapes, sameKeys, writeShapeDefinition, type Integrity, type Shape, type ShapeTable } from "./shapes.ts";
import { strayProperty } from "./tracked-collections.ts";

/** Thrown with the value that cannot persist. Never leaves the heap: it becomes MK_VALUE_NOT_PERSISTENT with a path. */
export class Refused {
  readonly value: unknown;
  readonly why: string | undefined;

  constructor(value: unknown, why?: string) {
    this.value = value;
    this.why = why;
  }
}

type Properties = Record<string, unknown>;

export abstract class ImageWriter {
  readonly writer: Writer;
  protected readonly shapes: ShapeTable;

  constructor(writer: Writer, shapes: ShapeTable) {
    this.writer = writer;
    this.shapes = shapes;
  }

  /** Writes a reference to an object that is not a ref, announcing it when the reader does not know it yet. */
  protected abstract writeReference(object: object): void;

  /** Writes the shape's number, with its definition when the reader does not know it yet. */
  protected abstract writeShape(shape: Shape): void;

  writeSlot(value: unknown): void {
    if (writePrimitive(this.writer, value)) return;
    if (typeof value !== "object") throw new Refused(value);
    const address = refAddress(value as object);
    if (address === undefined) {
      this.writeReference(value as object);
      return;
    }
    this.writer.u8(tag.ref);
    this.writer.string(address);
  }

  protected writeShapeNumber(shape: Shape, defines: boolean): void {
    this.writer.uint(shape.number * 2 + (defines ? 1 : 0));
    if (defines) writeShapeDefinition(this.writer, shape);
  }

  /** What a reader needs to make the object before its content comes. */
  protected announceNew(object: object, id: number, shape: Shape): void {
    const { writer } = this;
    writer.u8(tag.newObject);
    writer.uint(id);
    this.writeShape(shape);
    if (shape.kind === "arrayBuffer") writer.uint((object as ArrayBuffer).byteLength);
    else if (shape.kind === "error") writer.u8(errorNumber(object)!);
    else if (shape.kind === "typedArray") {
      const view = object as ArrayBufferView;
      if (!(view.buffer instanceof ArrayBuffer)) throw new Refused(view, "a view of shared memory");
      writer.u8(typedArrayNumber(view));
      writer.uint(view.byteOffset);
      writer.uint(viewLength(view));
      this.writeReference(view.buffer);
    }
  }

  /** The whole content, or for a persistent Map or Set the changes of this turn. */
  writeContent(object: object, shape: Shape, changes?: CollectionChanges): void {
    const { writer } = this;
    switch (shape.kind) {
      case "object":
      case "nullObject":
      case "instance":
        this.#writeInstance(object as Properties, shape);
        return;
      case "denseArray": {
        const array = object as unknown[];
        writer.uint(array.length);
        for (let i = 0; i < array.length; i++) this.writeSlot(array[i]);
        return;
      }
      case "array":
        writer.uint((object as unknown[]).length);
        this.#writeKeyed(object as Properties, Object.getOwnPropertyNames(object).filter((name) => name !== "length"));
        return;
      case "dictionary":
      case "nullDictionary":
        this.#writeKeyed(object as Properties, Object.getOwnPropertyNames(object));
        return;
      case "error":
        this.#writeKeyed(object as Properties, Object.getOwnPropertyNames(object));
        return;
      case "map":
      case "set":
        if (changes === undefined) this.#writeCollection(object as Collection);
        else this.#writeChanges(object as Collection, changes);
        return;
      case "date":
        writer.f64(Date.prototype.getTime.call(object as Date));
        return;
      case "regexp": {
        const pattern = object as RegExp;
        writer.string(pattern.source);
        writer.string(pattern.flags);
        this.writeSlot(pattern.lastIndex);
        return;
      }
      case "arrayBuffer":
        writer.blob(new Uint8Array(object as ArrayBuffer));
        return;
      case "typedArray":
        return;
    }
  }

  #writeInstance(object: Properties, shape: Shape): void {
    const { keys } = shape;
    for (let i = 0; i < keys.length; i++) this.writeSlot(object[keys[i]!]);
    if (!shape.hasPrivates) return;
    for (const { info } of shape.record!.withPrivates) for (const value of info!.privates!.get(object)) this.writeSlot(value);
  }

  #writeKeyed(object: Properties, names: readonly string[]): void {
    this.writer.uint(names.length);
    for (const name of names) {
      this.writer.string(name);
      this.writeSlot(object[name]);
    }
  }

  #writeCollection(collection: Collection): void {
    const { writer } = this;
    writer.u32(collection.size);
    if (collection instanceof Map) {
      for (const [key, value] of Map.prototype.entries.call(collection)) {
        writer.u8(operation.set);
        this.writeSlot(key);
        this.writeSlot(value);
      }
    } else {
      for (const value of Set.prototype.values.call(collection)) {
        writer.u8(operation.set);
        this.writeSlot(value);
      }
    }
  }

  #writeChanges(collection: Collection, changes: CollectionChanges): void {
    const { writer } = this;
    const countAt = writer.length;
    let count = 0;
    writer.u32(0);
    for (let i = 0; i < changes.operations.length; i++) {
      const kind = changes.operations[i]!;
      const key = changes.keys[i];
      // A key that is gone again, or came and went within the turn, leaves nothing to say.
      if (kind === operation.set && !hasKey(collection, key)) continue;
      if (kind === operation.delete && this.isUnknown(key)) continue;
      count++;
      writer.u8(kind);
      if (kind === operation.clear) continue;
      this.writeSlot(key);
      if (kind === operation.set && collection instanceof Map) this.writeSlot(Map.prototype.get.call(collection, key));
    }
    writer.patchU32(countAt, count);
  }

  /** True for an object that no image has ever named. */
  protected abstract isUnknown(value: unknown): boolean;

  /** True when a persistent object still has the keys, class and frozenness of its last image: the common case, and cheap to tell. */
  protected keepsShape(object: object, { kind, record, keys, integrity, isCurrent }: Shape): boolean {
    if (integrity !== 0 || !isCurrent || !Object.isExtensible(object)) return false;
    const prototype = Object.getPrototypeOf(object) as object | null;
    if (kind === "instance") {
      if (prototype !== record!.type.prototype || record!.volatiles.size > 0) return false;
    } else if (kind !== "object" || prototype !== Object.prototype) return false;
    return sameKeys(Object.getOwnPropertyNames(object), keys);
  }

  /** The shape of an object whose own properties are what it is now. `fresh`: never written before, so look closer. */
  protected shapeOf(object: object, fresh: boolean): Shape {
    const record = classOfInstance(object);
    if (record !== undefined) return this.#propertyShape(object, "instance", record, fresh);
    const kind = builtInOf(object);
    switch (kind) {
      case undefined:
        throw new Refused(object);
      case "object":
      case "nullObject":
        return this.#propertyShape(object, kind, undefined, fresh);
      case "array": {
        const names = Object.getOwnPropertyNames(object);
        if (fresh) refuseSymbols(object);
        if (integrityOf(object) !== 0) throw new Refused(object, "a frozen or sealed array");
        if (isDense(object as unknown[], names)) return fixedShapes.denseArray!;
        refuseAccessors(object, names);
        return fixedShapes.array!;
      }
      case "map":
      case "set":
      case "date": {
        const stray = strayProperty(object, kind);
        if (stray !== undefined) throw new Refused(object, `a ${kind === "date" ? "Date" : kind === "map" ? "Map" : "Set"} with a property of its own, ${JSON.stringify(stray)},`);
        return fixedShapes[kind]!;
      }
      default:
        return fixedShapes[kind]!;
    }
  }

  #propertyShape(object: object, kind: "object" | "nullObject" | "instance", record: ClassRecord | undefined, fresh: boolean): Shape {
    let names: readonly string[] = Object.getOwnPropertyNames(object);
    if (record !== undefined && record.volatiles.size > 0) names = names.filter((name) => !record.volatiles.has(name));
    if (fresh) refuseSymbols(object);
    const integrity = integrityOf(object);
    const known = this.shapes.size;
    const shape = this.shapes.find(kind, record, names, integrity);
    if (shape === undefined || this.shapes.size !== known) refuseAccessors(object, names);
    if (shape === undefined && integrity !== 0) throw new Refused(object, "a frozen object with very many keys");
    return shape ?? (kind === "object" ? fixedShapes.dictionary! : fixedShapes.nullDictionary!);
  }
}

function hasKey(collection: Collection, key: unknown): boolean {
  return collection instanceof Map ? Map.prototype.has.call(collection, key) : Set.prototype.has.call(collection, key);
}

function refuseSymbols(object: object): void {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length > 0) throw new Refused(symbols[0]);
}

function refuseAccessors(object: object, names: readonly string[]): void {
  for (const name of names) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name)!;
    if ("value" in descriptor || (name === "stack" && object instanceof Error)) continue;
    throw new Refused(descriptor.get ?? descriptor.set, "an own accessor");
  }
}

function integrityOf(object: object): Integrity {
  if (Object.isExtensible(object)) return 0;
  if (Object.isFrozen(object)) return 3;
  return Object.isSealed(object) ? 2 : 1;
}
