/**
 * Undo: what an object held when a turn first touched it, and putting that back, key order and private fields included (K1).
 * At the first touch an object equals its last image, so the mark's shape says which keys to keep.
 * Maps and Sets keep key-level changes instead (collection-changes.ts).
 */
import { CollectionChanges } from "./collection-changes.ts";
import type { Mark } from "./mark.ts";
import { sameKeys, type Shape } from "./shapes.ts";
import type { ClassRecord } from "./class-registry.ts";

type Properties = Record<string, unknown>;

class PropertiesBefore {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  readonly privates: readonly (readonly unknown[])[];
  readonly prototype: object | null;

  constructor(object: object, keys: readonly string[], record: ClassRecord | undefined) {
    const values: unknown[] = [];
    for (let i = 0; i < keys.length; i++) values.push((object as Properties)[keys[i]!]);
    this.keys = keys;
    this.values = values;
    this.prototype = Object.getPrototypeOf(object) as object | null;
    this.privates = record === undefined || record.withPrivates.length === 0 ? none : record.withPrivates.map(({ info }) => info!.privates!.get(object));
  }
}

/** An array with holes or properties of its own. */
class SparseBefore {
  readonly length: number;
  readonly properties: PropertiesBefore;

  constructor(array: unknown[]) {
    this.length = array.length;
    this.properties = new PropertiesBefore(array, Object.getOwnPropertyNames(array).filter((name) => name !== "length"), undefined);
  }
}

const none: readonly (readonly unknown[])[] = [];

/** Before the first write of the turn to a property of the object, or to the object as a whole. */
export function captureBefore(object: object, mark: Mark): unknown {
  const { shape } = mark;
  switch (shape.kind) {
    case "object":
    case "nullObject":
    case "instance":
      return new PropertiesBefore(object, shape.keys, shape.record);
    case "denseArray":
      return (object as unknown[]).slice();
    case "map":
    case "set":
      // A property was put on the collection itself, which its image does not hold: the commit will refuse it by name.
      return new CollectionChanges(object as Map<unknown, unknown>, mark.heap.isUnordered(object));
    case "date":
      return Date.prototype.getTime.call(object as Date);
    case "regexp":
      return { lastIndex: (object as RegExp).lastIndex };
    case "arrayBuffer":
      return (object as ArrayBuffer).slice(0);
    case "typedArray":
      return undefined;
    case "array":
      return new SparseBefore(object as unknown[]);
    default:
      return new PropertiesBefore(object, Object.getOwnPropertyNames(object), undefined);
  }
}

export function restoreBefore(object: object, mark: Mark): void {
  const { before, shape } = mark;
  if (before instanceof CollectionChanges) before.undo();
  else if (before instanceof PropertiesBefore) restoreProperties(object, before, shape);
  else if (before instanceof SparseBefore) {
    (object as unknown[]).length = 0;
    restoreKeys(object, before.properties.keys, before.properties.values);
    (object as unknown[]).length = before.length;
  } else if (Array.isArray(before)) restoreArray(object as unknown[], before);
  else if (shape.kind === "date") Date.prototype.setTime.call(object as Date, before as number);
  else if (shape.kind === "regexp") (object as RegExp).lastIndex = (before as RegExp).lastIndex;
  else if (shape.kind === "arrayBuffer") new Uint8Array(object as ArrayBuffer).set(new Uint8Array(before as ArrayBuffer));
}

function restoreArray(array: unknown[], before: readonly unknown[]): void {
  for (const name of Object.getOwnPropertyNames(array).slice(array.length)) {
    if (name !== "length") delete (array as unknown as Properties)[name];
  }
  array.length = before.length;
  for (let i = 0; i < before.length; i++) array[i] = before[i];
}

function restoreProperties(object: object, before: PropertiesBefore, shape: Shape): void {
  if (Object.getPrototypeOf(object) !== before.prototype) Object.setPrototypeOf(object, before.prototype);
  restoreKeys(object, before.keys, before.values, shape.record);
  if (before.privates.length > 0) {
    shape.record!.withPrivates.forEach(({ info }, i) => info!.privates!.set(object, before.privates[i]!));
  }
}

/** Makes the object's own properties, but for volatile fields, be exactly these, in this order. */
export function restoreKeys(object: object, keys: readonly string[], values: readonly unknown[], record?: ClassRecord): void {
  const names = Object.getOwnPropertyNames(object).filter((name) => !(name === "length" && Array.isArray(object)) && !record?.volatiles.has(name));
  if (!sameKeys(names, keys)) {
    for (const name of names) if (!hiddenKey(object, name)) delete (object as Properties)[name];
    for (const symbol of Object.getOwnPropertySymbols(object)) delete (object as Record<symbol, unknown>)[symbol];
  }
  for (let i = 0; i < keys.length; i++) setOwn(object, keys[i]!, values[i]);
}

/** Errors keep their usual properties hidden from enumeration, as the engine makes them. */
function hiddenKey(object: object, name: string): boolean {
  return object instanceof Error && Object.getOwnPropertyDescriptor(object, name)?.configurable === false;
}

/** Sets an own data property whatever its name and whatever the prototype has under it. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (Object.hasOwn(object, key)) {
    (object as Properties)[key] = value;
    if (key !== "__proto__") return;
  }
  const enumerable = !(object instanceof Error && (key === "message" || key === "stack" || key === "cause" || key === "errors"));
  if (enumerable && key !== "__proto__" && !(key in object)) (object as Properties)[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable, configurable: true });
}
