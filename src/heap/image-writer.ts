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
import type { Collection } from "./collection-changes.ts";
import { isGenuine } from "./genuine.ts";
import { idOf } from "./mark.ts";
import { operation } from "./keyed-changes.ts";
import { attributesOf, fixed, hidden, ownNames, readOnly, trackingMethods } from "./own-properties.ts";
import { isFixed, writeShapeDefinition, type DefinedKind, type Integrity, type Shape, type ShapeTable } from "./shapes.ts";
import { unusualness } from "./unusual-objects.ts";

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
  writer: Writer;
  protected readonly shapes: ShapeTable;

  constructor(writer: Writer, shapes: ShapeTable) {
    this.writer = writer;
    this.shapes = shapes;
  }

  /** The content of a Map or Set replaces what the reader has. */
  protected replaces = false;

  /** Writes a reference to a persistent object, announcing it when the reader does not know it yet. */
  protected abstract writeReference(object: object, id: number): void;

  /** Writes the shape's number, with its definition when the reader does not know it yet. */
  protected abstract writeShape(shape: Shape): void;

  writeSlot(value: unknown): void {
    if (writePrimitive(this.writer, value)) return;
    if (typeof value !== "object") throw new Refused(value);
    const id = idOf(value as object);
    if (id !== 0) this.writeReference(value as object, id);
    else this.writeNew(value as object);
  }

  /**
   * An object that does not persist: a ref, or one that is to persist from now on. Between turns every reachable object is
   * persistent; one that is not was put there by a write nobody tracked, and is refused.
   */
  protected writeNew(object: object): void {
    const address = refAddress(object);
    if (address === undefined) throw new Refused(object);
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
    if (shape.kind === "arrayBuffer") {
      if ((object as { resizable?: boolean }).resizable === true) throw new Refused(object, "a resizable ArrayBuffer: keep one of a fixed length");
      writer.uint((object as ArrayBuffer).byteLength);
    }
    if (shape.kind === "error") writer.u8(errorNumber(object)!);
    else if (shape.kind === "typedArray") {
      const view = object as ArrayBufferView;
      if (!(view.buffer instanceof ArrayBuffer)) throw new Refused(view, "a view of shared memory");
      writer.u8(typedArrayNumber(view));
      writer.uint(view.byteOffset);
      writer.uint(viewLength(view));
      this.writeReference(view.buffer, idOf(view.buffer));
    }
  }

  /** The whole content. */
  writeContent(object: object, shape: Shape): void {
    if (shape.isUsual) return void this.writeOwn(object as Properties, shape);
    this.#writeProper(object, shape);
    if (!isFixed(shape)) this.writeOwn(object as Properties, shape);
  }

  /** What a built-in holds because of what it is. */
  #writeProper(object: object, shape: Shape): void {
    const { writer } = this;
    switch (shape.kind) {
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
        // The fixed shape of errors is not given any more, but logs hold objects of it.
        if (isFixed(shape)) this.#writeKeyed(object as Properties, Object.getOwnPropertyNames(object));
        return;
      case "map":
      case "set":
        this.#writeCollection(object as Collection);
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

  /** Own properties in the order of the shape, then private fields. False when a usual object has other properties than its shape. */
  writeOwn(object: Properties, shape: Shape): boolean {
    const { keys } = shape;
    let i = 0;
    let isSame = true;
    if (shape.isUsual) {
      // The engine reads properties that it enumerates itself without looking them up.
      for (const key in object) {
        if (i === keys.length || key !== keys[i]) {
          isSame = false;
          break;
        }
        this.writeSlot(object[key]);
        i++;
      }
      isSame &&= i === keys.length;
    }
    for (; i < keys.length; i++) this.writeSlot(object[keys[i]!]);
    if (!shape.hasPrivates) return isSame;
    for (const { info } of shape.record!.withPrivates) for (const value of info!.privates!.get(object)) this.writeSlot(value);
    return isSame;
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
    const countAt = writer.length;
    let count = 0;
    writer.u32(0);
    if (this.replaces) {
      count++;
      writer.u8(operation.clear);
    }
    if (collection instanceof Map) {
      for (const [key, value] of Map.prototype.entries.call(collection)) {
        count++;
        writer.u8(operation.set);
        this.writeSlot(key);
        this.writeSlot(value);
      }
    } else {
      for (const value of Set.prototype.values.call(collection)) {
        count++;
        writer.u8(operation.set);
        this.writeSlot(value);
      }
    }
    writer.patchU32(countAt, count);
  }

  /** The shape of an object that was never written before, if it is one of those that others had lately. */
  protected usualShapeOf(object: object): Shape | undefined {
    // A proxy is unusual: asking it anything would run code of the program.
    if (unusualness(object) !== undefined) return undefined;
    if (Array.isArray(object)) return this.#isUsualArray(object) ? this.shapes.fixed["denseArray"] : undefined;
    const shape = this.shapes.findUsual(object);
    if (shape === undefined || !Object.isExtensible(object)) return undefined;
    if (shape.mayHoldSymbols && Object.getOwnPropertySymbols(object).length > 0) return undefined;
    return !shape.hasPrivates || isGenuine(object, shape.kind, shape.record) ? shape : undefined;
  }

  /** Nothing but elements and a length: one list of keys tells, for indexes come first and symbols last. */
  #isUsualArray(array: readonly unknown[]): boolean {
    if (Object.getPrototypeOf(array) !== Array.prototype || !Object.isExtensible(array)) return false;
    const { length } = array;
    const keys = Reflect.ownKeys(array);
    return keys.length === length + 1 && (length === 0 || keys[length - 1] === String(length - 1));
  }

  /** The shape of an object whose own properties are what it is now. `fresh`: never written before, so look closer. */
  protected shapeOf(object: object, fresh: boolean): Shape {
    const unusual = unusualness(object);
    if (unusual !== undefined && unusual !== "") throw new Refused(object, unusual);
    const record = classOfInstance(object);
    const kind = record === undefined ? builtInOf(object) : kindOf(object, record);
    if (kind === undefined) throw new Refused(object, engineClass(object));
    if (fresh) {
      refuseSymbols(object);
      if (!isGenuine(object, kind, record)) throw new Refused(object, "an object with a prototype that is not its own");
    }
    const isOdd = unusual !== undefined || record?.base.kind === "error";
    if (kind !== "array") return this.#ownShape(object, kind, record, isOdd);
    const integrity = integrityOf(object);
    const names = Object.getOwnPropertyNames(object);
    // The strings of a tagged template are frozen, with a hidden property that no wrapped function made.
    if ((isOdd || integrity === 3) && attributesOf(object, names, knownBits(integrity)) !== lengthOnly(names, knownBits(integrity))) throw new Refused(object, "an array with elements or properties that Object.defineProperty made");
    if (!fresh) refuseSymbols(object);
    const form = isDense(object as unknown[], names) ? "denseArray" : "array";
    return record === undefined && integrity === 0 ? this.shapes.fixed[form]! : this.shapes.find(form, record, [], integrity)!;
  }

  #ownShape(object: object, kind: DefinedKind, record: ClassRecord | undefined, isOdd: boolean): Shape {
    const names = kind === "typedArray" && (object as Uint8Array).length > searchedMax ? [] : ownNames(object, kind, record);
    refuseSymbols(object);
    const integrity = integrityOf(object);
    let attributes = "";
    if (isOdd || kind === "error") {
      const found = attributesOf(object, names, knownBits(integrity));
      if (found === undefined) throw accessorOf(object, names);
      if (/[4-7]/.test(found)) throw new Refused(object, "an object with a property that is not configurable, so that undo could not put its keys back in order");
      attributes = found;
    }
    const isPlain = kind === "object" || kind === "nullObject";
    if (!isPlain && kind !== "instance" && kind !== "error" && record === undefined && names.length === 0 && integrity === 0) return this.shapes.fixed[kind]!;
    const shape = this.shapes.find(kind, record, names, integrity, attributes);
    if (shape !== undefined) return shape;
    if (attributes !== "") throw new Refused(object, "an object with properties made by Object.defineProperty, after very many with other names,");
    const form = kind === "object" ? "dictionary" : "nullDictionary";
    return integrity === 0 ? this.shapes.fixed[form]! : this.shapes.find(form, undefined, [], integrity)!;
  }
}

