/**
 * PageRank (Page, Brin, Motwani and Winograd, 1999) in parts. Sums are taken in one order whoever is late, so that the result is the same to
 * the last bit. Round 0 tells each part which of its vertices the others' sums are for.
 */
import type { Graph } from "./graph.ts";
import type { Part, Payload } from "./part.ts";

const damping = 0.85;

export class RankPart implements Part {
  readonly vertices: number;
  readonly parts: number;
  readonly offsets: Int32Array;
  /** Of each link, the part that it leads to, and its place in what is sent there. */
  readonly partOfLink: Int32Array;
  readonly placeOfLink: Int32Array;
  /** By part, the vertices there that links of this one lead to: those at the places. */
  readonly outgoing: Int32Array[];
  readonly incoming: Int32Array[] = [];
  readonly ranks: Float64Array;
  /** Of vertices without links, together. */
  loose = 0;

  constructor({ offsets, targets }: Graph, parts: number, vertices: number) {
    this.vertices = vertices;
    this.parts = parts;
    this.offsets = offsets;
    this.partOfLink = new Int32Array(targets.length);
    this.placeOfLink = new Int32Array(targets.length);
    const places = Array.from({ length: parts }, () => new Map<number, number>());
    targets.forEach((to, link) => {
      const part = to % parts;
      const there = (to - part) / parts;
      const known = places[part]!;
      if (!known.has(there)) known.set(there, known.size);
      this.partOfLink[link] = part;
      this.placeOfLink[link] = known.get(there)!;
    });
    this.outgoing = places.map((known) => Int32Array.from(known.keys()));
    this.ranks = new Float64Array(offsets.length - 1).fill(1 / vertices);
  }

  send(round: number, shared: number): readonly Payload[] {
    if (round === 0) return this.outgoing;
    this.loose = shared;
    const sums = this.outgoing.map(({ length }) => new Float64Array(length));
    const { offsets, partOfLink, placeOfLink, ranks } = this;
    for (let v = 0; v < ranks.length; v++) {
      const share = ranks[v]! / (offsets[v + 1]! - offsets[v]!);
      for (let link = offsets[v]!; link < offsets[v + 1]!; link++) sums[partOfLink[link]!]![placeOfLink[link]!]! += share;
    }
    return sums;
  }

  /** Reports the rank of its vertices without links. */
  receive(round: number, payloads: readonly Payload[]): number {
    const { ranks, offsets } = this;
    if (round === 0) for (const places of payloads) this.incoming.push(places as Int32Array);
    else {
      const sums = new Float64Array(ranks.length);
      payloads.forEach((payload, from) => payload.forEach((sum, place) => (sums[this.incoming[from]![place]!]! += sum)));
      const base = (1 - damping + damping * this.loose) / this.vertices;
      sums.forEach((sum, v) => (ranks[v] = base + damping * sum));
    }
    return ranks.reduce((loose, rank, v) => (offsets[v] === offsets[v + 1] ? loose + rank : loose), 0);
  }

  result(): Payload {
    return this.ranks;
  }
}
