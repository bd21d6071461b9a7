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
  | "dictionary" | "nullDictionary" | "object" | "nullObject" | "instance";

const fixedKinds: readonly Kind[] = [
  "denseArray", "array", "map", "set", "date", "regexp", "arrayBuffer", "typedArray", "error", "dictionary", "nullDictionary",
];
const propertyKinds: readonly Kind[] = ["object", "nullObject", "instance"];
export const firstPropertyShape = 16;

/** 0 extensible, 1 not extensible, 2 sealed, 3 frozen. */
export type Integrity = 0 | 1 | 2 | 3;

export class Shape {
  readonly number: number;
  readonly kind: Kind;
  readonly record: ClassRecord | undefined;
  readonly keys: readonly string[];
  readonly integrity: Integrity;
  /** The private fields an image of this shape holds, the oldest ancestor's first. */
  readonly privates: readonly StoredPrivates[];
  #isCurrent: boolean | undefined;

  constructor(number: number, kind: Kind, record: ClassRecord | undefined, keys: readonly string[], integrity: Integrity, privates: readonly StoredPrivates[] = []) {
    this.number = number;
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

interface Slot {
  last: Shape | undefined;
  readonly byKeys: Map<string, Shape>;
}

/** The shapes of one heap. */
export class ShapeTable {
  readonly #shapes: Shape[] = [];
  readonly #slots = new Map<object, Slot>();
  /** How many shapes the log defines durably or in a record being written: the next definition has this number. */
  get size(): number {
    return this.#shapes.length;
  }

  /** The shape of an object with these keys, made when new; undefined when the object should be a dictionary. */
  find(kind: "object" | "nullObject" | "instance", record: ClassRecord | undefined, keys: readonly string[], integrity: Integrity): Shape | undefined {
    const slot = this.#slotOf(kind, record);
    const last = slot.last;
    if (last !== undefined && last.integrity === integrity && sameKeys(last.keys, keys)) return last;
    if (record === undefined && keys.length > keysMax) return undefined;
    const text = integrity + JSON.stringify(keys);
    let shape = slot.byKeys.get(text);
    if (shape === undefined) {
      if (record === undefined && this.#shapes.length >= shapesMax) return undefined;
      shape = new Shape(firstPropertyShape + this.#shapes.length, kind, record, keys.slice(), integrity, privatesOf(record));
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
  define(number: number, { kind, record, keys, integrity, privates }: ShapeDefinition): Shape {
    const known = this.at(number);
    if (known !== undefined) {
      assert(known.kind === kind && sameKeys(known.keys, keys), "a shape number has one meaning");
      return known;
    }
    // A snapshot may define a shape that a later record defines again; between them numbers can be missing for a while.
    const shape = new Shape(number, kind, record, keys, integrity, privates);
    this.#shapes[number - firstPropertyShape] = shape;
    // A class whose private fields changed since gets a new shape when its objects are written again.
    if (shape.isCurrent) this.#slotOf(kind, record).byKeys.set(integrity + JSON.stringify(keys), shape);
    return shape;
  }

  #slotOf(kind: Kind, record: ClassRecord | undefined): Slot {
    const owner: object = record ?? (kind === "object" ? plainOwner : nullOwner);
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

const plainOwner = {};
const nullOwner = {};

export function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  const count = a.length;
  if (count !== b.length) return false;
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function writeShapeDefinition(writer: Writer, shape: Shape): void {
  writer.u8(propertyKinds.indexOf(shape.kind) * 4 + shape.integrity);
  if (shape.kind === "instance") {
    writer.string(shape.record!.name);
    writer.uint(shape.privates.length);
    for (const { className, names } of shape.privates) {
      writer.string(className);
      writer.uint(names.length);
      for (const name of names) writer.string(name);
    }
  }
  writer.uint(shape.keys.length);
  for (const key of shape.keys) writer.string(key);
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
}

export function readShapeDefinition(reader: Reader): ShapeDefinition {
  const head = reader.u8();
  const kind = propertyKinds[head >> 2];
  if (kind === undefined) return reader.fail("unknown kind of shape");
  let record: ClassRecord | undefined;
  const privates: StoredPrivates[] = [];
  if (kind === "instance") {
    record = resolveClass(reader.string());
    const classes = reader.count();
    for (let i = 0; i < classes; i++) privates.push({ className: reader.string(), names: readStrings(reader) });
  }
  return { kind, integrity: (head & 3) as Integrity, record, privates, keys: readStrings(reader) };
}

function readStrings(reader: Reader): string[] {
  const strings: string[] = [];
  const count = reader.count();
  for (let i = 0; i < count; i++) strings.push(reader.string());
  return strings;
}
