/**
 * Properties that no enumeration shows are noticed on objects that persist already, however they are written: symbols are refused
 * with the path, and what the engine hides is kept hidden. Undo takes both away again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeapHarness, type Root } from "../lib/heap-harness.ts";

const symbol: unique symbol = Symbol("odd");
type Odd = Record<PropertyKey, unknown>;

class Parent {
  [key: PropertyKey]: unknown;
  plain = 1;
}
class Child extends Parent {
  write(key: PropertyKey): void {
    super[key] = 1;
  }
}

function* writer(target: Odd): Generator<number, void, PropertyKey> {
  target[yield 1] = 1;
}

const writes: Record<string, (target: Odd) => void> = {
  "a computed key": (target) => void (target[symbol] = 1),
  "an object that becomes a symbol": (target) => void (target[{ [Symbol.toPrimitive]: () => symbol } as unknown as string] = 1),
  "a key that comes from a yield": (target) => {
    const steps = writer(target);
    steps.next();
    steps.next(symbol);
  },
  "a pattern": (target) => void ([target[symbol]] = [1]),
  "a logical assignment": (target) => void (target[symbol] ??= 1),
  "Object.assign": (target) => void Object.assign(target, { [symbol]: 1 }),
  "Object.defineProperty": (target) => void Object.defineProperty(target, symbol, { value: 1, writable: true, enumerable: true, configurable: true }),
  "Reflect.set": (target) => void Reflect.set(target, symbol, 1),
  "a write through super": (target) => Child.prototype.write.call(target as never, symbol),
};

for (const [name, write] of Object.entries(writes)) {
  test(`a symbol on a persistent object is refused: ${name}`, () => {
    for (const target of [{ plain: 1 }, new Child()]) {
      const harness = HeapHarness.planted({ target });
      // The same object was written before in this turn, so that the barrier knows it already.
      const change = (root: Root): void => {
        (root["target"] as Odd)["plain"] = 2;
        write(root["target"] as Odd);
      };
      assert.throws(() => harness.turn(change), { code: "MK_VALUE_NOT_PERSISTENT", message: /target.*symbol/i });
      assert.deepEqual(Reflect.ownKeys(target), ["plain"]);
      assert.equal(target.plain, 1);
    }
  });
}

class Named {
  [symbol] = 1;
}
class NamedLater extends Parent {}

const makers: Record<string, () => object> = {
  "a literal": () => ({ [symbol]: 1 }),
  "a copy of one": () => ({ ...{ [symbol]: 1 } }),
  "Object.fromEntries": () => Object.fromEntries([[symbol, 1]]) as object,
  "a class with a computed field": () => new Named(),
  "an instance that got it": () => {
    const made = new NamedLater();
    made[symbol] = 1;
    return made;
  },
  "an instance that was assigned it": () => Object.assign(new NamedLater(), { [symbol]: 1 }),
  "an array": () => Object.assign([1], { [symbol]: 1 }),
  "an array with a hole and a name": () => Object.assign([1, , 3], { odd: Symbol("odd") }),
};

for (const [name, make] of Object.entries(makers)) {
  test(`a symbol on a new object is refused: ${name}`, () => {
    // Its like persists already, and it may be older than the turn.
    const harness = HeapHarness.planted({ a: new NamedLater(), b: {}, c: [1], e: [1, 2, 3] });
    harness.turn((root) => void (root["d"] = new NamedLater()));
    const made = make();
    for (const value of [() => made, make]) {
      assert.throws(() => harness.turn((root) => void (root["odd"] = value())), { code: "MK_VALUE_NOT_PERSISTENT", message: /odd.*symbol/i });
      assert.deepEqual(Object.keys(harness.root), ["a", "b", "c", "e", "d"]);
    }
  });
}

test("a hidden stack is kept", () => {
  const harness = HeapHarness.planted({ target: { plain: 1 } });
  harness.turn((root) => Error.captureStackTrace(root["target"] as object));
  const target = harness.root["target"] as Odd;
  const copy = harness.recovered().root["target"] as Odd;
  assert.deepEqual(Object.getOwnPropertyDescriptors(copy), Object.getOwnPropertyDescriptors(target));
  assert.equal(Object.getOwnPropertyDescriptor(copy, "stack")!.enumerable, false);
  harness.turn((root) => void (root["fresh"] = withStack()));
  assert.deepEqual(Object.getOwnPropertyDescriptors(harness.recovered().root["fresh"] as Odd), Object.getOwnPropertyDescriptors(harness.root["fresh"] as Odd));
});

function withStack(): object {
  const object = { plain: 2 };
  Error.captureStackTrace(object);
  return object;
}

test("an object that got another prototype in the turn is written with it, and put back", () => {
  const harness = HeapHarness.planted({ target: { plain: 1 } });
  const target = harness.root["target"] as Odd;
  harness.undone(() => void (target["__proto__"] = Child.prototype));
  assert.equal(Object.getPrototypeOf(target), Object.prototype);
  harness.turn(() => void (target["__proto__"] = Child.prototype));
  assert.ok((harness.recovered().root["target"] as object) instanceof Child);
});

