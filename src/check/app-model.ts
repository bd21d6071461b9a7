/**
 * A declared world as a model to be searched: a state is the number of each node's state, of each queue between two nodes, and of each
 * client's; an action is a turn. Under Ken that is all: a crash is nothing that an app could notice (docs/decisions/0015).
 * Not here: properties (app-view.ts), the order of the search.
 */
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import type { WorldDefinition } from "../sim/world-definition.ts";
import { ClientStates } from "./clients.ts";
import { LoadedNode } from "./loaded-node.ts";
import { Messages } from "./messages.ts";
import { eventInWords, ownEvents, type NodeEvent } from "./node-events.ts";
import type { Model, Successors } from "./model.ts";
import { NodeStates } from "./node-states.ts";
import { Chance, TurnTable, type TurnEffect } from "./turn-table.ts";

/** What `this.turn.random()` answers, one after the other. */
const chances = [0.25, 0.75];

interface ModelNode {
  readonly name: string;
  readonly number: number;
  readonly states: NodeStates;
  readonly turns: TurnTable;
  /** The node's own events, by its state. */
  readonly own: (readonly number[])[];
}

export class AppModel implements Model {
  readonly width: number;
  readonly nodes: readonly ModelNode[];
  readonly messages = new Messages();
  readonly clients = new ClientStates();
  readonly definition: WorldDefinition;
  readonly clientNames: readonly string[];
  readonly #nodeNumbers = new Map<string, number>();
  readonly #events: NodeEvent[] = [];
  readonly #eventNumbers = new Map<string, number>();
  /** By sender, message. */
  readonly #messageEvents: number[][];
  /** By client, call. */
  readonly #callEvents: (readonly { readonly event: number; readonly node: number }[])[];
  readonly #failures: string[] = [""];
  readonly #initial: Int32Array;
  readonly #eventOf = (number: number): NodeEvent => this.#events[number]!;
  /** Nodes that messages were sent to and that the world does not have. */
  readonly unknownNodes = new Set<string>();

