/** The state of a world that is being simulated, as properties read it (WorldView): each node as after the last turn that anybody has seen. */
import { nodeOf, serviceOf, type Address } from "../base/address.ts";
import type { Outcome } from "../base/rejection.ts";
import { readPayload } from "../turn/payload.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";
import { WorldNames, type MessageView, type WorldDefinition, type WorldView } from "./world-definition.ts";

export class LiveView implements WorldView {
  readonly nodes: readonly string[];
  readonly #machines: ReadonlyMap<string, SimulatedMachine>;
  readonly #clients: readonly SimulatedClient[];
  readonly #isQuiet: () => boolean;
  readonly #names: WorldNames;

  constructor(definition: WorldDefinition, machines: ReadonlyMap<string, SimulatedMachine>, clients: readonly SimulatedClient[], isQuiet: () => boolean) {
    this.#names = new WorldNames(definition);
    this.nodes = [...machines.keys()];
    this.#machines = machines;
    this.#clients = clients;
    this.#isQuiet = isQuiet;
  }

  service<T>(address: Address): T | undefined {
    this.#names.demandAddress(address);
    const machine = this.#machines.get(nodeOf(address));
    return machine === undefined || machine.hasDeparted ? undefined : (machine.kernel?.state.services.get(serviceOf(address)) as T | undefined);
  }

  services<T>(name: string): readonly T[] {
    this.#names.demandService(name);
    const found: T[] = [];
    for (const { hasDeparted, kernel } of this.#machines.values()) {
      const service = hasDeparted ? undefined : kernel?.state.services.get(name);
      if (service !== undefined) found.push(service as T);
    }
    return found;
  }

  get messages(): readonly MessageView[] {
    const found: MessageView[] = [];
    for (const [from, { kernel }] of this.#machines) {
      for (const { peer, sent, acknowledged, outbox } of kernel?.channels.all() ?? []) {
        const consumed = this.#machines.get(peer)?.kernel?.channels.get(from)?.executed ?? 0;
        for (let number = Math.max(consumed, acknowledged) + 1; number <= sent; number++) {
          const payload = outbox.payloadOf(number);
          if (payload !== undefined) found.push(messageView(from, peer, payload));
        }
      }
    }
    return found;
  }

  answers(client: string): readonly Outcome<unknown>[] {
    this.#names.demandClient(client);
    return this.#clients.find(({ name }) => name === client)?.answers ?? [];
  }

  get isQuiet(): boolean {
    return this.#isQuiet();
  }
}

function messageView(from: string, to: string, payload: Uint8Array): MessageView {
  const read = readPayload(payload);
  if (read.kind === "request") return { from, to, kind: "request", service: read.service, method: read.method, args: read.args };
  return read.kind === "outcome" ? { from, to, kind: "outcome", outcome: read.outcome } : { from, to, kind: "failure" };
}
