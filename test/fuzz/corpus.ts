/** Valid words that mutations begin with: values of every kind a message may carry, as arguments and payloads. */
import { MaceKenError } from "#maceken/base/error.js";
import { Rejection } from "#maceken/base/rejection.js";
import { ref, type Service } from "#maceken/index.js";
import { encodeArguments, failurePayload, outcomePayload } from "#maceken/turn/payload.js";

function values(): unknown[] {
  const shared = { x: 1 };
  const cycle: { self?: unknown; list: unknown[] } = { list: [] };
  cycle.self = cycle;
  cycle.list.push(cycle, shared, shared);
  let deep: unknown = "bottom";
  for (let i = 0; i < 300; i++) deep = i % 2 === 0 ? [deep] : { deep };
  const sparse: unknown[] = [];
  sparse[1000] = 1;
  const longest: unknown[] = [];
  longest.length = 2 ** 32 - 1;
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const there = ref<Service>("peer/keeper");
  const proto = JSON.parse('{"__proto__": {"polluted": true}, "a": 1, "constructor": null}') as object;
  return [
    0, -0, 1.5, NaN, -Infinity, 2 ** 53, true, null, undefined, "", "text", "wide \u{1f600} text", "\ud800 alone", "long ".repeat(200), 12345678901234567890n, -1n,
    new Date(0), new Date(NaN), /a(b+)c/giu, bytes, new Uint8Array(bytes, 2, 3), [new Float64Array(3), new DataView(bytes, 1, 2)], [1, 2, 3, "x"], sparse, longest, Object.assign([1], { extra: 2 }),
    shared, proto, Object.assign(Object.create(null) as object, { n: 1 }), new Map<unknown, unknown>([["k", 1], [shared, shared], [/r/, bytes]]), new Set([1, "1", shared, /s/u]),
    new TypeError("bad", { cause: new Error("worse") }), new AggregateError([new Error("one")], "many"), new Rejection("no", { code: "NO", list: [1] }), new MaceKenError("MK_HELD_BACK", "later"),
    there, [there, ref<Service>("a/keeper")], cycle, deep,
  ];
}

export const corpusValues: readonly unknown[] = values();

/** Argument lists `[slot, value]`, encoded. */
export const corpusArguments: readonly Uint8Array[] = corpusValues.map((value, i) => encodeArguments([i, value], "corpus"));

/** What a peer may send beside requests. */
export const corpusOutcomes: readonly Uint8Array[] = corpusValues.flatMap((value, i) => [
  outcomePayload(i + 1, i % 5 === 0 ? { ok: false, error: new Rejection("no", value) } : { ok: true, value }, "corpus"), failurePayload("keeper.keep", value),
]);
