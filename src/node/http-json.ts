/**
 * JSON at the HTTP edge: arguments from a body, and values to bodies where JSON holds them exactly. `__proto__` is a key like
 * any other in both directions. What JSON cannot hold is told, never bent.
 */
import { isUtf8 } from "node:buffer";
import { MaceKenError } from "../base/error.ts";

/** Throws MK_HTTP_BAD_REQUEST for what is not UTF-8, not JSON, nested too deep, or not an array. */
export function parseArguments(body: Buffer, maxDepth: number): readonly unknown[] {
  // Without this check, bad bytes would silently become U+FFFD.
  if (!isUtf8(body)) throw bad("the body is not UTF-8");
  if (body.length > maxDepth) refuseDepth(body, maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw bad(`the body is not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(value)) throw bad("the body is not a JSON array of arguments");
  return value;
}

function bad(message: string): MaceKenError {
  return new MaceKenError("MK_HTTP_BAD_REQUEST", message);
}

const quote = 0x22;
const backslash = 0x5c;

/** Code that walks arguments, schemas for one, may recurse: depth is refused here, once, for all of it. */
function refuseDepth(body: Buffer, maxDepth: number): void {
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === quote) {
      for (i++; i < body.length && body[i] !== quote; i++) if (body[i] === backslash) i++;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > maxDepth) throw bad(`the body is nested deeper than ${maxDepth}`);
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
}

/** The containers between the root and the value being looked at; empty between calls. */
const ancestors: object[] = [];

/** The value as JSON, `null` for undefined itself; undefined when JSON cannot hold it exactly. */
export function exactJson(value: unknown, maxDepth: number): string | undefined {
  if (value === undefined) return "null";
  try {
    return isExact(value, maxDepth) ? JSON.stringify(value) : undefined;
  } finally {
    ancestors.length = 0;
  }
}

function isExact(value: unknown, maxDepth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      return value === null || isExactObject(value, maxDepth);
    default:
      return false;
  }
}

function isExactObject(value: object, maxDepth: number): boolean {
  if (ancestors.length >= maxDepth || ancestors.includes(value)) return false;
  ancestors.push(value);
  if (Array.isArray(value)) {
    // A hole reads as undefined, which is refused; so only extra properties can make the counts differ.
    if (Object.keys(value).length !== value.length) return false;
    for (let i = 0; i < value.length; i++) if (!isExact(value[i], maxDepth)) return false;
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    for (const key of Object.keys(value)) if (!isExact((value as Record<string, unknown>)[key], maxDepth)) return false;
  }
  ancestors.pop();
  return true;
}

const mostHoles = 10_000;

/** For the details of errors, which must not fail for what they hold: as near as JSON comes, null when it does not. */
export function nearestJson(value: unknown): unknown {
  if (value === undefined) return null;
  try {
    const text = JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === "bigint") return String(part);
      // A few bytes can say an array of millions of holes, and JSON would write out each.
      if (Array.isArray(part) && part.length > Object.keys(part).length + mostHoles) return null;
      if (part instanceof Map) return [...part];
      if (part instanceof Set) return [...part];
      return part instanceof Error ? { name: part.name, message: part.message } : part;
    }) as string | undefined;
    return text === undefined ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
