/**
 * What programs may use, beyond the language's ordinary writes. A feature that is not in `standing` is one that the heap refuses or
 * does not see, with the reason beside it; `--features +name,-name` switches one for a run.
 */
export const features = {
  /** `Object.freeze({…})` and its kin on objects that are not persistent yet. */
  frozenObjects: true,
  frozenArrays: true,
  /** class Bag extends Map, class Pile extends Array. */
  subclassedBuiltIns: true,
  /** Properties of a program's own on Map, Set, Date, RegExp. */
  propertiesOnBuiltIns: true,
  /** Properties that are hidden or read-only. */
  attributes: true,
  /** `Map.prototype.set.call(map, …)`: what own methods of the instance do not see. */
  borrowedCollectionMethods: true,
  /** `new Uint8Array(persistent.buffer)[0] = 1`, DataView, subarray. */
  freshViews: true,
  /** `TextEncoder.encodeInto`, `Atomics.store`. */
  nativeBytes: true,
  /** `pattern.exec(text)`: the engine writes lastIndex. */
  regexpExec: true,
  /** `plain.__proto__ = null`, Object.setPrototypeOf among plain prototypes. */
  prototypes: true,
  /** Values that cannot persist: the turn must be refused. */
  refusals: true,
  /** `with (object) { x = 1 }` in sloppy code. */
  withStatement: true,
};

export type Feature = keyof typeof features;
export type Features = Readonly<Record<Feature, boolean>>;

export function readFeatures(text: string | undefined): Features {
  const chosen = { ...features };
  for (const word of (text ?? "").split(",").filter((part) => part !== "")) {
    const name = word.slice(1) as Feature;
    if (!(name in features) || !/^[+-]/.test(word)) throw new Error(`--features takes +name or -name of ${Object.keys(features).join(", ")}; not ${word}`);
    chosen[name] = word.startsWith("+");
  }
  return chosen;
}
