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
  /** An object shown elsewhere in this picture, by the id it has there; `cycle` when it holds this very place. */
  | { readonly $: "seen"; readonly id: number; readonly cycle: boolean }
  /** Deeper than asked for. */
  | { readonly $: "deep"; readonly what: string; readonly size: number }
  | ContainerView;

export interface ContainerView {
  readonly $: "array" | "object" | "map" | "set" | "error";
  /** Set when another part of the picture refers to it. */
  id?: number;
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

export const defaultBounds: ViewBounds = { depth: 4, items: 100, stringUnits: 1000, total: 10_000 };
const hexBytes = 32;

export function viewOf(value: unknown, bounds: ViewBounds = defaultBounds): View {
  return new Viewer(bounds).view(value, 0);
}

class Viewer {
  readonly #bounds: ViewBounds;
  readonly #seen = new Map<object, ContainerView>();
  readonly #open = new Set<object>();
  #left: number;
  #ids = 0;

  constructor(bounds: ViewBounds) {
    this.#bounds = bounds;
    this.#left = bounds.total;
  }

  view(value: unknown, depth: number): View {
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
        return value === null ? null : this.#object(value as object, depth);
    }
  }

  #object(object: object, depth: number): View {
    const address = refAddress(object);
    if (address !== undefined) return { $: "ref", value: address };
    const known = this.#seen.get(object);
    if (known !== undefined) return { $: "seen", id: (known.id ??= ++this.#ids), cycle: this.#open.has(object) };
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
    if (depth >= this.#bounds.depth && parts.size > 0) return { $: "deep", what: parts.class ?? parts.kind, size: parts.size };
    return this.#container(object, parts, depth);
  }

  #container(object: object, parts: Parts, depth: number): View {
    const shown: ContainerView = { $: parts.kind, size: parts.size, ...(parts.class === undefined ? {} : { class: parts.class }) };
    this.#seen.set(object, shown);
    this.#open.add(object);
    const view = shown as { items?: View[]; entries?: [View, View][]; fields?: [string, View][]; more?: number };
    let count = 0;
    for (const [key, value] of parts.each()) {
      if (count >= this.#bounds.items || this.#left <= 0) {
        view.more = parts.size - count;
        break;
      }
      count++;
      if (typeof key === "object") (view.entries ??= []).push([this.view(key.key, depth + 1), this.view(value, depth + 1)]);
      else if (typeof key === "string") (view.fields ??= []).push([key, this.view(value, depth + 1)]);
      else (view.items ??= []).push(this.view(value, depth + 1));
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
