/** What a worker computes on its part of a graph, in rounds. Plain classes: they know nothing of nodes, turns or failures. */

/** What parts tell each other. */
export type Payload = Int32Array | Float64Array;

export interface Part {
  /** What this part has for each of the parts, itself included. `shared` is what the reports of the round before came to. */
  send(round: number, shared: number): readonly Payload[];
  /** Takes what all parts have sent in this round, in their order. Answers this part's report. */
  receive(round: number, payloads: readonly Payload[]): number;
  result(): Payload;
}
