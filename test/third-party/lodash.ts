/**
 * lodash's public functions with random arguments: parts of the state, fresh values, paths and functions that themselves change
 * what they get.
 */
import { Random } from "../lib/random.ts";
import type { Root } from "../lib/heap-harness.ts";
import type { Trial } from "./trial.ts";

export type Lodash = Record<string, (...list: unknown[]) => unknown>;

/** They depend on clocks, chance or counters, change lodash itself, or answer errors, whose text names the source. */
const excluded = new Set(["debounce", "throttle", "defer", "delay", "now", "random", "sample", "sampleSize", "shuffle", "uniqueId", "noConflict", "runInContext", "mixin", "times", "attempt"]);

export function lodashTrial(library: Lodash, seed: number): Trial<Lodash> {
  const random = new Random(seed);
  const names = Object.keys(library).filter((name) => typeof library[name] === "function" && !excluded.has(name)).sort();
  const calls = Array.from({ length: 1 + random.below(4) }, () => ({ name: random.from(names), argumentSeeds: Array.from({ length: random.below(5) }, () => random.below(2 ** 31)) }));
  return {
    name: calls.map(({ name }) => name).join(", "),
    makeRoot: () => makeState(seed),
    steps: calls.map(({ name, argumentSeeds }) => (lodash, root) => lodash[name]!(...argumentSeeds.map((each) => makeArgument(root, new Random(each))))),
  };
}

interface Item {
  n: number;
  name: string;
  tags: string[];
  more?: Item;
}

function makeState(seed: number): Root {
  const random = new Random(seed + 1);
  const item = (): Item => ({ n: random.below(5), name: random.from(["a", "b", "c"]), tags: ["x", "y", "z"].slice(random.below(3)) });
  // Above 32 elements and above 40 keys the heap keeps changes by element and key.
  const length = random.from([0, 3, 6, 60]);
  const sparse: number[] = [3, 1];
  sparse[4] = 2;
  return {
    numbers: Array.from({ length }, () => random.below(6)),
    sparse,
    items: Array.from({ length: 1 + random.below(5) }, item),
    deep: { a: { b: [{ c: item() }, { c: 3 }], d: null }, e: [[1, [2, [3]]], 4], f: new Date(5) },
    dictionary: Object.fromEntries(Array.from({ length: random.from([2, 50]) }, (_, i) => [`k${i}`, random.below(3)])),
    map: new Map<unknown, unknown>([["a", { n: 1 }], ["b", [2]]]),
    // Not "set": a persistent Map has hidden properties of the names of its methods, and assigning one leaves it hidden.
    group: new Set<unknown>([1, "two", item()]),
    bytes: Uint8Array.of(3, 1, 2),
    text: "some-Text here",
  };
}

const paths = ["a", "n", "[0]", "a.b[0].c", "deep.a.b[1].c", "items[0].tags", "k1", "e[0][1]", "length", "new.path[2].x", "more.n"];
/** Fresh ones for each call: some of lodash writes properties to functions. */
const makeFunctions = (): readonly ((...list: never[]) => unknown)[] => [
  (value: unknown) => value,
  (a: number, b: number) => a - b,
  (value: unknown) => Boolean(value),
  (a: unknown, b: unknown) => a === b,
  (value: { n?: unknown }) => value?.n,
  (value: { n?: number } | null) => (typeof value === "object" && value !== null && !Object.isFrozen(value) ? void (value.n = 9) : undefined),
  (sum: unknown, value: unknown) => (Array.isArray(sum) ? void sum.push(value) : sum),
  (...list: unknown[]) => list.length,
];

function makeArgument(root: Root, random: Random): unknown {
  switch (random.below(8)) {
    case 0: case 1: case 2: return random.from(Object.values(root).slice(0, 8));
    case 3: return random.from(makeFunctions());
    case 4: return random.from(paths);
    case 5: return random.from([0, 1, 2, -1, 3, 100, "b", null, undefined, true, Number.NaN]);
    case 6: return random.from([() => ({ n: 2 }), () => [1, 2], () => ({ a: { b: [{ c: { new: 1 } }] } }), () => ["n", "name"], () => [["a", 1], ["b", 2]], () => root])();
    default: return random.from([() => (root["items"] as unknown[])[0], () => (root["deep"] as { a: unknown }).a, () => (root["map"] as Map<unknown, unknown>).get("a")])();
  }
}
