/** A state of a model as properties read it (WorldView): services are alive, as production has them, and only to be read. */
import { nodeOf, serviceOf, type Address } from "../base/address.ts";
import type { Outcome } from "../base/rejection.ts";
import { WorldNames, type MessageView, type WorldView } from "../sim/world-definition.ts";
import { readPayload } from "../turn/payload.ts";
import type { AppModel } from "./app-model.ts";

/** What a predicate looks at: services alone, what clients were answered too, or anything. */
export const looked = { services: 0, answers: 1, all: 2 } as const;
export type Looked = (typeof looked)[keyof typeof looked];

export class AppView implements WorldView {
  /** The most that was looked at since somebody set it to `services`. */
  looked: Looked = looked.services;
  readonly nodes: readonly string[];
  readonly #model: AppModel;
  readonly #names: WorldNames;
  /** By channel and message: made once, frozen, and given out again. */
  readonly #messages: MessageView[][] = [];
  #state: Int32Array;

  constructor(model: AppModel, state: Int32Array) {
    this.#model = model;
    this.#names = new WorldNames(model.definition);
    this.#state = state;
    this.nodes = model.nodes.map(({ name }) => name);
  }

  /** Where in a state the nodes are, and the clients. */
  get places(): { readonly nodes: readonly number[]; readonly clients: readonly number[] } {
    return { nodes: this.nodes.map((_, node) => node), clients: this.#model.clientNames.map((_, client) => this.#model.placeOfClient(client)) };
  }

  /** The same view of another state: one is enough for a search. */
  turnTo(state: Int32Array): this {
    this.#state = state;
    return this;
  }

  service<T>(address: Address): T | undefined {
    this.#names.demandAddress(address);
    return this.#servicesOf(this.nodes.indexOf(nodeOf(address))).get(serviceOf(address)) as T | undefined;
  }

  services<T>(name: string): readonly T[] {
    this.#names.demandService(name);
    const found: T[] = [];
    for (let number = 0; number < this.nodes.length; number++) {
      const service = this.#servicesOf(number).get(name);
      if (service !== undefined) found.push(service as T);
    }
    return found;
  }

  #servicesOf(number: number): Map<string, object> {
    return this.#model.nodes[number]!.states.view(this.#state[number]!).state.services;
  }

  get messages(): readonly MessageView[] {
    this.looked = looked.all;
    const model = this.#model;
    const nodes = model.nodes.length;
    const found: MessageView[] = [];
    for (let from = 0; from < nodes; from++) {
      for (let to = 0; to < nodes; to++) {
        const queue = this.#state[model.placeOfQueue(from, to)]!;
        if (queue !== 0) for (const message of model.messages.inQueue(queue)) found.push(this.#message(from, to, message));
      }
    }
    return found;
  }

  #message(from: number, to: number, message: number): MessageView {
    const known = (this.#messages[from * this.nodes.length + to] ??= []);
    return (known[message] ??= viewOf(this.nodes[from]!, this.nodes[to]!, this.#model.messages.payloadOf(message)));
  }

  answers(client: string): readonly Outcome<unknown>[] {
    if (this.looked < looked.answers) this.looked = looked.answers;
    this.#names.demandClient(client);
    const number = this.#model.clientNames.indexOf(client);
    return this.#model.clients.answersOf(this.#state[this.#model.placeOfClient(number)]!);
  }

  get isQuiet(): boolean {
    this.looked = looked.all;
    return this.#model.isQuiet(this.#state);
  }
}

function viewOf(from: string, to: string, payload: Uint8Array): MessageView {
  const read = readPayload(payload);
  if (read.kind === "request") return frozen({ from, to, kind: "request", service: read.service, method: read.method, args: read.args });
  return frozen(read.kind === "outcome" ? { from, to, kind: "outcome", outcome: read.outcome } : { from, to, kind: "failure" });
}

/** Plain objects and arrays all the way down. */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}
