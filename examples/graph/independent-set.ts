/**
 * A maximal independent set in parts: each vertex has a priority, and is in the set when no neighbour of a higher one is. That is the set which
 * taking vertices one by one in the order of priority gives (Blelloch, Fineman and Shun, SPAA 2012), so it does not depend on who is late.
 */
import type { Graph } from "./graph.ts";
import type { Part, Payload } from "./part.ts";

const [unknown, isIn, isOut] = [0, 1, 2];

/** Chance, but always the same: murmur3's finaliser. */
function priority(vertex: number): number {
  let x = Math.imul(vertex + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export function isBefore(a: number, b: number): boolean {
  const [first, second] = [priority(a), priority(b)];
  return first > second || (first === second && a < b);
}

export class SetPart implements Part {
  readonly graph: Graph;
  readonly parts: number;
  readonly index: number;
  /** Of all vertices, as far as is known here. */
  readonly known: Uint8Array;

  constructor(graph: Graph, { parts, index, vertices }: { readonly parts: number; readonly index: number; readonly vertices: number }) {
    this.graph = graph;
    this.parts = parts;
    this.index = index;
    this.known = new Uint8Array(vertices);
  }

  /** News of this round, to each part: 2 v + 1 is in the set, 2 v is not. */
  send(): readonly Payload[] {
    const { known, parts, index } = this;
    const news: number[] = [];
    for (let v = index; v < known.length; v += parts) {
      if (known[v] !== unknown) continue;
      const now = this.#decide(v);
      if (now === unknown) continue;
      known[v] = now;
      news.push(2 * v + (now === isIn ? 1 : 0));
    }
    const payload = Int32Array.from(news);
    return Array.from({ length: parts }, () => payload);
  }

  #decide(v: number): number {
    const { graph: { offsets, targets }, known, parts, index } = this;
    const i = (v - index) / parts;
    let now = isIn;
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) {
      const neighbour = targets[at]!;
      if (known[neighbour] === isIn) return isOut;
      if (known[neighbour] === unknown && isBefore(neighbour, v)) now = unknown;
    }
    return now;
  }

  /** Reports how many of its vertices are not decided. */
  receive(_round: number, payloads: readonly Payload[]): number {
    const { known, parts, index } = this;
    for (const news of payloads) for (const each of news) known[each >> 1] = (each & 1) === 1 ? isIn : isOut;
    let open = 0;
    for (let v = index; v < known.length; v += parts) if (known[v] === unknown) open++;
    return open;
  }

  /** Its vertices that are in the set. */
  result(): Payload {
    const { known, parts, index } = this;
    const found: number[] = [];
    for (let v = index; v < known.length; v += parts) if (known[v] === isIn) found.push(v);
    return Int32Array.from(found);
  }
}