  constructor(definition: WorldDefinition) {
    this.definition = definition;
    const names = [...definition.nodes.keys()];
    names.forEach((name, number) => this.#nodeNumbers.set(name, number));
    const chance = new Chance(chances);
    const shared = { messages: this.messages, clients: this.clients, nodeNumber: (name: string) => this.#nodeNumber(name), chance };
    this.nodes = names.map((name, number) => {
      const states = new NodeStates({ name, app: definition.nodes.get(name)!.app, random: () => chance.random() });
      return { name, number, states, turns: new TurnTable(states, shared), own: [] };
    });
    this.#messageEvents = names.map(() => []);
    this.clientNames = [...definition.clients.keys()];
    this.#callEvents = this.clientNames.map((client, at) =>
      definition.clients.get(client)!.map((call, index) => ({ event: this.#eventNumber({ kind: "call", client, request: at + 1, call }, `c ${at} ${index}`), node: this.#nodeNumber(call.node) })),
    );
    // Nodes, queues, clients, and whether a handler has failed.
    this.width = names.length + names.length * names.length + this.clientNames.length + 1;
    this.#initial = this.#births(chance);
  }

  #nodeNumber(name: string): number {
    const number = this.#nodeNumbers.get(name);
    if (number !== undefined) return number;
    this.unknownNodes.add(name);
    return -1;
  }

  placeOfQueue(from: number, to: number): number {
    return this.nodes.length * (from + 1) + to;
  }

  placeOfClient(client: number): number {
    return this.nodes.length * (this.nodes.length + 1) + client;
  }

  get #placeOfFailure(): number {
    return this.width - 1;
  }

  // ---- the model

  initial(): readonly Int32Array[] {
    return [this.#initial];
  }

  #births(chance: Chance): Int32Array {
    const state = new Int32Array(this.width);
    for (const node of this.nodes) {
      chance.begin();
      const { node: born, outputs } = LoadedNode.born(node.states.ports);
      state[node.number] = node.states.add(born, 0, []);
      const { sent } = node.turns.outputs(outputs);
      for (let i = 0; i < sent.length; i += 2) {
        if (sent[i]! < 0) continue;
        const place = this.placeOfQueue(node.number, sent[i]!);
        state[place] = this.messages.append(state[place]!, sent[i + 1]!);
      }
    }
    for (let client = 0; client < this.clientNames.length; client++) state[this.placeOfClient(client)] = this.clients.first;
    return state;
  }

  expand(state: Int32Array, successors: Successors): void {
    const { nodes, messages, clients } = this;
    for (const node of nodes) {
      const current = state[node.number]!;
      for (const event of this.#ownEvents(node, current)) for (const effect of node.turns.get(current, event, this.#eventOf)) this.#apply(node, effect, successors);
      for (let from = 0; from < nodes.length; from++) {
        const place = this.placeOfQueue(from, node.number);
        const queue = state[place]!;
        if (queue === 0) continue;
        const event = this.#messageEvent(from, messages.head(queue));
        for (const effect of node.turns.get(current, event, this.#eventOf)) {
          this.#apply(node, effect, successors);
          // A node's messages to itself are in its state: its own queue is never written meanwhile.
          successors.set(place, messages.rest(queue));
        }
      }
    }
    for (let client = 0; client < this.#callEvents.length; client++) {
      const place = this.placeOfClient(client);
      const at = state[place]!;
      const call = this.#callEvents[client]![clients.madeBy(at)];
      if (call === undefined || clients.isWaiting(at)) continue;
      const node = nodes[call.node]!;
      for (const effect of node.turns.get(state[call.node]!, call.event, this.#eventOf)) this.#apply(node, effect, successors, client);
    }
  }

  /** `calling`: the client whose call this turn handles. */
  #apply(node: ModelNode, effect: TurnEffect, successors: Successors, calling = -1): void {
    const { messages, clients } = this;
    successors.add(node.number);
    successors.set(node.number, effect.to);
    const { sent, answered } = effect;
    for (let i = 0; i < sent.length; i += 2) {
      if (sent[i]! < 0) continue;
      const place = this.placeOfQueue(node.number, sent[i]!);
      successors.set(place, messages.append(successors.at(place), sent[i + 1]!));
    }
    if (calling >= 0) {
      const place = this.placeOfClient(calling);
      successors.set(place, clients.call(successors.at(place)));
    }
    for (let i = 0; i < answered.length; i += 2) {
      const place = this.placeOfClient(answered[i]! - 1);
      successors.set(place, clients.answer(successors.at(place), answered[i + 1]!));
    }
    if (effect.failure !== undefined) successors.set(this.#placeOfFailure, this.#failureNumber(effect.failure));
  }

  #ownEvents(node: ModelNode, state: number): readonly number[] {
    return (node.own[state] ??= [...ownEvents(node.states.view(state), (name, args) => this.#effectOutcomes(name, args))].map((event) => this.#eventNumber(event, keyOf(event, this.clients))));
  }

  #effectOutcomes(name: string, args: readonly unknown[]): readonly Outcome<unknown>[] {
    const outcomes = this.definition.effects[name]?.(...(args as never[]));
    if (outcomes !== undefined && outcomes.length === 0) throw new MaceKenError("MK_WORLD_INVALID", `the world's effect ${name} has no outcome`);
    return outcomes ?? [{ ok: true, value: undefined }];
  }

  #messageEvent(from: number, message: number): number {
    const payload = this.messages.payloadOf(message);
    return (this.#messageEvents[from]![message] ??= this.#eventNumber({ kind: "message", from: this.nodes[from]!.name, payload }, `m ${from} ${message}`));
  }

  #eventNumber(event: NodeEvent, key: string): number {
    let number = this.#eventNumbers.get(key);
    if (number === undefined) {
      number = this.#events.push(event) - 1;
      this.#eventNumbers.set(key, number);
    }
    return number;
  }

  #failureNumber(failure: string): number {
    const known = this.#failures.indexOf(failure);
    return known >= 0 ? known : this.#failures.push(failure) - 1;
  }

  /** What a handler threw on the way to this state, which then ends there; undefined mostly. */
  failureIn(state: Int32Array): string | undefined {
    const failure = state[this.#placeOfFailure]!;
    return failure === 0 ? undefined : this.#failures[failure];
  }

  /** Nothing can happen any more. */
  isQuiet(state: Int32Array): boolean {
    const { nodes } = this;
    for (const node of nodes) if (this.#ownEvents(node, state[node.number]!).length > 0) return false;
    for (let place = nodes.length; place < nodes.length * (nodes.length + 1); place++) if (state[place] !== 0) return false;
    return this.#callEvents.every((calls, client) => {
      const at = state[this.placeOfClient(client)]!;
      return this.clients.isWaiting(at) || calls[this.clients.madeBy(at)] === undefined;
    });
  }

  // ---- for people

  /** Walks the actions of a state in the order of `expand`. */
  *actions(state: Int32Array): Iterable<{ readonly node: string; readonly words: string; readonly effect: TurnEffect }> {
    const { nodes, messages, clients } = this;
    const of = (node: ModelNode, event: number): { node: string; words: string; effect: TurnEffect }[] => {
      const current = state[node.number]!;
      const words = eventInWords(this.#eventOf(event), node.states.view(current));
      return node.turns.get(current, event, this.#eventOf).map((effect) => ({ node: node.name, words, effect }));
    };
    for (const node of nodes) {
      for (const event of this.#ownEvents(node, state[node.number]!)) yield* of(node, event);
      for (let from = 0; from < nodes.length; from++) {
        const queue = state[this.placeOfQueue(from, node.number)]!;
        if (queue !== 0) yield* of(node, this.#messageEvent(from, messages.head(queue)));
      }
    }
    for (let client = 0; client < this.#callEvents.length; client++) {
      const at = state[this.placeOfClient(client)]!;
      const call = this.#callEvents[client]![clients.madeBy(at)];
      if (call !== undefined && !clients.isWaiting(at)) yield* of(nodes[call.node]!, call.event);
    }
  }

  describe(state: Int32Array, index: number): string {
    const { node, words } = [...this.actions(state)][index]!;
    return `${node}: ${words}`;
  }
}

/** Own events that are alike have one number. */
function keyOf(event: NodeEvent, clients: ClientStates): string {
  if (event.kind === "timer") return `t ${event.place}`;
  if (event.kind === "effect") return `e ${event.place} ${clients.outcomeNumber(event.outcome)}`;
  return event.kind;
}
