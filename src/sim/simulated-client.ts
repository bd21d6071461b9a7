/**
 * A client of the world: makes its calls one after the other, each in its session until it is answered, again with the same number when its
 * node died, was not ready, or the answer was lost on the way (K10), as node/client.ts does.
 */
import type { Outcome } from "../base/rejection.ts";
import { between, chance } from "./choices.ts";
import { graphDifference } from "./graph-difference.ts";
import { bytesOf, copyOfOutcome, valuesOf } from "./message-copies.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { outcomeInWords } from "./value-words.ts";
import type { Timeline } from "./timeline.ts";
import type { ClientCall } from "./world-definition.ts";

export interface ClientPorts {
  readonly timeline: Timeline;
  /** The session's name. */
  readonly id: string;
  readonly name: string;
  machine(node: string): SimulatedMachine;
  /** Between a call's answer and the next call, at most. */
  thinkMs(): number;
  /** Of a thousand answers, those that are lost on the way, and those that are asked for once more though they came. */
  lostPerMille(): number;
  violated(property: string, what: string): void;
  /** There is one more answer. */
  answered(): void;
}

export interface EncodedCall {
  readonly node: string;
  readonly service: string;
  readonly method: string;
  readonly args: Uint8Array;
}

const retryMs = 50;
const wayMs = 0.1;
/** They say that the node could not take the request, not what came of it. */
const passing: ReadonlySet<string> = new Set(["MK_HELD_BACK", "MK_CLIENT_STOPPED", "MK_KEYS_FULL"]);

export class SimulatedClient {
  readonly id: string;
  readonly name: string;
  readonly calls: readonly EncodedCall[];
  readonly answers: Outcome<unknown>[] = [];
  tries = 0;
  /** When the call under way was made first. */
  madeAtMs = 0;
  readonly #ports: ClientPorts;
  /** Where the call under way waits for its answer. */
  #asked: SimulatedProcess | undefined;
  #isAskingAgain = false;

  constructor(ports: ClientPorts, calls: readonly ClientCall[]) {
    this.#ports = ports;
    this.id = ports.id;
    this.name = ports.name;
    this.calls = calls.map(({ node, service, method, args }) => ({ node, service, method, args: bytesOf(args, `${service}.${method}`) }));
  }

  get isDone(): boolean {
    return this.answers.length === this.calls.length && !this.#isAskingAgain;
  }

  start(): void {
    if (this.isDone) return;
    const { timeline, thinkMs } = this.#ports;
    timeline.after(between(timeline.choices, 0, thinkMs(), "think time"), undefined, () => {
      this.madeAtMs = timeline.nowMs;
      this.#ask();
    });
  }

  /** Of the call under way, from 1. */
  get #number(): number {
    return this.answers.length + (this.#isAskingAgain ? 0 : 1);
  }

  #ask(): void {
    const { timeline, machine } = this.#ports;
    const call = this.calls[this.#number - 1]!;
    const { process, isReady, hasDeparted } = machine(call.node);
    if (hasDeparted) return;
    if (process === undefined || !isReady) return this.#later();
    this.tries++;
    this.#asked = process;
    const number = this.#number;
    timeline.after(wayMs, process, () => {
      process.driver!.submit(
        { service: call.service, method: call.method, args: valuesOf(call.args), via: "client", session: { id: this.id, number, acknowledged: number - 1 } },
        (outcome) => {
          process.boundary("answer");
          timeline.after(wayMs, undefined, () => this.#answered(process, number, outcome));
        },
      );
    });
  }

  #later(): void {
    this.#asked = undefined;
    this.#ports.timeline.after(retryMs, undefined, () => this.#ask());
  }

  /** The process is gone: an answer that is not on its way already does not come. */
  processEnded(process: SimulatedProcess): void {
    if (this.#asked === process) this.#later();
  }

  #answered(process: SimulatedProcess, number: number, outcome: Outcome<unknown>): void {
    // Of an earlier try, which was given up.
    if (this.#asked !== process || number !== this.#number) return;
    const { timeline, lostPerMille } = this.#ports;
    if (!outcome.ok && "code" in outcome.error && passing.has(String(outcome.error.code))) return this.#later();
    if (chance(timeline.choices, lostPerMille(), "lost answer")) return this.#later();
    this.#asked = undefined;
    const copy = copyOfOutcome(outcome);
    if (this.#isAskingAgain) {
      this.#isAskingAgain = false;
      const difference = graphDifference(this.answers.at(-1), copy, "the answer");
      if (difference !== undefined) this.#ports.violated("K10 an answer does not change", `call ${number} of ${this.name}: ${difference}`);
    } else {
      this.answers.push(copy);
      if (timeline.trace !== undefined) timeline.note("", `${this.name} is answered ${outcomeInWords(copy)}`);
      this.#ports.answered();
      if (chance(timeline.choices, lostPerMille(), "asked again")) {
        this.#isAskingAgain = true;
        return this.#later();
      }
    }
    this.start();
  }
}
