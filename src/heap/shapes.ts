/**
 * Shapes: what an image does not repeat for each object: its kind, class, property names in order, private names, and
 * whether it is frozen, sealed or not extensible. Shapes are numbered as they are first written to the log.
 * Numbers below `firstPropertyShape` are fixed kinds that need no definition; they are part of the log's format.
 */
import { assert } from "../base/assert.ts";
import type { Reader } from "../codec/reader.ts";
import type { Writer } from "../codec/writer.ts";
import { resolveClass, type ClassRecord } from "./class-registry.ts";

export type Kind =
  | "denseArray" | "array" | "map" | "set" | "date" | "regexp" | "arrayBuffer" | "typedArray" | "error"
  | "dictionary" | "nullDictionary" | "object" | "nullObject" | "instance"
  /** In patches only: not what an object is, but what a turn changed of it. */
  | "arrayChanges" | "dictionaryChanges" | "byteChanges";

const fixedKinds: readonly Kind[] = [
  "denseArray", "array", "map", "set", "date", "regexp", "arrayBuffer", "typedArray", "error", "dictionary", "nullDictionary",
  "arrayChanges", "dictionaryChanges", "byteChanges",
];
/** Kinds that shapes are defined for. A built-in has a defined shape when it is of a class, has own properties, or is not extensible. */
const definedKinds: readonly Kind[] = [
  "object", "nullObject", "instance", "denseArray", "array", "map", "set", "date", "regexp", "arrayBuffer", "typedArray", "error",
];
export type DefinedKind = Exclude<Kind, "dictionary" | "nullDictionary" | "arrayChanges" | "dictionaryChanges" | "byteChanges">;
export const firstPropertyShape = 16;

const keyedKinds: ReadonlySet<Kind> = new Set(["denseArray", "map", "set", "dictionary", "nullDictionary", "arrayBuffer", "typedArray"]);

/** 0 extensible, 1 not extensible, 2 sealed, 3 frozen. */
export type Integrity = 0 | 1 | 2 | 3;

export class Shape {
  readonly number: number;
  readonly kind: Kind;
  readonly record: ClassRecord | undefined;
  readonly keys: readonly string[];
  readonly integrity: Integrity;
  /** A digit for each key (own-properties.ts); "" when all are what an assignment makes. */
  readonly attributes: string;
  /** The barrier tells such objects what will change, touch for touch. */
  readonly isKeyed: boolean;
  /** The private fields an image of this shape holds, the oldest ancestor's first. */
  readonly privates: readonly StoredPrivates[];
  #isCurrent: boolean | undefined;

  constructor(number: number, kind: Kind, record: ClassRecord | undefined, keys: readonly string[], integrity: Integrity, privates: readonly StoredPrivates[] = [], attributes = "") {
    this.number = number;
    this.attributes = attributes;
    this.isKeyed = keyedKinds.has(kind);
    this.privates = privates;
    this.kind = kind;
    this.record = record;
    this.keys = keys;
    this.integrity = integrity;
  }

  /** The class has these private fields still: false for a shape of an earlier version, which objects leave when they are written. */
  get isCurrent(): boolean {
    this.#isCurrent ??= samePrivates(this.privates, privatesOf(this.record));
    return this.#isCurrent;
  }
}

export const fixedShapes: Readonly<Record<string, Shape>> = Object.fromEntries(
  fixedKinds.map((kind, number) => [kind, new Shape(number, kind, undefined, [], 0)]),
);

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

