/**
 * A bounded, JSON-safe picture of a value of the heap: what `inspect` sends over the control socket and prints. Private fields
 * are shown; shared objects and cycles by number. Never runs code of the user's: no getters, no toString. Not an encoding:
 * nothing is made again from it.
 */
import { builtInOf, typedArrays, viewLength } from "../codec/built-in.ts";
import { refAddress } from "../codec/ref-value.ts";
import { classOfInstance } from "../heap/class-registry.ts";

/** Strings, booleans, null and the finite numbers but -0 stand for themselves; everything else says its kind in `$`. */
export type View =
  | string
  | number
  | boolean
  | null
  | { readonly $: "undefined" }
  | { readonly $: "number" | "bigint" | "date" | "regexp" | "ref" | "function" | "symbol"; readonly value: string }
  | { readonly $: "string"; readonly value: string; readonly more: number }
  | { readonly $: "bytes"; readonly type: string; readonly length: number; readonly hex: string }
  /** An object shown elsewhere in this picture, by its path there; `cycle` when it holds this very place. */
  | { readonly $: "seen"; readonly path: string; readonly cycle: boolean }
  | DeepView
  | ContainerView;

/** What an object and all below it take, where that was measured. */
export interface Sized {
  objects?: number;
  bytes?: number;
}

/** Deeper than asked for. */
export interface DeepView extends Sized {
  readonly $: "deep";
  readonly what: string;
  readonly size: number;
}

export interface ContainerView extends Sized {
  readonly $: "array" | "object" | "map" | "set" | "error";
  /** The class, for instances. */
  readonly class?: string;
  readonly size: number;
  readonly items?: View[];
  readonly entries?: [View, View][];
  readonly fields?: [string, View][];
  /** How many more there are than are shown. */
  more?: number;
}

export interface ViewBounds {
  readonly depth: number;
  readonly items: number;
  readonly stringUnits: number;
  /** Values in the whole picture. */
  readonly total: number;
}

export const defaultBounds: ViewBounds = { depth: 4, items: 20, stringUnits: 1000, total: 10_000 };
/** The picture is made by recursion. */
export const deepest = 500;
const hexBytes = 32;

/** `path` is where the value is, for references within the picture; `parts` is told every object that the picture shows. */
export function viewOf(value: unknown, bounds: ViewBounds = defaultBounds, path = "(this)", parts?: Map<object, Sized>): View {
  return new Viewer(bounds, parts).view(value, 0, path);
}

class Viewer {
  readonly #bounds: ViewBounds;
  readonly #seen = new Map<object, string>();
  readonly #open = new Set<object>();
  readonly #parts: Map<object, Sized> | undefined;
  #left: number;

  constructor(bounds: ViewBounds, parts: Map<object, Sized> | undefined) {
    this.#bounds = bounds;
    this.#parts = parts;
    this.#left = bounds.total;
  }

  view(value: unknown, depth: number, path: string): View {
    this.#left--;
    switch (typeof value) {
      case "string":
        return value.length <= this.#bounds.stringUnits ? value : { $: "string", value: value.slice(0, this.#bounds.stringUnits), more: value.length - this.#bounds.stringUnits };
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: "number", value: Object.is(value, -0) ? "-0" : String(value) };
      case "boolean":
        return value;
      case "undefined":
        return { $: "undefined" };
      case "bigint":
        return { $: "bigint", value: String(value) };
      case "function":
        return { $: "function", value: value.name };
      case "symbol":
        return { $: "symbol", value: String(value) };
      default:
        return value === null ? null : this.#object(value as object, depth, path);
    }
  }

  #object(object: object, depth: number, path: string): View {
    const address = refAddress(object);
    if (address !== undefined) return { $: "ref", value: address };
    const known = this.#seen.get(object);
    if (known !== undefined) return { $: "seen", path: known, cycle: this.#open.has(object) };
    const kind = builtInOf(object);
    if (kind === "date") return { $: "date", value: dateText(object as Date) };
    if (kind === "regexp") return { $: "regexp", value: RegExp.prototype.toString.call(object) };
    if (kind === "arrayBuffer") return bytesView("ArrayBuffer", new Uint8Array(object as ArrayBuffer), (object as ArrayBuffer).byteLength);
    if (kind === "typedArray") {
      const view = object as ArrayBufferView;
      const name = typedArrays.find((type) => type.prototype === Object.getPrototypeOf(view))?.name ?? "TypedArray";
      return bytesView(name, new Uint8Array(view.buffer, view.byteOffset, view.byteLength), viewLength(view));
    }
    const parts = partsOf(object);
    if (depth >= Math.min(this.#bounds.depth, deepest) && parts.size > 0) {
      const deep: DeepView = { $: "deep", what: parts.class ?? parts.kind, size: parts.size };
      this.#parts?.set(object, deep);
      return deep;
    }
    return this.#container(object, parts, depth, path);
  }

  #container(object: object, parts: Parts, depth: number, path: string): View {
    const shown: ContainerView = { $: parts.kind, size: parts.size, ...(parts.class === undefined ? {} : { class: parts.class }) };
    this.#seen.set(object, path);
    this.#parts?.set(object, shown);
    this.#open.add(object);
    const view = shown as { items?: View[]; entries?: [View, View][]; fields?: [string, View][]; more?: number };
    let count = 0;
    for (const [key, value] of parts.each()) {
      if (count >= this.#bounds.items || this.#left <= 0) {
        view.more = parts.size - count;
        break;
      }
      count++;
      if (typeof key === "object") {
        const at = `${path}[${keyText(key.key)}]`;
        (view.entries ??= []).push([this.view(key.key, depth + 1, `${path}.(key)`), this.view(value, depth + 1, at)]);
      } else if (typeof key === "string") (view.fields ??= []).push([key, this.view(value, depth + 1, path + fieldText(key))]);
      else (view.items ??= []).push(this.view(value, depth + 1, `${path}[${key}]`));
    }
    this.#open.delete(object);
    return shown;
  }
}

