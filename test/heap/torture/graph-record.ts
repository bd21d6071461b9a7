/**
 * Everything a program can see of a graph of objects, as one flat list: two graphs are alike exactly when their lists are equal
 * element by element (Object.is). Objects are numbered in the order of one traversal, so sharing, cycles and identity count; what it met
 * comes back too, by kind, so that both sides of a comparison can name "the third array". Iterative: depth does not matter.
 */
import { types } from "node:util";

export type KindOfPick = "o" | "lit" | "arr" | "map" | "set" | "date" | "re" | "bytes" | "view" | "inst" | "err" | "any";
const kinds: readonly KindOfPick[] = ["o", "lit", "arr", "map", "set", "date", "re", "bytes", "view", "inst", "err", "any"];
export type Picks = Record<KindOfPick, object[]>;

/** The classes of one side: names by prototype, and what shows the private fields of each. */
export interface ClassNames {
  readonly names: ReadonlyMap<object, string>;
  readonly dumps: Readonly<Record<string, readonly ((target: object) => readonly unknown[] | undefined)[]>>;
}

export interface GraphRecord {
  readonly tokens: readonly unknown[];
  readonly objects: readonly object[];
  readonly picks: Picks;
  /** How much of `tokens` and `objects` each root brought. */
  readonly tokensOf: readonly number[];
  readonly objectsOf: readonly number[];
  /** For each root: something in it cannot persist. */
  readonly refused: readonly boolean[];
}

/** Stands before an object's number, so that no program's number looks like it. */
const reference = Symbol("object");
const end = Symbol("end");
const refusedValue = Symbol("cannot persist");

const builtIns = new Map<object | null, string>([[null, "null"]]);
for (const name of [
  "Object", "Array", "Map", "Set", "Date", "RegExp", "ArrayBuffer", "DataView", "Error", "TypeError", "RangeError", "SyntaxError", "AggregateError",
  "Uint8Array", "Uint8ClampedArray", "Int16Array", "Int32Array", "Float32Array", "Float64Array", "BigInt64Array",
]) {
  builtIns.set((globalThis as unknown as Record<string, { prototype: object }>)[name]!.prototype, name);
}
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;
const getTime = Date.prototype.getTime;

export function recordGraph(roots: readonly unknown[], classes: ClassNames): GraphRecord {
  const tokens: unknown[] = [];
  const objects: object[] = [];
  const numbers = new Map<object, number>();
  const picks = Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as Picks;
  const tokensOf: number[] = [];
  const objectsOf: number[] = [];
  const refused: boolean[] = [];
  let isRefused = false;

  const slot = (value: unknown): void => {
    if (typeof value === "object" && value !== null) {
      let number = numbers.get(value);
      if (number === undefined) {
        number = objects.push(value) - 1;
        numbers.set(value, number);
      }
      tokens.push(reference, number);
    } else if (typeof value === "function" || typeof value === "symbol") {
      isRefused = true;
      tokens.push(refusedValue);
    } else tokens.push(value);
  };

  let at = 0;
  for (const root of roots) {
    isRefused = false;
    slot(root);
    for (; at < objects.length; at++) isRefused = describe(objects[at]!, tokens, slot, picks, classes) || isRefused;
    tokensOf.push(tokens.length);
    objectsOf.push(objects.length);
    refused.push(isRefused);
  }
  return { tokens, objects, picks, tokensOf, objectsOf, refused };
}

