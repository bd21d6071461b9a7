/** A state of a model as properties read it (WorldView): services are alive, as production has them, and only to be read. */
import { nodeOf, serviceOf, type Address } from "../base/address.ts";
import type { Outcome } from "../base/rejection.ts";
import type { MessageView, WorldView } from "../sim/world-definition.ts";
import { readPayload } from "../turn/payload.ts";
import type { AppModel } from "./app-model.ts";

export class AppView implements WorldView {
  readonly nodes: readonly string[];
  readonly #model: AppModel;
  #state: Int32Array;

  constructor(model: AppModel, state: Int32Array) {
    this.#model = model;
    this.#state = state;
    this.nodes = model.nodes.map(({ name }) => name);
  }

  /** The same view of another state: one is enough for a search. */
  turnTo(state: Int32Array): this {
    this.#state = state;
    return this;
  }

  service<T>(address: Address): T | undefined {
    const number = this.nodes.indexOf(nodeOf(address));
    return number < 0 ? undefined : (this.#servicesOf(number).get(serviceOf(address)) as T | undefined);
  }

  services<T>(name: string): readonly T[] {
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
    const { nodes, messages } = this.#model;
    const found: MessageView[] = [];
    for (const from of nodes) {
      for (const to of nodes) {
        for (const message of messages.inQueue(this.#state[this.#model.placeOfQueue(from.number, to.number)]!)) found.push(viewOf(from.name, to.name, messages.payloadOf(message)));
      }
    }
    return found;
  }

  answers(client: string): readonly Outcome<unknown>[] {
    const number = this.#model.clientNames.indexOf(client);
    return number < 0 ? [] : this.#model.clients.answersOf(this.#state[this.#model.placeOfClient(number)]!);
  }

  get isQuiet(): boolean {
    return this.#model.isQuiet(this.#state);
  }
}

function viewOf(from: string, to: string, payload: Uint8Array): MessageView {
  const read = readPayload(payload);
  if (read.kind === "request") return { from, to, kind: "request", service: read.service, method: read.method, args: read.args };
  return read.kind === "outcome" ? { from, to, kind: "outcome", outcome: read.outcome } : { from, to, kind: "failure" };
}
