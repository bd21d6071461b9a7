/** The same computations in one process, in a loop: what a run of nodes must come to, to the last bit. */
import { graphNamed, partOf, undirected, vertexCount } from "./graph.ts";
import { SetPart } from "./independent-set.ts";
import { RankPart } from "./page-rank.ts";
import type { Part, Payload } from "./part.ts";
import type { Job } from "./worker.ts";

export function plainResult({ graph: name, what, rounds }: Job, parts: number): { readonly results: readonly Payload[]; readonly rounds: number } {
  const read = graphNamed(name);
  const vertices = vertexCount(read);
  const graph = what === "page rank" ? read : undirected(read);
  const all = Array.from({ length: parts }, (_, index): Part => {
    const own = partOf(graph, index, parts);
    return what === "page rank" ? new RankPart(own, parts, vertices) : new SetPart(own, { parts, index, vertices });
  });
  let shared = 0;
  let round = 0;
  for (;;) {
    const sent = all.map((part) => part.send(round, shared));
    shared = all.map((part, to) => part.receive(round, sent.map((payloads) => payloads[to]!))).reduce((sum, report) => sum + report, 0);
    round++;
    if (what === "page rank" ? round > rounds : shared === 0) return { results: all.map((part) => part.result()), rounds: round };
  }
}

/** Text that is the same when every bit is. */
export function digest(results: readonly Payload[]): string {
  return results.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString("base64")).join(" ");
}