/** Returns true when the object itself cannot persist. */
function describe(object: object, tokens: unknown[], slot: (value: unknown) => void, picks: Picks, { names, dumps }: ClassNames): boolean {
  const prototype = Object.getPrototypeOf(object) as object | null;
  const className = prototype === null ? undefined : names.get(prototype);
  const label = className ?? builtIns.get(prototype);
  let isRefused = label === undefined || types.isPromise(object) || types.isWeakMap(object);
  tokens.push(label ?? "?", Object.isFrozen(object) ? 3 : Object.isSealed(object) ? 2 : Object.isExtensible(object) ? 0 : 1);
  picks.any.push(object);
  let skipsFunctions = false;
  if (Array.isArray(object)) picks.arr.push(object);
  else if (types.isMap(object)) {
    picks.map.push(object);
    skipsFunctions = true;
    for (const [key, value] of mapEntries.call(object)) {
      slot(key);
      slot(value);
    }
    tokens.push(end);
  } else if (types.isSet(object)) {
    picks.set.push(object);
    skipsFunctions = true;
    for (const value of setValues.call(object)) slot(value);
    tokens.push(end);
  } else if (types.isDate(object)) {
    picks.date.push(object);
    skipsFunctions = true;
    tokens.push(getTime.call(object));
  } else if (types.isRegExp(object)) {
    picks.re.push(object);
    skipsFunctions = true;
    tokens.push(object.source, object.flags);
  } else if (types.isNativeError(object)) picks.err.push(object);
  else if (types.isAnyArrayBuffer(object)) tokens.push(Buffer.from(object as ArrayBuffer).toString("latin1"));
  else if (ArrayBuffer.isView(object)) {
    (types.isDataView(object) ? picks.view : picks.bytes).push(object);
    slot(object.buffer);
    tokens.push(object.byteOffset, object.byteLength);
    return isRefused || label === "null" || label === "Object";
  } else {
    picks.o.push(object);
    if (className === undefined) picks.lit.push(object);
  }
  if (className !== undefined) picks.inst.push(object);
  // A built-in whose prototype is gone.
  if ((label === "null" || label === "Object") && (Array.isArray(object) || types.isMap(object) || types.isSet(object) || types.isDate(object) || types.isRegExp(object) || types.isNativeError(object) || types.isAnyArrayBuffer(object))) isRefused = true;
  const keys = Reflect.ownKeys(object);
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
    // The heap's own mutators on Map, Set, Date and RegExp: no property of the program's.
    if (skipsFunctions && !descriptor.enumerable && typeof descriptor.value === "function") continue;
    tokens.push(typeof key === "symbol" ? refusedValue : key, (descriptor.writable ? 1 : 0) + (descriptor.enumerable ? 2 : 0) + (descriptor.configurable ? 4 : 0));
    if (key === "stack" && types.isNativeError(object)) continue; // Lines and columns of two texts.
    if (typeof key === "symbol" || descriptor.get !== undefined || descriptor.set !== undefined) isRefused = true;
    else slot(descriptor.value);
  }
  tokens.push(end);
  for (const dump of (className === undefined ? undefined : dumps[className]) ?? []) {
    const values = dump(object);
    if (values === undefined) tokens.push("without private fields");
    else for (const value of values) slot(value);
  }
  if (!Object.isExtensible(object) && !Object.isSealed(object)) isRefused = true;
  if (Object.isExtensible(object) && keys.some((key) => !isConfigurable(object, key))) isRefused = true;
  return isRefused;
}

/** An array's length and a RegExp's lastIndex never are. */
function isConfigurable(object: object, key: PropertyKey): boolean {
  return Object.getOwnPropertyDescriptor(object, key)!.configurable === true || (key === "length" && Array.isArray(object)) || (key === "lastIndex" && types.isRegExp(object));
}

/** Where two lists differ first, in words; undefined when they are alike. */
export function difference(a: readonly unknown[], b: readonly unknown[]): string | undefined {
  const count = Math.max(a.length, b.length);
  for (let i = 0; i < count; i++) {
    if (Object.is(a[i], b[i])) continue;
    const near = (list: readonly unknown[]) => list.slice(Math.max(0, i - 12), i + 3).map(show).join(" ");
    return `token ${i} of ${a.length}/${b.length}: ${show(a[i])} against ${show(b[i])}\n    ${near(a)}\n    ${near(b)}`;
  }
  return undefined;
}

function show(token: unknown): string {
  if (token === reference) return "@";
  if (token === end) return ".";
  if (typeof token === "string") return JSON.stringify(token.slice(0, 60));
  return Object.is(token, -0) ? "-0" : String(token);
}
