/**
 * The oracle above all others: the turns that have survived a faulty run, run again in their order on nodes that nothing ever happens to,
 * without log, network or kernel. Every message must be the one that was sent, every answer the same, and in the end every heap alike.
 * What differs is a lost, doubled, reordered or half-done turn (K1, K3, K4, K9, K10), whoever is to blame.
 */
import { MaceKenError, messageOf } from "../base/error.ts";
import { Reader } from "../codec/reader.ts";
import { Writer } from "../codec/writer.ts";
import { HeapLoader } from "../heap/heap-loader.ts";
import { HeapSnapshot } from "../heap/heap-snapshot.ts";
import { Heap } from "../heap/heap.ts";
import { expireKeys, ExternalRequests } from "../kernel/external.ts";
import { defaultLimits } from "../kernel/kernel-options.ts";
import { labelsOfRoot } from "../kernel/root-labels.ts";
import type { AppDefinition } from "../service/app.ts";
import { TurnExecutor, type TurnResult } from "../turn/executor.ts";
import { declareTables, NodeState, ReplyState } from "../turn/node-state.ts";
import { readPayload } from "../turn/payload.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import { graphDifference } from "./graph-difference.ts";
import { valuesOf } from "./message-copies.ts";
import { guardTurn } from "./turn-guards.ts";
import type { Consumed, Turn } from "./turn-history.ts";

/** The arguments of a client's calls, as bytes. */
export type EncodedCalls = ReadonlyMap<string, readonly { readonly service: string; readonly method: string; readonly args: Uint8Array }[]>;

const keysPerTurn = 10_000;
const writer = new Writer(64 * 1024);

/** Something that the clean run did otherwise; undefined when nothing is. */
export function referenceDifference(
  turns: readonly Turn[],
  apps: ReadonlyMap<string, AppDefinition>,
  calls: EncodedCalls,
  final: ReadonlyMap<string, NodeState>,
): string | undefined {
  const nodes = new Map([...apps].map(([name, app]) => [name, new ReferenceNode(name, app, calls)]));
  const sent = new Map<string, { readonly payloads: Uint8Array[]; next: number }>();
  const channel = (from: string, to: string): { readonly payloads: Uint8Array[]; next: number } => {
    const key = `${from} ${to}`;
    let known = sent.get(key);
    if (known === undefined) sent.set(key, (known = { payloads: [], next: 0 }));
    return known;
  };
  for (const turn of turns) {
    const { node, consumed, outputs, clock } = turn;
    const where = `turn ${clock.turnNumber} of ${node}`;
    if (consumed.kind === "message") {
      const waiting = channel(consumed.from, node);
      const due = waiting.payloads[waiting.next++];
      if (due === undefined) return `${where} consumed message ${waiting.next} of ${consumed.from}, which no turn has sent`;
      if (!isSame(due, consumed.payload)) return `${where} consumed another message ${waiting.next} of ${consumed.from} than was sent`;
    }
    const result = nodes.get(node)!.run(turn);
    if (result.kind !== "committed") return `${where} failed when it was run again: ${result.kind === "failed" ? messageOf(result.error) : "it only read"}`;
    const again = result.outputs;
    if (again.messages.length !== outputs.messages.length) return `${where} sent ${outputs.messages.length} messages, and ${again.messages.length} when it was run again`;
    for (const [i, { node: to, payload }] of again.messages.entries()) {
      const first = outputs.messages[i]!;
      if (first.node !== to || !isSame(first.payload, payload)) return `${where} sent another message to ${first.node} than when it was run again`;
      channel(node, to).payloads.push(payload);
    }
    const difference = graphDifference(answersOf(outputs.answers), answersOf(again.answers), `answers of ${where}`);
    if (difference !== undefined) return difference;
    if (outputs.effectKeys.join() !== again.effectKeys.join()) return `${where} asked for other effects than when it was run again`;
  }
  for (const [name, state] of final) {
    const { state: reference } = nodes.get(name)!;
    const difference = graphDifference(state, reference, name, tablesOf(state));
    if (difference !== undefined) return `the state is not that of a run without failures: ${difference}`;
  }
  return undefined;
}

/** Read by key only: a delete that was undone may have moved an entry. */
function tablesOf({ timers, calls, local, deferred, effects, keys, sessions, dead }: NodeState): ReadonlySet<object> {
  return new Set([timers, calls, local, deferred, effects, keys, sessions, dead]);
}