interface Parts {
  readonly kind: ContainerView["$"];
  readonly class?: string;
  readonly size: number;
  /** A string for a field, an object with a key for an entry of a Map, a number for an item. */
  each(): Iterable<readonly [string | number | { readonly key: unknown }, unknown]>;
}

function partsOf(object: object): Parts {
  switch (builtInOf(object)) {
    case "array": {
      const array = object as unknown[];
      const extra = Object.keys(array).filter((key) => !isIndex(key));
      return { kind: "array", size: array.length + extra.length, each: () => itemsThenFields(array, extra) };
    }
    case "map": {
      const map = object as Map<unknown, unknown>;
      return { kind: "map", size: map.size, each: () => mapEntries(map) };
    }
    case "set": {
      const set = object as Set<unknown>;
      return { kind: "set", size: set.size, each: () => setItems(set) };
    }
    default: {
      const fields = fieldsOf(object);
      const name = classNameOf(object);
      return { kind: object instanceof Error ? "error" : "object", ...(name === undefined ? {} : { class: name }), size: fields.length, each: () => fields };
    }
  }
}

function* itemsThenFields(array: unknown[], extra: readonly string[]): Iterable<[string | number, unknown]> {
  for (let i = 0; i < array.length; i++) yield [i, array[i]];
  for (const key of extra) yield [key, dataOf(array, key)];
}

function* mapEntries(map: Map<unknown, unknown>): Iterable<[{ key: unknown }, unknown]> {
  for (const [key, value] of Map.prototype.entries.call(map)) yield [{ key }, value];
}

function* setItems(set: Set<unknown>): Iterable<[number, unknown]> {
  let i = 0;
  for (const value of Set.prototype.values.call(set)) yield [i++, value];
}

/** Own data properties, then private fields by the class that declares them. */
export function fieldsOf(object: object): [string, unknown][] {
  const names = object instanceof Error ? Object.getOwnPropertyNames(object).filter((name) => name !== "stack") : Object.keys(object);
  const fields = names.map((name): [string, unknown] => [name, dataOf(object, name)]);
  for (const { info } of classOfInstance(object)?.withPrivates ?? []) {
    const { privates } = info!;
    if (!privates!.has(object)) continue;
    const values = privates!.get(object);
    privates!.names.forEach((name, i) => fields.push([name, values[i]]));
  }
  return fields;
}

const identifier = /^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const longestKey = 40;

/** A field as a step of a path. */
export function fieldText(name: string): string {
  return identifier.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** A key of a Map as it stands in a path. */
export function keyText(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key.length > longestKey ? `${key.slice(0, longestKey)}…` : key);
  if (typeof key === "object" && key !== null) return `(${classNameOf(key) ?? "object"})`;
  return typeof key === "bigint" ? `${key}n` : String(key);
}

function dataOf(object: object, name: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  return descriptor !== undefined && "value" in descriptor ? descriptor.value : undefined;
}

export function classNameOf(object: object): string | undefined {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === Object.prototype) return undefined;
  if (prototype === null) return "null prototype";
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof constructor === "function" ? constructor.name : "unknown class";
}

function isIndex(key: string): boolean {
  const number = Number(key);
  return Number.isInteger(number) && number >= 0 && String(number) === key;
}

function dateText(date: Date): string {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(date);
}

function bytesView(type: string, bytes: Uint8Array, length: number): View {
  let hex = "";
  for (const byte of bytes.subarray(0, hexBytes)) hex += byte.toString(16).padStart(2, "0");
  return { $: "bytes", type, length, hex };
}
