/**
 * Worlds of many nodes with an overlay, whichever: founders, nodes that join one after the other, nodes that depart, and clients that look up
 * keys. What was found is held against the sorted list of nodes.
 */
import { app } from "maceken";
import { call, eventuallyAlways, world, type ClientCall, type Property, type WorldDefinition, type WorldView } from "maceken/sim";
import { Chord, foundersOf, keyOf, type Founders, type Key } from "maceken/services";
import { Finder, type Answer } from "./finder.ts";

export interface OverlayKind {
  make(founders: Founders): Chord;
  /** The node that is responsible for a key among these. */
  ownerOf(key: Key, members: Founders): string;
  /** True, or what is not as it should be when all is known. */
  isIdeal(view: WorldView, members: Founders): boolean | string;
}

export const chordKind = (options: { readonly periodMs?: number; readonly fingerMs?: number; readonly goneAfterMs?: number } = {}): OverlayKind => ({
  make: (founders) => new Chord({ founders, ...options }),
  ownerOf: (key, members) => (members.find((member) => member.key >= key) ?? members[0]!).node,
  isIdeal(view, members) {
    const wrong = members.find(({ node }, at) => {
      const { predecessor, successors } = view.service<Chord>(`${node}/overlay`)!;
      return predecessor?.key !== members.at(at - 1)!.key || successors.some(({ key }, next) => key !== members[(at + 1 + next) % members.length]!.key);
    });
    return wrong === undefined || `${wrong.node} does not know its neighbours`;
  },
});

export interface RingWorldOptions {
  readonly nodes: number;
  /** How many of them are members from the beginning; default all. */
  readonly founders?: number;
  /** How many keys are looked up, each at a node of its own choice. */
  readonly lookups: number;
  readonly clients: number;
}

export interface RingWorld {
  readonly definition: WorldDefinition;
  /** Of each lookup that was answered by the right node, filled when the world ends. */
  readonly hops: number[];
}

export function ringWorld(kind: OverlayKind, { nodes, founders = nodes, lookups, clients }: RingWorldOptions): RingWorld {
  const names = Array.from({ length: nodes }, (_, at) => `n${at}`);
  const founding = foundersOf(names.slice(0, founders));
  const all = foundersOf(names);
  const calls = Array.from({ length: clients }, (_, client) =>
    Array.from({ length: Math.ceil((lookups - client) / clients) }, (__, at) => ({ node: names[(client * 7919 + at * 104729) % founders]!, key: keyOf(`key ${client} ${at}`) })),
  );
  const hops: number[] = [];
  const right = new Map<Key, string>();
  /** While nodes join, who was responsible is one of those that were members then. */
  const isRight = (key: Key, owner: string): boolean =>
    kind.ownerOf(key, all) === owner || (founders < nodes && kind.ownerOf(key, foundersOf([...founding.map(({ node }) => node), owner])) === owner);
  const found: Property = eventuallyAlways("every lookup is answered by the node that is responsible", (view) => {
    hops.length = 0;
    for (const [client, list] of calls.entries()) {
      const answers = view.answers(`client ${client}`);
      if (answers.length < list.length) return `client ${client} waits for the owner of ${list[answers.length]!.key}`;
      for (const [at, outcome] of answers.entries()) {
        if (!outcome.ok) return `client ${client} was told ${outcome.error.message}`;
        const { owner, hops: count } = outcome.value as Answer;
        const { key } = list[at]!;
        if (right.get(key) !== owner && !isRight(key, owner)) return `${owner} is not responsible for ${key}`;
        right.set(key, owner);
        hops.push(count);
      }
    }
    return true;
  });
  const joins = names.slice(founders).map((name, at): [string, ClientCall[]] => [`join ${name}`, [call<Chord>(`${name}/overlay`).join(names[at % founders]!)]]);
  const definition = world({
    nodes: Object.fromEntries(names.map((name) => [name, app({ version: 1 }).service("overlay", () => kind.make(founding)).service("finder", ({ overlay }) => new Finder(overlay))])),
    clients: { ...Object.fromEntries(joins), ...Object.fromEntries(calls.map((list, client) => [`client ${client}`, list.map(({ node, key }) => call<Finder>(`${node}/finder`).find(key))])) },
    properties: [found, eventuallyAlways("all know their neighbours", (view) => kind.isIdeal(view, all))],
  });
  return { definition, hops };
}

/** Mean and 99th percentile. */
export function summary(values: readonly number[]): { readonly mean: number; readonly p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length, p99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0 };
}

