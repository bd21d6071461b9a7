/**
 * Nesting a million deep, through every kind of container: nothing in the heap recurses, so it is committed, undone, audited,
 * recovered and refused like anything else, and a path stays readable.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeapHarness } from "../lib/heap-harness.ts";

const depth = 1_000_000;
/** Maps and errors take their time to make, so there are fewer of them. */
const mixedDepth = 50_000;

class Link {
  next: unknown;
  #hidden: unknown;
  constructor(next: unknown, hidden: unknown) {
    this.next = next;
    this.#hidden = hidden;
  }
  get hidden(): unknown {
    return this.#hidden;
  }
}

const plain: ((inner: unknown) => object)[] = [(inner) => ({ inner }), (inner) => [inner]];
const mixed: ((inner: unknown) => object)[] = [
  ...plain,
  (inner) => new Map([["inner", inner]]),
  (inner) => new Map([[inner, 1]]),
  (inner) => new Set([inner]),
  (inner) => new Link(inner, 1),
  (inner) => new Link(1, inner),
  (inner) => new Error("outer", { cause: inner }),
];

function unwrap(outer: unknown): unknown {
  if (outer instanceof Link) return outer.hidden === 1 ? outer.next : outer.hidden;
  if (outer instanceof Map) return outer.get("inner") ?? outer.keys().next().value;
  if (outer instanceof Set) return outer.values().next().value;
  if (outer instanceof Error) return outer.cause;
  return Array.isArray(outer) ? outer[0] : (outer as { inner: unknown }).inner;
}

function nested(innermost: object, levels: number, wraps = levels > mixedDepth ? plain : mixed): object {
  let at = innermost;
  for (let i = 0; i < levels; i++) at = wraps[i % wraps.length]!(at);
  return at;
}

function levelsOf(outer: unknown): number {
  let levels = 0;
  for (let at = outer; !(at as { end?: true }).end; at = unwrap(at)) levels++;
  return levels;
}

for (const levels of [depth, mixedDepth]) test(`${levels} levels deep`, () => {
  const harness = HeapHarness.planted({ chain: nested({ end: true }, levels) });
  const audit = harness.heap.openAudit(false);
  audit.everything();
  assert.equal(levelsOf(harness.recovered().root["chain"]), levels);
  harness.undone((root) => void (root["chain"] = nested(root["chain"] as object, levels)));
  assert.equal(levelsOf(harness.root["chain"]), levels);
  assert.equal(levelsOf(harness.recoveredFromSnapshot(1024 * 1024, () => {}).root["chain"]), levels);
  audit.everything();
  assert.deepEqual(audit.takeFound(), []);
});

test("what is refused a million deep is named by both ends of its path", () => {
  const harness = HeapHarness.planted({ chain: 0 });
  const refused = (levels: number): string => {
    try {
      harness.turn((root) => void (root["chain"] = nested({ end: () => 1 }, levels)));
    } catch (error) {
      assert.equal((error as { code?: string }).code, "MK_VALUE_NOT_PERSISTENT");
      return (error as Error).message;
    }
    return "nothing was refused";
  };
  assert.match(refused(3), /^chain\.get\("inner"\)\[0\]\.inner\.end is a function/);
  const message = refused(depth);
  assert.match(message, /^chain\[0\]\.inner\[0\].*….*\.inner\.end is a function/);
  assert.ok(message.length < 1000, `${message.length} characters`);
  assert.equal(harness.root["chain"], 0);
});