function answersOf(answers: Turn["outputs"]["answers"]): unknown {
  return answers.map(({ key, outcome }) => [key, outcome.ok, outcome.ok ? outcome.value : messageOf(outcome.error)]);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

class ReferenceNode {
  readonly #name: string;
  readonly #app: AppDefinition;
  readonly #calls: EncodedCalls;
  #heap: Heap;
  #executor: TurnExecutor;
  #external = new ExternalRequests(defaultLimits);
  #randoms: readonly number[] = [];
  #nextRandom = 0;

  constructor(name: string, app: AppDefinition, calls: EncodedCalls) {
    this.#name = name;
    this.#app = app;
    this.#calls = calls;
    [this.#heap, this.#executor] = this.#empty();
  }

  #empty(): [Heap, TurnExecutor] {
    const heap = new Heap(labelsOfRoot);
    const { maxDeferred, maxMessageBytes } = defaultLimits;
    const executor = new TurnExecutor(heap, this.#app, {
      nodeName: this.#name, random: () => this.#random(), maxDeferred, maxMessageBytesTo: () => maxMessageBytes, outboxRoomBytes: () => Infinity, watch: undefined,
    });
    return [heap, executor];
  }

  get state(): NodeState {
    return this.#heap.root as NodeState;
  }

  /** A turn that asks for more than it did asks for something else. */
  #random(): number {
    const random = this.#randoms[this.#nextRandom++];
    if (random === undefined) throw new MaceKenError("MK_NONDETERMINISTIC", "a turn that was run again asked for more chance than before");
    return random;
  }

  run(turn: Turn): TurnResult {
    const { clock, consumed, randoms, wallMs, parked } = turn;
    this.#randoms = randoms;
    this.#nextRandom = 0;
    writer.reset();
    if (consumed.kind === "restart") this.#reload();
    const input = consumed.kind === "birth" || consumed.kind === "restart" ? undefined : this.#inputOf(consumed, clock.now);
    guardTurn({ wallMs, random: () => this.#random() });
    try {
      if (parked !== undefined && input !== undefined) return this.#executor.park(input, parked.outcome, writer, clock, parked.options);
      if (input !== undefined) return this.#executor.run(input, writer, clock, { mustRecord: true });
      return this.#life(turn);
    } catch (error) {
      return { kind: "failed", error, outputs: turn.outputs };
    } finally {
      guardTurn(undefined);
    }
  }

  #life({ consumed, clock }: Turn): TurnResult {
    const executor = this.#executor;
    let result: TurnResult;
    if (consumed.kind === "birth") {
      result = executor.birth(new NodeState(this.#app.version, consumed.incarnation), writer, clock);
      declareTables(this.#heap, this.state);
    } else result = executor.restart(writer, clock, { lost: [], bringUpToDate() {}, beginNewLife() {} });
    executor.watchFromHere();
    return result;
  }

  /** As a restart finds it: volatile fields are made anew. */
  #reload(): void {
    const snapshot = new HeapSnapshot(this.#heap);
    const chunks: Uint8Array[] = [];
    while (!snapshot.done) chunks.push(snapshot.slice(1, Infinity).slice());
    snapshot.end();
    [this.#heap, this.#executor] = this.#empty();
    this.#external = new ExternalRequests(defaultLimits);
    const loader = new HeapLoader(this.#heap);
    for (const chunk of chunks) loader.snapshotChunk(new Reader(chunk));
    const waiting: ReplyState[] = [];
    loader.finish((object) => {
      if (object instanceof ReplyState) waiting.push(object);
    });
    for (const reply of waiting) this.#executor.noteWaiting(reply);
    declareTables(this.#heap, this.state);
    this.#executor.watchFromHere();
  }

  #inputOf(consumed: Exclude<Consumed, { kind: "birth" | "restart" }>, now: number): TurnInput {
    switch (consumed.kind) {
      case "message":
        return messageInput(consumed.from, consumed.payload);
      case "call": {
        const { client, number, acknowledged, request } = consumed;
        const { service, method, args } = this.#calls.get(client)![number - 1]!;
        const admission = this.#external.admit({ kind: "request", request, service, method, args: valuesOf(args), via: "client", session: { id: client, number, acknowledged } }, this.state);
        if (admission.kind !== "run") throw new MaceKenError("MK_KEY_REUSED", `call ${number} of ${client} ran, and would not have without failures`);
        return admission.input;
      }
      case "local":
      case "timer":
        return { kind: consumed.kind, id: consumed.id };
      case "deferred":
        return { kind: "deferred", id: consumed.id, request: this.state.deferred.get(consumed.id)! };
      case "effect":
        return consumed;
      case "system":
        return { kind: "system", what: consumed.what, run: () => void (consumed.what === "keys expire" && expireKeys(this.state, now, defaultLimits.idempotencyKeepMs, keysPerTurn)) };
    }
  }
}

function messageInput(from: string, bytes: Uint8Array): TurnInput {
  const payload = readPayload(bytes);
  switch (payload.kind) {
    case "request": {
      const { service, method, args, call } = payload;
      return { kind: "request", request: { service, method, args, origin: { kind: "node", node: from, call }, sender: { kind: "node", name: from } } };
    }
    case "outcome":
      return { kind: "outcome", call: payload.call, outcome: payload.outcome, node: from };
    case "failure":
      return { kind: "nothing", what: payload.what };
  }
}
