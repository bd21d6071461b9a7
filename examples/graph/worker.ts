/**
 * A worker: has a part of the graph, and goes round by round with the others. There is nothing in it about failures: whatever dies, each
 * round's payloads come once, and what was computed is there.
 */
import { Service, type Messages, type Outcome, type Ref } from "maceken";
import type { Coordinator } from "./coordinator.ts";
import { graphNamed, partOf, undirected, vertexCount, type Graph } from "./graph.ts";
import { SetPart } from "./independent-set.ts";
import { RankPart } from "./page-rank.ts";
import type { Part, Payload } from "./part.ts";

export interface Job {
  readonly graph: string;
  readonly what: "independent set" | "page rank";
  /** Of PageRank. */
  readonly rounds: number;
  /** Between two rounds. */
  readonly pauseMs: number;
}

export interface GraphPart extends Graph {
  readonly vertices: number;
}

export const effects = {
  /** The same at each try. */
  readPart: ([{ graph: name, what }, index, parts]: [Job, number, number]): GraphPart => {
    const graph = graphNamed(name);
    return { ...partOf(what === "page rank" ? graph : undirected(graph), index, parts), vertices: vertexCount(graph) };
  },
};

export class Worker extends Service<typeof effects> {
  static readonly messages: Messages<Worker> = {
    prepare: { from: "peers" }, begin: { from: "peers" }, take: { from: "peers" }, result: true,
  };
  index = 0;
  workers: readonly Ref<Worker>[] = [];
  coordinator: Ref<Coordinator> | undefined;
  part: Part | undefined;
  /** Of the round that is under way, by worker. */
  payloads: (Payload | undefined)[] = [];

  prepare(job: Job, index: number, workers: readonly Ref<Worker>[], coordinator: Ref<Coordinator>) {
    Object.assign(this, { index, workers, coordinator, payloads: [], part: undefined });
    this.turn.when(this.turn.outside("readPart", job, index, workers.length), this.onRead, job);
  }

  private onRead(read: Outcome<GraphPart>, { what }: Job) {
    if (!read.ok) {
      this.coordinator!.failed(read.error.message);
      return;
    }
    const { vertices, ...graph } = read.value;
    const parts = this.workers.length;
    this.part = what === "page rank" ? new RankPart(graph, parts, vertices) : new SetPart(graph, { parts, index: this.index, vertices });
    this.coordinator!.prepared();
  }

  begin(round: number, shared: number) {
    this.part!.send(round, shared).forEach((payload, to) => {
      if (to === this.index) this.take(round, to, payload);
      else this.workers[to]!.take(round, this.index, payload);
    });
  }

  take(round: number, from: number, payload: Payload) {
    this.payloads[from] = payload;
    for (let each = 0; each < this.workers.length; each++) if (this.payloads[each] === undefined) return;
    const report = this.part!.receive(round, this.payloads as Payload[]);
    this.payloads = [];
    this.coordinator!.done(this.index, report);
  }

  result(): Payload {
    return this.part!.result();
  }
}