/** The shapes of one heap. */
export class ShapeTable {
  readonly #shapes: Shape[] = [];
  readonly #slots = new Map<object | string, Slot>();
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
    if (mayBeDictionary && keys.length > keysMax) return undefined;
    const text = slotText(kind, keys, integrity, attributes);
    let shape = slot.byKeys.get(text);
    if (shape === undefined) {
      if (mayBeDictionary && this.#shapes.length >= shapesMax) return undefined;
      shape = new Shape(firstPropertyShape + this.#shapes.length, kind, record, keys.slice(), integrity, privatesOf(record), attributes);
      this.#shapes.push(shape);
      slot.byKeys.set(text, shape);
    }
    slot.last = shape;
    return shape;
  }

  at(number: number): Shape | undefined {
    return number < firstPropertyShape ? fixedShapes[fixedKinds[number]!] : this.#shapes[number - firstPropertyShape];
  }

  /** Forgets shapes made since the table had `size` entries: the record that defined them was thrown away. */
  truncate(size: number): void {
    if (this.#shapes.length === size) return;
    const gone = new Set(this.#shapes.splice(size));
    for (const slot of this.#slots.values()) {
      if (slot.last !== undefined && gone.has(slot.last)) slot.last = undefined;
      for (const [text, shape] of slot.byKeys) if (gone.has(shape)) slot.byKeys.delete(text);
    }
  }

  /** Takes a definition from the log; one that is known already must say the same. */
  define(number: number, { kind, record, keys, integrity, privates, attributes }: ShapeDefinition): Shape {
    const known = this.at(number);
    if (known !== undefined) {
      assert(known.kind === kind && sameKeys(known.keys, keys), "a shape number has one meaning");
      return known;
    }
    // A snapshot may define a shape that a later record defines again; between them numbers can be missing for a while.
    const shape = new Shape(number, kind, record, keys, integrity, privates, attributes);
    this.#shapes[number - firstPropertyShape] = shape;
    // A class whose private fields changed since gets a new shape when its objects are written again.
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

function privatesOf(record: ClassRecord | undefined): StoredPrivates[] {
  return record === undefined ? [] : record.withPrivates.map(({ name, info }) => ({ className: name, names: info!.privates!.names }));
}

function samePrivates(a: readonly StoredPrivates[], b: readonly StoredPrivates[]): boolean {
  return a.length === b.length && a.every((each, i) => each.className === b[i]!.className && sameKeys(each.names, b[i]!.names));
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
  const { kind, record, keys, attributes } = shape;
  writer.u8(definedKinds.indexOf(kind) * 4 + shape.integrity + (attributes === "" ? 0 : withAttributes));
  if (mayHaveClass(kind)) {
    writer.string(record?.name ?? "");
    writer.uint(shape.privates.length);
    for (const { className, names } of shape.privates) {
      writer.string(className);
      writer.uint(names.length);
      for (const name of names) writer.string(name);
    }
  }
  writer.uint(keys.length);
  for (const key of keys) writer.string(key);
  for (let i = 0; i < attributes.length; i++) writer.u8(attributes.charCodeAt(i));
}

/** All but the plain objects. */
function mayHaveClass(kind: Kind): boolean {
  return kind !== "object" && kind !== "nullObject";
}

/** The private fields an image holds, as the class had them when the shape was defined. */
export interface StoredPrivates {
  readonly className: string;
  readonly names: readonly string[];
}

export interface ShapeDefinition {
  readonly kind: Kind;
  readonly integrity: Integrity;
  readonly record: ClassRecord | undefined;
  readonly privates: readonly StoredPrivates[];
  readonly keys: readonly string[];
  readonly attributes: string;
}

export function readShapeDefinition(reader: Reader): ShapeDefinition {
  const head = reader.u8();
  const kind = definedKinds[(head & ~withAttributes) >> 2];
  if (kind === undefined) return reader.fail("unknown kind of shape");
  let record: ClassRecord | undefined;
  const privates: StoredPrivates[] = [];
  if (mayHaveClass(kind)) {
    const name = reader.string();
    if (name !== "") record = resolveClass(name);
    else if (kind === "instance") return reader.fail("an instance without a class");
    const classes = reader.count();
    for (let i = 0; i < classes; i++) privates.push({ className: reader.string(), names: readStrings(reader) });
  }
  const keys = readStrings(reader);
  let attributes = "";
  if (head >= withAttributes) for (let i = 0; i < keys.length; i++) attributes += String.fromCharCode(reader.u8());
  if (!/^[0-7]*$/.test(attributes)) return reader.fail("unknown attributes of a property");
  return { kind, integrity: (head & 3) as Integrity, record, privates, keys, attributes };
}

function readStrings(reader: Reader): string[] {
  const strings: string[] = [];
  const count = reader.count();
  for (let i = 0; i < count; i++) strings.push(reader.string());
  return strings;
}
