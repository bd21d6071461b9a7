/**
 * Keys: places on a ring of 2^128, for nodes and for what is stored by name. A key is a text of 32 hexadecimal digits, so that keys are read
 * in logs, compare as numbers do, and share prefixes as Pastry wants them. Pure; holds no state.
 */
import { createHash } from "node:crypto";

/** 32 digits, lower case. */
export type Key = string;

export const keyDigits = 32;

/** The key of a name: the first half of its SHA-256, so that any names are spread evenly over the ring. */
export function keyOf(name: string): Key {
  return createHash("sha256").update(name, "utf8").digest("hex").slice(0, keyDigits);
}

export function isKey(value: unknown): value is Key {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

/** Whether `x` comes after `from` and before `to`, clockwise; the whole ring but `from` when the two are the same. */
export function isBetween(from: Key, x: Key, to: Key): boolean {
  return from < to ? from < x && x < to : x > from || x < to;
}

/** As `isBetween`, `to` included: what a node at `to` is responsible for in Chord when its predecessor is at `from`. */
export function isUpTo(from: Key, x: Key, to: Key): boolean {
  return x === to || isBetween(from, x, to);
}

/** How far it is clockwise, 0 to 2^128 - 1. */
export function clockwise(from: Key, to: Key): bigint {
  return modulo(numberOf(to) - numberOf(from));
}

/** How far it is the shorter way round, as Pastry measures. */
export function distance(a: Key, b: Key): bigint {
  const there = clockwise(a, b);
  const back = modulo(-there);
  return there < back ? there : back;
}

/** `steps` further clockwise; less than zero is back. */
export function keyAfter(from: Key, steps: bigint): Key {
  return modulo(numberOf(from) + steps).toString(16).padStart(keyDigits, "0");
}

/** How many digits two keys have in common at their beginning. */
export function sharedDigits(a: Key, b: Key): number {
  let count = 0;
  while (count < keyDigits && a.charCodeAt(count) === b.charCodeAt(count)) count++;
  return count;
}

function numberOf(key: Key): bigint {
  return BigInt(`0x${key}`);
}

function modulo(value: bigint): bigint {
  return BigInt.asUintN(keyDigits * 4, value);
}
