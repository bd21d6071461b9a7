/**
 * Where objects are in a graph that changes: for each object one place that holds it, found once and checked when it is asked for.
 * Written as people write paths: `auction.lots["x"].bids[0]`, `bank.#secret`. Iterative everywhere: a graph may be a chain of a
 * million objects.
 */
import { classNameOf, fieldsOf, fieldText, keyText } from "./view.ts";

/** A place in a container: a field, a key or index, or an item of a Set. */
export type Step = { readonly kind: "field" | "item"; readonly key: string } | { readonly kind: "key" | "keyOf" | "index"; readonly key: unknown };

interface Place {
  readonly holder: object;
  readonly step: Step;
}

/** Longer paths are cut at their beginning. */
const mostSteps = 24;

export class GraphPaths {
  readonly #places = new Map<object, Place>();
  readonly #names = new Map<object, string>();

  /** Says what an object is called; paths begin there. */
  name(object: object, name: string): void {
    this.#names.set(object, name);
  }

  /** Notes everything below `root`, nearest places first. */
  spread(root: object): void {
    const queue: object[] = [root];
    const seen = new Set<object>(queue);
    for (let at = 0; at < queue.length; at++) {
      const holder = queue[at]!;
      eachChild(holder, (step, child) => {
        if (seen.has(child)) return;
        seen.add(child);
        this.note(holder, step, child);
        queue.push(child);
      });
    }
  }

  /** `child` is at this place, unless another one is known that still holds it. */
  note(holder: object, step: Step, child: unknown): void {
    if (typeof child !== "object" || child === null) return;
    const known = this.#places.get(child);
    if (known === undefined || !this.#isAnchored(child)) this.#places.set(child, { holder, step });
  }

  /** Following the known places from the object leads to a name; taken for true of those far away from it. */
  #isAnchored(object: object): boolean {
    let at = object;
    for (let steps = 0; steps < mostSteps; steps++) {
      if (this.#names.has(at)) return true;
      const place = this.#places.get(at);
      if (place === undefined || !holds(place, at)) return false;
      at = place.holder;
    }
    return true;
  }

  /** The path of an object; its class in parentheses when nothing that is known holds it. */
  of(object: object): string {
    const steps: string[] = [];
    let at = object;
    for (;;) {
      const name = this.#names.get(at);
      if (name !== undefined) return name + steps.reverse().join("");
      const place = this.#places.get(at);
      if (place === undefined || !holds(place, at)) return `(${classNameOf(at) ?? "object"})${steps.reverse().join("")}`;
      if (steps.length === mostSteps) return `…${steps.reverse().join("")}`;
      steps.push(stepText(place.step));
      at = place.holder;
    }
  }
}

export function stepText(step: Step): string {
  switch (step.kind) {
    case "field":
      return fieldText(step.key);
    case "item":
      return `.(item)`;
    case "index":
      return `[${String(step.key)}]`;
    case "keyOf":
      return `.(key)`;
    default:
      return `[${keyText(step.key)}]`;
  }
}

/** The objects that an object holds, with their places. */
export function eachChild(holder: object, visit: (step: Step, child: object) => void): void {
  const give = (kind: Step["kind"], key: unknown, value: unknown): void => {
    if (typeof value === "object" && value !== null) visit({ kind, key } as Step, value);
  };
  if (holder instanceof Map) {
    for (const [key, value] of Map.prototype.entries.call(holder)) {
      give("key", key, value);
      give("keyOf", key, key);
    }
    return;
  }
  if (holder instanceof Set) {
    for (const value of Set.prototype.values.call(holder)) give("item", "", value);
    return;
  }
  if (ArrayBuffer.isView(holder)) {
    give("field", "buffer", holder.buffer);
    return;
  }
  if (Array.isArray(holder)) {
    for (let i = 0; i < holder.length; i++) give("index", i, holder[i]);
    if (Object.keys(holder).length === holder.length) return;
  }
  for (const [name, value] of fieldsOf(holder)) if (!Array.isArray(holder) || !/^\d+$/.test(name)) give("field", name, value);
}

function holds({ holder, step }: Place, child: object): boolean {
  switch (step.kind) {
    case "index":
      return (holder as unknown[])[step.key as number] === child;
    case "key":
      return Map.prototype.get.call(holder as Map<unknown, unknown>, step.key) === child;
    case "keyOf":
      return Map.prototype.has.call(holder as Map<unknown, unknown>, child);
    case "item":
      return Set.prototype.has.call(holder as Set<unknown>, child);
    default:
      if (ArrayBuffer.isView(holder)) return holder.buffer === child;
      return fieldsOf(holder).some(([name, value]) => name === step.key && value === child);
  }
}