/** In typed arrays with more elements than this nobody looks for properties of their own: the engine would list every index. */
const searchedMax = 10_000;

/** What instances of a class are underneath; a class that extends something unknown has none that can persist. */
function kindOf(object: object, { base }: ClassRecord): DefinedKind {
  if (base.kind === "foreign") throw new Refused(object, `an instance of a class that extends ${base.foreign}, which the heap cannot make again`);
  return base.kind === "object" || base.kind === "error" ? "instance" : base.kind;
}

const engineClasses: Readonly<Record<string, string>> = {
  Buffer: "a Buffer: keep a Uint8Array of its own, Uint8Array.from(buffer)",
  URL: "a URL: keep its href",
  SharedArrayBuffer: "shared memory, which changes without a turn",
  Number: "a boxed number: keep the number itself",
  String: "a boxed string: keep the string itself",
  Boolean: "a boxed boolean: keep the boolean itself",
  Symbol: "a boxed symbol",
  BigInt: "a boxed bigint: keep the bigint itself",
};

/** A remedy for what people are likely to keep. */
function engineClass(object: object): string | undefined {
  const constructor = (Object.getPrototypeOf(object) as { constructor?: { name?: string } }).constructor;
  const name = constructor?.name ?? "";
  return Object.hasOwn(engineClasses, name) && /\[native code\]|class URL|function Buffer/.test(Function.prototype.toString.call(constructor)) ? engineClasses[name] : undefined;
}

/** Attributes that all properties have because the object is frozen or sealed. */
function knownBits(integrity: Integrity): number {
  return integrity === 3 ? readOnly | fixed : integrity === 2 ? fixed : 0;
}

/** What `attributesOf` says of an array whose properties are usual: only its length is hidden and fixed. */
function lengthOnly(names: readonly string[], known: number): string {
  return names.map((name) => (name === "length" ? String((hidden | fixed) & ~known) : "0")).join("");
}

function accessorOf(object: object, names: readonly string[]): Refused {
  for (const name of names) {
    const { get, set } = Object.getOwnPropertyDescriptor(object, name)!;
    if (get !== undefined || set !== undefined) return new Refused(get ?? set, "an own accessor");
  }
  return new Refused(object);
}

function refuseSymbols(object: object): void {
  for (const symbol of Object.getOwnPropertySymbols(object)) if (!trackingMethods.has((object as Record<symbol, object>)[symbol]!)) throw new Refused(symbol);
}

function integrityOf(object: object): Integrity {
  if (Object.isExtensible(object)) return 0;
  if (Object.isFrozen(object)) return 3;
  if (Object.isSealed(object)) return 2;
  throw new Refused(object, "closed to new properties but not sealed, so that undo could not put a deleted one back");
}
