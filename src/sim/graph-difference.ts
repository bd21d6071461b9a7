/**
 * Whether two graphs of persistent objects are alike in everything that a program can see: identity, order of keys and entries,
 * attributes, classes, private fields, bits of numbers. Walks both side by side and says where they differ first. Volatile fields and the
 * text of stacks do not count. Iterative, so depth does not matter.
 */
import { refAddress } from "../codec/ref-value.ts";
import { classOfInstance } from "../heap/class-registry.ts";
import { trackingMethods } from "../heap/own-properties.ts";

interface Pair {
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

const none: ReadonlySet<object> = new Set();

/** Undefined when they are alike; otherwise the path to a difference, and the two sides of it. `unordered`: Maps of the first in which order is nothing. */
export function graphDifference(a: unknown, b: unknown, path: string, unordered = none): string | undefined {
  const pairs: Pair[] = [{ path, a, b }];
  const partners = new Map<object, object>();
  const taken = new Set<object>();
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    if (Object.is(pair.a, pair.b)) continue;
    const found = differenceOf(pair, partners, taken, pairs, unordered);
    if (found !== undefined) return `${pair.path}: ${found}`;
  }
  return undefined;
}

function differenceOf({ path, a, b }: Pair, partners: Map<object, object>, taken: Set<object>, pairs: Pair[], unordered: ReadonlySet<object>): string | undefined {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return `${shown(a)} and ${shown(b)}`;
  const partner = partners.get(a);
  if (partner === b) return undefined;
  if (partner !== undefined || taken.has(b)) return "one object in one, two in the other";
  partners.set(a, b);
  taken.add(b);
  if (refAddress(a) !== undefined || refAddress(b) !== undefined) return refAddress(a) === refAddress(b) ? undefined : `${shown(a)} and ${shown(b)}`;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${shown(a)} and ${shown(b)}`;
  const compare = (label: string, left: unknown, right: unknown): void => void pairs.push({ path: `${path}${label}`, a: left, b: right });
  if (unordered.has(a)) return tableOf(a as Map<unknown, unknown>, b as Map<unknown, unknown>, compare);
  return insidesOf(a, b, compare) ?? privatesOf(a, b, compare) ?? propertiesOf(a, b, compare);
}

type Compare = (label: string, a: unknown, b: unknown) => void;

function tableOf(a: Map<unknown, unknown>, b: Map<unknown, unknown>, compare: Compare): string | undefined {
  const missing = [...a.keys()].find((key) => !b.has(key)) ?? [...b.keys()].find((key) => !a.has(key));
  if (missing !== undefined) return `${shown(missing)} is only in one`;
  for (const [key, value] of a) compare(`.get(${shown(key)})`, value, b.get(key));
  return undefined;
}

function insidesOf(a: object, b: object, compare: Compare): string | undefined {
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return `${a.size} entries and ${b.size}`;
    const others = Map.prototype.entries.call(b);
    let at = 0;
    for (const [key, value] of Map.prototype.entries.call(a)) {
      const [otherKey, otherValue] = others.next().value as [unknown, unknown];
      compare(`[key ${at}]`, key, otherKey);
      compare(typeof key === "object" ? `[${at}]` : `.get(${shown(key)})`, value, otherValue);
      at++;
    }
  } else if (a instanceof Set && b instanceof Set) {
    if (a.size !== b.size) return `${a.size} members and ${b.size}`;
    const others = Set.prototype.values.call(b);
    let at = 0;
    for (const value of Set.prototype.values.call(a)) compare(`[${at++}]`, value, others.next().value);
  } else if (a instanceof Date && b instanceof Date) {
    const [left, right] = [Date.prototype.getTime.call(a), Date.prototype.getTime.call(b)];
    if (!Object.is(left, right)) return `${left} and ${right}`;
  } else if (a instanceof RegExp && b instanceof RegExp) {
    if (a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex) return `${String(a)} and ${String(b)}`;
  } else if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    const [left, right] = [new Uint8Array(a), new Uint8Array(b)];
    if (left.length !== right.length || left.some((byte, at) => byte !== right[at])) return "other bytes";
  } else if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    if (a.byteOffset !== b.byteOffset || a.byteLength !== b.byteLength) return "another part of its buffer";
    compare(".buffer", a.buffer, b.buffer);
  }
  return undefined;
}

function privatesOf(a: object, b: object, compare: Compare): string | undefined {
  for (const { info } of classOfInstance(a)?.withPrivates ?? []) {
    const { names, get } = info!.privates!;
    const others = get(b);
    get(a).forEach((value, at) => compare(`.${names[at]}`, value, others[at]));
  }
  return undefined;
}

function propertiesOf(a: object, b: object, compare: Compare): string | undefined {
  if (ArrayBuffer.isView(a)) return undefined;
  const volatiles = classOfInstance(a)?.volatiles;
  const keysOf = (object: object): (string | symbol)[] =>
    Reflect.ownKeys(object).filter((key) => volatiles?.has(String(key)) !== true && !trackingMethods.has((object as Record<string | symbol, object>)[key]!));
  const [keys, others] = [keysOf(a), keysOf(b)];
  if (keys.length !== others.length || keys.some((key, at) => key !== others[at])) return `keys ${keys.map(String).join(", ")} and ${others.map(String).join(", ")}`;
  for (const key of keys) {
    if (key === "stack" && a instanceof Error) continue;
    const [left, right] = [Object.getOwnPropertyDescriptor(a, key)!, Object.getOwnPropertyDescriptor(b, key)!];
    if (left.enumerable !== right.enumerable || left.writable !== right.writable || left.configurable !== right.configurable) return `other attributes of ${String(key)}`;
    compare(Array.isArray(a) ? `[${String(key)}]` : `.${String(key)}`, left.value, right.value);
  }
  return Object.isFrozen(a) === Object.isFrozen(b) ? undefined : "one of them frozen";
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  const address = refAddress(value);
  if (address !== undefined) return `ref ${address}`;
  return `an object of ${(Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name ?? "no class"}`;
}
