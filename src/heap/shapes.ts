/**
 * Shapes: what an image does not repeat for each object: its kind, class, property names in order, private names, and
 * whether it is frozen, sealed or not extensible. Shapes are numbered as they are first written to the log.
 * Numbers below `firstPropertyShape` are fixed kinds that need no definition; they are part of the log's format.
 */
import { assert } from "../base/assert.ts";
import type { Reader } from "../codec/reader.ts";
import type { Writer } from "../codec/writer.ts";
import { StandInRecord, type ClassRecord } from "./class-registry.ts";
import type { Heap } from "./heap.ts";

export type Kind =
  | "denseArray" | "array" | "map" | "set" | "date" | "regexp" | "arrayBuffer" | "typedArray" | "error"
  | "dictionary" | "nullDictionary" | "object" | "nullObject" | "instance"
  /** In patches only: not what an object is, but what a turn changed of it. */
  | "arrayChanges" | "dictionaryChanges" | "byteChanges";

const fixedKinds: readonly Kind[] = [
  "denseArray", "array", "map", "set", "date", "regexp", "arrayBuffer", "typedArray", "error", "dictionary", "nullDictionary",
  "arrayChanges", "dictionaryChanges", "byteChanges",
];
/** Kinds that shapes are defined for. A built-in or dictionary has a defined shape when it is of a class, has own properties, or is not extensible. */
const definedKinds: readonly Kind[] = [
  "object", "nullObject", "instance", "denseArray", "array", "map", "set", "date", "regexp", "arrayBuffer", "typedArray", "error",
  "dictionary", "nullDictionary",
];
export type DefinedKind = Exclude<Kind, "arrayChanges" | "dictionaryChanges" | "byteChanges">;
export const firstPropertyShape = 16;

const keyedKinds: ReadonlySet<Kind> = new Set(["denseArray", "map", "set", "dictionary", "nullDictionary", "arrayBuffer", "typedArray"]);

/** 0 extensible, 1 not extensible, 2 sealed, 3 frozen. */
export type Integrity = 0 | 1 | 2 | 3;

export class Shape {
  /** The one heap whose objects have this shape. */
  readonly heap: Heap;
  readonly number: number;
  readonly kind: Kind;
  readonly record: ClassRecord | undefined;
  readonly keys: readonly string[];
  readonly integrity: Integrity;
  /** A digit for each key (own-properties.ts); "" when all are what an assignment makes. */
  readonly attributes: string;
  /** The barrier tells such objects what will change, touch for touch. */
  readonly isKeyed: boolean;
  /** The class and its ancestors as they were when the shape was defined, the oldest first; an image holds their private fields in this order. */
  readonly classes: readonly StoredClass[];
  /** Whether images of this shape have private fields. */
  readonly hasPrivates: boolean;
  /** What the class was called when the shape was defined. */
  readonly storedName: string | undefined;
  /** What objects without a built-in underneath have as their prototype. */
  readonly prototype: object | null;
  /** The class has this name and these fields still: false for a shape of earlier code, which its objects leave in the first turn of the new code. */
  readonly isCurrent: boolean;
  /**
   * The object is nothing but its properties, which are what assignments make, and private fields. So the engine's own
   * enumeration lists them all and in order, many times faster than its lists of names do (`hasKeys`).
   */
  readonly isUsual: boolean;
  /**
   * A new object of this shape may have a symbol that nobody noted (unusual-objects.ts): only compiled constructors make
   * instances, but anything makes plain objects. Looking costs half of what writing a new object does.
   */
  readonly mayHoldSymbols: boolean;

  constructor(heap: Heap, number: number, kind: Kind, record: ClassRecord | undefined, keys: readonly string[], integrity: Integrity, classes: readonly StoredClass[] = [], storedName?: string, attributes = "") {
    this.heap = heap;
    this.number = number;
    this.attributes = attributes;
    this.isKeyed = keyedKinds.has(kind);
    this.classes = classes;
    this.hasPrivates = classes.some(({ privates }) => privates.length > 0);
    this.storedName = storedName;
    this.kind = kind;
    this.record = record;
    this.keys = keys;
    this.integrity = integrity;
    this.prototype = record !== undefined ? record.type.prototype : kind === "nullObject" || kind === "nullDictionary" ? null : Object.prototype;
    this.isCurrent = record === undefined || record instanceof StandInRecord || (storedName === record.name && sameClasses(classes, classesOf(record)));
    const isPlain = kind === "object" || kind === "nullObject" || (kind === "instance" && record!.base.kind === "object" && record!.volatiles.size === 0 && !(record instanceof StandInRecord));
    this.isUsual = isPlain && integrity === 0 && attributes === "" && this.isCurrent;
    this.mayHoldSymbols = record === undefined || record.chain.some(({ info }) => info?.computed === true);
  }
}

