/**
 * A text of everything a program can see of a graph of objects: identity, order of keys, attributes, prototypes, holes, internal
 * state, private fields, bits of numbers. Two graphs have the same text exactly when no difference can be found. Iterative, so
 * depth does not matter.
 */
import { types } from "node:util";
import { classOfInstance } from "#maceken/heap/class-registry.js";
import { trackingMethods } from "#maceken/heap/own-properties.js";

const prototypeNames = new Map<object | null, string>([[null, "null"]]);
for (const name of ["Object", "Array", "Map", "Set", "Date", "RegExp", "ArrayBuffer", "DataView", "Error", "TypeError", "RangeError", "AggregateError", "Uint8Array", "Uint16Array", "Float64Array", "Int32Array", "BigInt64Array"]) {
  prototypeNames.set((globalThis as unknown as Record<string, { prototype: object }>)[name]!.prototype, name);
}

export interface ExactOptions {
  /** For programs of two texts, one compiled: functions count as alike, classes go by their own name, not by the one they persist under. */
  readonly acrossTexts?: boolean;
}

export function exactText(root: unknown, { acrossTexts = false }: ExactOptions = {}): string {
  const numbers = new Map<object, number>();
  const queue: object[] = [];
  const lines: string[] = [];
  const slot = (value: unknown): string => {
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "string") return `"${escape(value)}"`;
    if (typeof value === "function" && acrossTexts) return "function";
    if (typeof value === "symbol" || typeof value === "function") return String(value);
    if (typeof value !== "object" || value === null) return String(value);
    let number = numbers.get(value);
    if (number === undefined) {
      number = queue.push(value) - 1;
      numbers.set(value, number);
    }
    return `@${number}`;
  };
  slot(root);
  for (let at = 0; at < queue.length; at++) lines.push(`@${at} ${describe(queue[at]!, slot, acrossTexts)}`);
  return lines.join("\n");
}

function describe(object: object, slot: (value: unknown) => string, acrossTexts: boolean): string {
  const prototype = Object.getPrototypeOf(object) as object | null;
  const record = classOfInstance(object);
  const parts = [(acrossTexts ? undefined : record?.name) ?? prototypeNames.get(prototype) ?? `?${(prototype as { constructor?: { name: string } }).constructor?.name}`];
  if (Object.isFrozen(object)) parts.push("frozen");
  else if (Object.isSealed(object)) parts.push("sealed");
  else if (!Object.isExtensible(object)) parts.push("closed");
  if (types.isMap(object)) for (const [key, value] of Map.prototype.entries.call(object)) parts.push(`${slot(key)}=>${slot(value)}`);
  if (types.isSet(object)) for (const value of Set.prototype.values.call(object)) parts.push(slot(value));
  if (types.isDate(object)) parts.push(slot(Date.prototype.getTime.call(object)));
  if (types.isRegExp(object)) parts.push(object.source, object.flags, slot(object.lastIndex));
  if (types.isArrayBuffer(object)) parts.push(Buffer.from(object).toString("hex"));
  if (ArrayBuffer.isView(object)) parts.push(slot(object.buffer), String(object.byteOffset), String(object.byteLength));
  else {
    for (const key of Reflect.ownKeys(object)) {
      const { value, writable, enumerable, configurable, get } = Object.getOwnPropertyDescriptor(object, key)!;
      if (trackingMethods.has(value as object) || record?.volatiles.has(String(key))) continue;
      parts.push(`${typeof key === "string" ? escape(key) : String(key)}${enumerable ? "" : "~"}${writable ? "" : "!"}${configurable ? "" : "#"}${get === undefined ? "" : "get"}:${slot(value)}`);
    }
  }
  for (const { info } of record?.withPrivates ?? []) parts.push(...info!.privates!.get(object).map((value, i) => `${info!.privates!.names[i]}:${slot(value)}`));
  return parts.join(" ");
}

/** Lone surrogates stay different from the replacement character. */
function escape(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}
