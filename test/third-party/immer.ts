/**
 * immer over persistent state: recipes of random changes, with and without freezing, patches applied and reversed. Frozen Maps
 * and Sets are left out: immer gives them functions of its own, which no durable state takes.
 */
import { Random } from "../lib/random.ts";
import type { Root } from "../lib/heap-harness.ts";
import type { Trial } from "./trial.ts";

type Recipe = (draft: State) => void;

export interface Immer {
  enablePatches(): void;
  enableMapSet(): void;
  setAutoFreeze(on: boolean): void;
  produce(base: unknown, recipe: Recipe): unknown;
  produceWithPatches(base: unknown, recipe: Recipe): [unknown, unknown[], unknown[]];
  applyPatches(base: unknown, patches: unknown[]): unknown;
  createDraft(base: unknown): State;
  finishDraft(draft: unknown): unknown;
  current(draft: unknown): unknown;
  original(draft: unknown): unknown;
}

interface Item {
  id: number;
  tags: string[];
  next?: Item | undefined;
}

interface State {
  items: Item[];
  byName: Record<string, Item>;
  count: number;
  map?: Map<unknown, unknown>;
  set?: Set<unknown>;
  kept?: unknown;
}

export function immerTrial(_: Immer, seed: number): Trial<Immer> {
  const random = new Random(seed);
  const freezes = random.chance(50);
  const stepSeeds = Array.from({ length: 1 + random.below(4) }, () => random.below(2 ** 31));
  return {
    name: `immer ${freezes ? "freezing" : "not freezing"}`,
    makeRoot: () => ({ state: makeState(new Random(seed + 1), !freezes) }),
    steps: [
      // The first result is what is frozen; state that is persistent and not frozen may not be.
      (immer, root) => void (root["state"] = prepared(immer, false).produce(root["state"], (draft) => void draft.count++)),
      (immer, root) => void (root["state"] = freezes ? deepFreeze(plainCopy(root["state"] as State)) : root["state"], prepared(immer, freezes)),
      ...stepSeeds.map((stepSeed) => (immer: Immer, root: Root) => step(prepared(immer, freezes), root, new Random(stepSeed))),
    ],
  };
}

function prepared(immer: Immer, freezes: boolean): Immer {
  immer.enableMapSet();
  immer.enablePatches();
  immer.setAutoFreeze(freezes);
  return immer;
}

function step(immer: Immer, root: Root, random: Random): unknown {
  const base = root["state"];
  const recipe = makeRecipe(immer, random.below(2 ** 31));
  switch (random.below(4)) {
    case 0: {
      const [next, patches, inverse] = immer.produceWithPatches(base, recipe);
      root["state"] = next;
      // Forth from the old state and back from the new one: values of their own, which are compared too.
      return { patches, inverse, forth: immer.applyPatches(base, patches), back: immer.applyPatches(next, inverse) };
    }
    case 1: {
      const draft = immer.createDraft(base);
      recipe(draft);
      const seen = immer.current(draft);
      root["state"] = immer.finishDraft(draft);
      return { seen, before: base };
    }
    default:
      root["state"] = immer.produce(base, recipe);
      return root["state"] === base;
  }
}

function makeRecipe(immer: Immer, seed: number): Recipe {
  return (draft) => {
    const random = new Random(seed);
    for (let left = random.below(6); left > 0; left--) change(immer, draft, random);
  };
}

function change(immer: Immer, draft: State, random: Random): void {
  const item = (): Item | undefined => draft.items[random.below(Math.max(1, draft.items.length))];
  switch (random.below(14)) {
    case 0: draft.items.push({ id: random.below(9), tags: ["new"] }); break;
    case 1: draft.items.splice(random.below(3), random.below(3), { id: 7, tags: [] }); break;
    case 2: draft.items.sort((a, b) => a.id - b.id); break;
    case 3: item()?.tags.push("x"); break;
    case 4: item() && (item()!.next = item()!.next ?? { id: 1, tags: [] }); break;
    case 5: delete draft.byName[`n${random.below(3)}`]; break;
    case 6: draft.byName[`n${random.below(60)}`] = { id: random.below(4), tags: ["t"] }; break;
    case 7: draft.count += random.below(3); break;
    case 8: draft.map?.set(random.below(3), { n: random.below(3) }); break;
    case 9: draft.map?.delete(random.below(3)); break;
    case 10: draft.set?.add(random.below(9)); break;
    case 11: draft.set?.delete(random.below(9)); break;
    case 12: draft.items.length = Math.min(draft.items.length, 2); break;
    default: { const at = draft.byName[`n${random.below(3)}`]; if (at !== undefined) { at.id = (immer.original(at) as Item | undefined)?.id ?? 0; at.tags.reverse(); } }
  }
}

function makeState(random: Random, hasCollections: boolean): State {
  const item = (): Item => ({ id: random.below(9), tags: ["a", "b", "c"].slice(random.below(3)) });
  const state: State = {
    items: Array.from({ length: random.from([1, 4, 50]) }, item),
    byName: Object.fromEntries(Array.from({ length: random.from([3, 50]) }, (_, i) => [`n${i}`, item()])),
    count: 0,
  };
  if (hasCollections) Object.assign(state, { map: new Map<unknown, unknown>([[0, { n: 0 }], [1, [1]]]), set: new Set<unknown>([1, 2]) });
  return state;
}

function plainCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === "object" && each !== null) deepFreeze(each);
  return Object.freeze(value);
}
