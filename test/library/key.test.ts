/**
 * Goal: places on the ring compare, and lie between each other, as the numbers that they are. Method: random keys against bigints; the
 * borders by hand.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clockwise, distance, isBetween, isKey, isUpTo, keyAfter, keyOf, sharedDigits } from "maceken/services";

const ring = 1n << 128n;
const keys = fc.bigInt({ min: 0n, max: ring - 1n }).map((value) => value.toString(16).padStart(32, "0"));
const valueOf = (key: string): bigint => BigInt(`0x${key}`);

test("the key of a name is the first half of its SHA-256", () => {
  assert.equal(keyOf(""), "e3b0c44298fc1c149afbf4c8996fb924");
  assert.ok(isKey(keyOf("anything")));
  for (const value of ["", "E3b0c44298fc1c149afbf4c8996fb924", `${keyOf("")}0`, 1]) assert.ok(!isKey(value));
});

test("between, distances and steps are those of numbers modulo 2^128", () => {
  fc.assert(fc.property(keys, keys, keys, (a, b, c) => {
    const steps = (valueOf(b) - valueOf(a) + ring) % ring;
    assert.equal(clockwise(a, b), steps);
    assert.equal(distance(a, b), steps < ring - steps ? steps : ring - steps);
    assert.equal(keyAfter(a, steps), b);
    assert.equal(keyAfter(b, -steps), a);
    const way = (valueOf(c) - valueOf(a) + ring) % ring || ring;
    assert.equal(isBetween(a, b, c), steps > 0n && steps < way);
    assert.equal(isUpTo(a, b, c), b === c || (steps > 0n && steps < way));
  }));
});

test("a key alone on the ring is responsible for all of it", () => {
  const own = keyOf("own");
  assert.ok(isUpTo(own, own, own));
  assert.ok(isUpTo(own, keyOf("other"), own));
  assert.ok(!isBetween(own, own, own));
});

test("shared digits", () => {
  assert.equal(sharedDigits("00", "00".padEnd(32, "0")), 2);
  assert.equal(sharedDigits("a".padEnd(32, "0"), "b".padEnd(32, "0")), 0);
  assert.equal(sharedDigits("a".repeat(32), "a".repeat(32)), 32);
});
