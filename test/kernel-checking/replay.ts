/**
 * The turns of one node that survived, executed once more in their order by a node that never fails: no tries that were undone, no recoveries,
 * nothing in memory but what they left. States and outputs must be the same.
 */
import { readMessageValue } from "#maceken/codec/message-reader.js";
import { Reader } from "#maceken/codec/reader.js";
import { Writer } from "#maceken/codec/writer.js";
import { Heap } from "#maceken/heap/heap.js";
import { labelsOfRoot } from "#maceken/kernel/root-labels.js";
import type { Kernel } from "#maceken/kernel/kernel.js";
import type { Outcome } from "#maceken/base/rejection.js";
import { TurnExecutor, type ParkOptions, type TurnClock, type TurnResult } from "#maceken/turn/executor.js";
import { declareTables, NodeState } from "#maceken/turn/node-state.js";
import { encodeArguments } from "#maceken/turn/payload.js";
import type { TurnInput } from "#maceken/turn/turn-input.js";
import { stateText } from "./state-text.ts";

/** The input as it was before its turn ran, for another state. */
export type Planned = (state: NodeState) => TurnInput;

interface Ran {
  readonly turn: number;
  readonly planned: Planned;
  readonly clock: TurnClock;
  readonly options: ParkOptions;
  /** It was consumed without running. */
  readonly parkedWith: Outcome<unknown> | undefined;
  readonly outputs: string;
}

export class Replay {
  readonly #name: string;
  readonly #kernel: Kernel;
  readonly #bornAt: number;
  readonly #incarnation: string;
  readonly #ran: Ran[] = [];
  /** A turn that cannot be executed again was among them. */
  #isPartial = false;

  constructor(name: string, born: Kernel) {
    this.#name = name;
    this.#kernel = born;
    this.#bornAt = born.clock.now;
    this.#incarnation = born.incarnation;
  }

  plan(input: TurnInput): Planned {
    switch (input.kind) {
      case "request": {
        const { request, fingerprint } = input;
        const args = copied(request.args);
        if (input.prepare !== undefined) this.#isPartial = true;
        return () => ({ kind: "request", request: { ...request, origin: { ...request.origin }, sender: { ...request.sender }, args: args() as unknown[] }, ...(fingerprint === undefined ? {} : { fingerprint }) });
      }
      case "outcome":
      case "effect": {
        const { outcome } = input;
        const value = copied([outcome.ok ? outcome.value : outcome.error]);
        return () => ({ ...input, outcome: (outcome.ok ? { ok: true, value: (value() as [unknown])[0] } : { ok: false, error: (value() as [unknown])[0] }) as Outcome<unknown> });
      }
      case "deferred":
        return (state) => ({ ...input, request: state.deferred.get(input.id)! });
      case "system":
        // What is learned of a peer is no matter of the heap.
        if (!/^(pin the key of|meet) /.test(input.what)) this.#isPartial = true;
        return () => ({ ...input, run: () => {} });
      default:
        return () => input;
    }
  }

  ran(turn: number, planned: Planned, clock: TurnClock, options: ParkOptions, result: TurnResult, parkedWith?: Outcome<unknown>): void {
    this.#ran.push({ turn, planned, clock, options, parkedWith, outputs: outputsOf(result) });
  }

  /** Turns after this one did not survive. */
  cut(turn: number): void {
    while (this.#ran.length > 0 && this.#ran.at(-1)!.turn > turn) this.#ran.pop();
  }

  /** What is different from a life without failures, in words. */
  compare(text: string): string | undefined {
    if (this.#isPartial) return undefined;
    const { app } = this.#kernel.options;
    const heap = new Heap(labelsOfRoot);
    const executor = new TurnExecutor(heap, app, {
      nodeName: this.#name, random: () => 0, maxDeferred: this.#kernel.limits.maxDeferred, maxMessageBytesTo: () => Infinity, outboxRoomBytes: () => Infinity, watch: undefined,
    });
    const root = new NodeState(app.version, this.#incarnation);
    const writer = new Writer();
    executor.birth(root, writer, { now: this.#bornAt, turnNumber: 1, lastId: 0 });
    declareTables(heap, root);
    executor.watchFromHere();
    let lastId = 0;
    for (const { turn, planned, clock, options, parkedWith, outputs } of this.#ran) {
      writer.reset();
      const input = planned(root);
      const result = parkedWith === undefined ? executor.run(input, writer, { ...clock, lastId }, options) : executor.park(input, parkedWith, writer, { ...clock, lastId }, options);
      if (result.kind === "failed") return `turn ${turn} fails when it is executed again: ${String(result.error)}`;
      if (result.kind === "committed") lastId = result.lastId;
      const now = outputsOf(result);
      if (now !== outputs) return `turn ${turn} gave out ${outputs}, and without failures ${now}`;
    }
    const now = stateText({ state: root, lastId } as Kernel);
    return now === text ? undefined : `the surviving turns without failures leave another state: ${firstDifference(text, now)}`;
  }
}

function firstDifference(before: string, after: string): string {
  let at = 0;
  while (before[at] === after[at]) at++;
  return `${before.slice(Math.max(0, at - 60), at + 80)} and not ${after.slice(Math.max(0, at - 60), at + 80)}`;
}

function copied(value: readonly unknown[]): () => unknown {
  const bytes = encodeArguments(value, "a copy").slice();
  return () => readMessageValue(new Reader(bytes));
}

function outputsOf(result: TurnResult): string {
  if (result.kind === "failed") return "failed";
  const { messages, answers, timers, localIds, deferredIds, effectKeys } = result.outputs;
  return JSON.stringify([
    messages.map(({ node, payload }) => `${node} ${Buffer.from(payload).toString("latin1")}`), answers.map(({ request, outcome }) => [request, outcome.ok ? outcome.value : String(outcome.error)]),
    timers.map(({ id, dueAt }) => [id, dueAt]), localIds, deferredIds, effectKeys.map((key) => key.slice(key.indexOf("."))),
  ]);
}