/** Whether these are the names of the object's own properties, in this order, for an object whose class adds nothing that enumeration shows. */
export function hasKeys(object: object, keys: readonly string[]): boolean {
  let i = 0;
  for (const key in object) {
    if (i === keys.length || key !== keys[i]) return false;
    i++;
  }
  return i === keys.length;
}

/** Objects with more keys than this, and objects beyond `shapesMax` shapes, carry their keys in each image. */
const keysMax = 40;
const shapesMax = 20_000;

/** One of the kinds that need no definition: content of a built-in and nothing else. */
export function isFixed(shape: Shape): boolean {
  return shape.number < firstPropertyShape;
}

/** Whether images of this shape hold values of own properties or private fields beside the content proper. */
export function holdsOwn(shape: Shape): boolean {
  return shape.number >= firstPropertyShape;
}

interface Slot {
  last: Shape | undefined;
  readonly byKeys: Map<string, Shape>;
}

/** So many shapes of one class are tried before its keys are listed. */
const recentMax = 8;

/** The shapes of one heap. */
export class ShapeTable {
  readonly #heap: Heap;
  readonly #shapes: Shape[] = [];
  readonly #slots = new Map<object | string, Slot>();
  /** By prototype, usual shapes that were found last, the latest first. */
  readonly #recent = new Map<object | null, Shape[]>();
  /** Those of the kinds that need no definition. */
  readonly fixed: Readonly<Record<string, Shape>>;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.fixed = Object.fromEntries(fixedKinds.map((kind, number) => [kind, new Shape(heap, number, kind, undefined, [], 0)]));
  }

  /** How many shapes the log defines durably or in a record being written: the next definition has this number. */
  get size(): number {
    return this.#shapes.length;
  }

  /** The shape of an object with these keys, made when new; undefined when the object should be a dictionary. */
  find(kind: DefinedKind, record: ClassRecord | undefined, keys: readonly string[], integrity: Integrity, attributes = ""): Shape | undefined {
    const slot = this.#slotOf(kind, record);
    const last = slot.last;
    if (last !== undefined && last.integrity === integrity && last.attributes === attributes && last.kind === kind && sameKeys(last.keys, keys)) return last;
    const mayBeDictionary = kind === "object" || kind === "nullObject";
    if (mayBeDictionary && keys.length > keysMax && attributes === "") return undefined;
    const text = slotText(kind, keys, integrity, attributes);
    let shape = slot.byKeys.get(text);
    if (shape === undefined) {
      if (mayBeDictionary && this.#shapes.length >= shapesMax) return undefined;
      shape = new Shape(this.#heap, firstPropertyShape + this.#shapes.length, kind, record, keys.slice(), integrity, classesOf(record), record?.name, attributes);
      this.#shapes.push(shape);
      slot.byKeys.set(text, shape);
    }
    slot.last = shape;
    if (shape.isUsual) this.#noteRecent(shape);
    return shape;
  }

  /** A usual shape that the object has, if it is among those found last. */
  findUsual(object: object): Shape | undefined {
    const recent = this.#recent.get(Object.getPrototypeOf(object) as object | null);
    if (recent === undefined) return undefined;
    for (let i = 0; i < recent.length; i++) {
      const shape = recent[i]!;
      if (hasKeys(object, shape.keys)) return shape;
    }
    return undefined;
  }

  #noteRecent(shape: Shape): void {
    const { prototype } = shape;
    const recent = this.#recent.get(prototype);
    if (recent === undefined) this.#recent.set(prototype, [shape]);
    else if (!recent.includes(shape)) {
      recent.unshift(shape);
      if (recent.length > recentMax) recent.pop();
    }
  }

  at(number: number): Shape | undefined {
    return number < firstPropertyShape ? this.fixed[fixedKinds[number]!] : this.#shapes[number - firstPropertyShape];
  }

  /** Forgets shapes made since the table had `size` entries: the record that defined them was thrown away. */
  truncate(size: number): void {
    if (this.#shapes.length === size) return;
    const gone = new Set(this.#shapes.splice(size));
    this.#recent.clear();
    for (const slot of this.#slots.values()) {
      if (slot.last !== undefined && gone.has(slot.last)) slot.last = undefined;
      for (const [text, shape] of slot.byKeys) if (gone.has(shape)) slot.byKeys.delete(text);
    }
  }

  /** Takes a definition from the log; one that is known already must say the same. */
  define(number: number, { kind, record, keys, integrity, classes, storedName, attributes }: ShapeDefinition): Shape {
    const known = this.at(number);
    if (known !== undefined) {
      assert(known.kind === kind && sameKeys(known.keys, keys), "a shape number has one meaning");
      return known;
    }
    // A snapshot may define a shape that a later record defines again; between them numbers can be missing for a while.
    const shape = new Shape(this.#heap, number, kind, record, keys, integrity, classes, storedName, attributes);
    this.#shapes[number - firstPropertyShape] = shape;
    // A class that changed since gets a new shape when its objects are written again.
    if (shape.isCurrent) this.#slotOf(kind, record).byKeys.set(slotText(kind, keys, integrity, attributes), shape);
    return shape;
  }

  #slotOf(kind: Kind, record: ClassRecord | undefined): Slot {
    const owner: object | string = record ?? kind;
    let slot = this.#slots.get(owner);
    if (slot === undefined) {
      slot = { last: undefined, byKeys: new Map() };
      this.#slots.set(owner, slot);
    }
    return slot;
  }
}

/** The class and its ancestors, those that declare fields. */
function classesOf(record: ClassRecord | undefined): StoredClass[] {
  const stored: StoredClass[] = [];
  for (const { name, info } of record?.chain ?? []) {
    const privates = info?.privates?.names ?? none;
    const fields = info?.fields?.filter((field) => !field.startsWith("#")) ?? none;
    if (privates.length + fields.length > 0) stored.push({ className: name, privates, fields });
  }
  return stored;
}

const none: readonly string[] = [];

function sameClasses(a: readonly StoredClass[], b: readonly StoredClass[]): boolean {
  return a.length === b.length && a.every((each, i) => each.className === b[i]!.className && sameKeys(each.privates, b[i]!.privates) && sameKeys(each.fields, b[i]!.fields));
}

/** Shapes are numbered below this in any log: a larger number is damage, not a table to grow. */
export const shapeNumbersMax = 10_000_000;

function slotText(kind: Kind, keys: readonly string[], integrity: Integrity, attributes: string): string {
  return `${kind}${integrity}${attributes}${JSON.stringify(keys)}`;
}

export function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  const count = a.length;
  if (count !== b.length) return false;
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** In a definition's first byte: attributes follow the keys. */
const withAttributes = 0x80;

export function writeShapeDefinition(writer: Writer, shape: Shape): void {
  const { kind, keys, attributes } = shape;
  writer.u8(definedKinds.indexOf(kind) * 4 + shape.integrity + (attributes === "" ? 0 : withAttributes));
  if (mayHaveClass(kind)) {
    writer.string(shape.storedName ?? "");
    writer.uint(shape.classes.length);
    for (const { className, privates, fields } of shape.classes) {
      writer.string(className);
      writeStrings(writer, privates);
      writeStrings(writer, fields);
    }
  }
  writeStrings(writer, keys);
  for (let i = 0; i < attributes.length; i++) writer.u8(attributes.charCodeAt(i));
}

/** All but the plain objects. */
function mayHaveClass(kind: Kind): boolean {
  return kind !== "object" && kind !== "nullObject" && kind !== "dictionary" && kind !== "nullDictionary";
}

/** A class as it was when a shape of it was defined. */
export interface StoredClass {
  readonly className: string;
  readonly privates: readonly string[];
  /** The public fields it declared; an object may have lost some and have others. */
  readonly fields: readonly string[];
}

export interface ShapeDefinition {
  readonly kind: Kind;
  readonly integrity: Integrity;
  readonly record: ClassRecord | undefined;
  readonly storedName: string | undefined;
  readonly classes: readonly StoredClass[];
  readonly keys: readonly string[];
  readonly attributes: string;
}

/** `resolve` finds the classes that names in the log mean. */
export function readShapeDefinition(reader: Reader, resolve: ClassResolver): ShapeDefinition {
  const head = reader.u8();
  const kind = definedKinds[(head & ~withAttributes) >> 2];
  if (kind === undefined) return reader.fail("unknown kind of shape");
  let record: ClassRecord | undefined;
  let storedName: string | undefined;
  const classes: StoredClass[] = [];
  if (mayHaveClass(kind)) {
    const name = reader.string();
    if (name === "" && kind === "instance") return reader.fail("an instance without a class");
    const count = reader.count();
    for (let i = 0; i < count; i++) classes.push({ className: reader.string(), privates: readStrings(reader), fields: readStrings(reader) });
    if (name !== "") {
      storedName = name;
      record = resolve(name, classes, kind);
    }
  }
  const keys = readStrings(reader);
  let attributes = "";
  if (head >= withAttributes) for (let i = 0; i < keys.length; i++) attributes += String.fromCharCode(reader.u8());
  if (!/^[0-7]*$/.test(attributes)) return reader.fail("unknown attributes of a property");
  return { kind, integrity: (head & 3) as Integrity, record, storedName, classes, keys, attributes };
}

/** Finds the class that a name in the log means; `kind` is what its instances are underneath. */
export type ClassResolver = (name: string, classes: readonly StoredClass[], kind: Kind) => ClassRecord;

function writeStrings(writer: Writer, strings: readonly string[]): void {
  writer.uint(strings.length);
  for (const string of strings) writer.string(string);
}

function readStrings(reader: Reader): string[] {
  const strings: string[] = [];
  const count = reader.count();
  for (let i = 0; i < count; i++) strings.push(reader.string());
  return strings;
}
