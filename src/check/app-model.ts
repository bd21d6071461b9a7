/**
 * A declared world as a model to be searched: a state is the number of each node's state, of each queue between two nodes, and of each
 * client's; an action is a turn. Under Ken that is all: a crash is nothing that an app could notice (docs/decisions/0015).
 * Not here: properties (app-view.ts), the order of the search.
 */
import { MaceKenError } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { invalidWorld, type WorldDefinition } from "../sim/world-definition.ts";
import { ClientStates } from "./clients.ts";
import { LoadedNode } from "./loaded-node.ts";
import { Messages } from "./messages.ts";
import { eventInWords, ownEvents, type NodeEvent } from "./node-events.ts";
import { unfair, type Choose, type Model, type Successors } from "./model.ts";
import type { Name, Naming } from "./naming.ts";
import { NodeStates } from "./node-states.ts";
import { stateOf, underWay, type StoredNode } from "./stored-node.ts";
import { Symmetry } from "./symmetry.ts";
import { Chance, TurnTable, type TurnEffect } from "./turn-table.ts";

/** What `this.turn.random()` answers, one after the other. */
const chances = [0.25, 0.75];

/** Of what an event of the node's own is one. */
const ownSources: Readonly<Record<string, number>> = { local: 0, deferred: 1, timer: 2, effect: 3 };
const ownSourceCount = Object.keys(ownSources).length;

/** Integers of one thing that may happen next. */
const openWidth = 4;

function unreachable(): Outcome<unknown> {
  return { ok: false, error: new MaceKenError("MK_CLIENT_UNREACHABLE", "the node crashed before it answered") };
}

export interface ModelOptions {
  /** How often nodes may crash, all together, losing everything. Default 0: under Ken nobody notices. */
  readonly crashesWithoutKen?: number;
  /** Nodes that begin as they were stored; the others are born. */
  readonly from?: ReadonlyMap<string, StoredNode>;
  /** Numbers are agreed on with the models of other cores. */
  readonly naming?: Naming | undefined;
}

/** One of the turns that a state has next. */
export interface Action {
  readonly node: string;
  readonly words: string;
  readonly effect: TurnEffect;
  /** Of a message's turn. */
  readonly from?: string;
  /** Of a client's. */
  readonly client?: string;
  /** What was under way from the node and to it is gone. */
  readonly isCrash?: true;
}

interface ModelNode {
  readonly name: string;
  readonly number: number;
  readonly states: NodeStates;
  readonly turns: TurnTable;
  /** The node's own events, by its state. */
  readonly own: (readonly number[])[];
  /** Nodes that have ever sent it anything, in order: the other queues into it are empty. All, where others send too. */
  readonly senders: number[];
}

export class AppModel implements Model {
  readonly width: number;
  readonly nodes: readonly ModelNode[];
  readonly messages: Messages;
  readonly clients: ClientStates;
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
  readonly #nameFailure: Name | undefined;
  readonly #initial: Int32Array;
  readonly symmetry: Symmetry | undefined;
  readonly #eventOf = (number: number): NodeEvent => this.#events[number]!;

  /** Without Ken, how often nodes may crash, all together; 0 under Ken, where nobody notices. */
  readonly #crashes: number;
  readonly #lostEvents: readonly number[];
  /** The nodes that begin as they were stored. */
  readonly stored: readonly string[];
  /** What may happen next to the state that is being expanded. */
  readonly #open: number[] = [];

  constructor(definition: WorldDefinition, { crashesWithoutKen = 0, from = new Map(), naming }: ModelOptions = {}) {
    this.definition = definition;
    this.messages = new Messages(naming);
    this.clients = new ClientStates(naming);
    this.#nameFailure = naming?.((reader) => void this.#failures.push(reader.string()));
    this.#crashes = crashesWithoutKen;
    const names = [...definition.nodes.keys()];
    names.forEach((name, number) => this.#nodeNumbers.set(name, number));
    const chance = new Chance(chances);
    const shared = { messages: this.messages, clients: this.clients, nodeNumber: (name: string) => this.#nodeNumber(name), chance };
    this.nodes = names.map((name, number) => {
      const states = new NodeStates({ name, nodes: names, app: definition.nodes.get(name)!.app, random: () => chance.random() }, naming);
      return { name, number, states, turns: new TurnTable(states, shared), own: [], senders: naming === undefined ? [] : names.map((_, from) => from) };
    });
    this.#messageEvents = names.map(() => []);
    this.clientNames = [...definition.clients.keys()];
    this.#callEvents = this.clientNames.map((client, at) =>
      definition.clients.get(client)!.map((call, index) => ({ event: this.#eventNumber({ kind: "call", client, request: at + 1, call }, `c ${at} ${index}`), node: this.#nodeNumber(call.node) })),
    );
    this.#lostEvents = names.map((peer) => this.#eventNumber({ kind: "lost", peer }, `l ${peer}`));
    // Nodes, queues, clients, crashes so far, and whether a handler has failed.
    this.width = names.length + names.length * names.length + this.clientNames.length + 2;
    this.stored = [...from.keys()];
    this.#initial = this.#beginning(chance, from);
    // Which source an action is of depends on the names: properties of ways are held against every state.
    const isExchanged = definition.symmetric.length > 0 && definition.properties.every(({ kind }) => kind === "always");
    this.symmetry = isExchanged ? new Symmetry(this) : undefined;
  }

  /** -1 for a node that the world does not have: what is sent to it waits for ever. */
  #nodeNumber(name: string): number {
    return this.#nodeNumbers.get(name) ?? -1;
  }

  placeOfQueue(from: number, to: number): number {
    return this.nodes.length * (from + 1) + to;
  }

  placeOfClient(client: number): number {
    return this.nodes.length * (this.nodes.length + 1) + client;
  }

  get #placeOfCrashes(): number {
    return this.width - 2;
  }

  get #placeOfFailure(): number {
    return this.width - 1;
  }

  // ---- the model

  initial(): readonly Int32Array[] {
    return [this.#initial];
  }

  /** Every node is born, or as it was stored. */
  #beginning(chance: Chance, from: ReadonlyMap<string, StoredNode>): Int32Array {
    const state = new Int32Array(this.width);
    for (const name of from.keys()) if (!this.#nodeNumbers.has(name)) throw invalidWorld(`it has no node ${name}, whose data it is to begin from`);
    for (const node of this.nodes) {
      const stored = from.get(node.name);
      if (stored !== undefined) {
        state[node.number] = node.states.add(stateOf(node.states.ports, stored), 0, []);
        for (const other of this.nodes) {
          const peer = from.get(other.name);
          if (peer === undefined || other === node) continue;
          for (const payload of underWay(stored.kernel, peer.kernel)) this.#enqueue(state, node.number, other.number, this.messages.numberOf(payload.slice()));
        }
        continue;
      }
      chance.begin();
      const { node: born, outputs } = LoadedNode.born(node.states.ports);
      state[node.number] = node.states.add(born, 0, []);
      const { sent } = node.turns.outputs(outputs);
      for (let i = 0; i < sent.length; i += 2) if (sent[i]! >= 0) this.#enqueue(state, node.number, sent[i]!, sent[i + 1]!);
    }
    for (let client = 0; client < this.clientNames.length; client++) state[this.placeOfClient(client)] = this.clients.first;
    return state;
  }

  /** Into a state that is being made. */
  #enqueue(state: Int32Array, from: number, to: number, message: number): void {
    this.#noteSender(from, to);
    const place = this.placeOfQueue(from, to);
    state[place] = this.messages.append(state[place]!, message);
  }

  expand(state: Int32Array, successors: Successors): void {
    const open = this.#open;
    const count = this.#whatMayHappen(state, open);
    for (let at = 0; at < count; at += openWidth) {
      const effects = this.#effectsOf(state, open, at);
      if (successors.wants(open[at + 2]!, effects.length)) for (const effect of effects) this.#apply(state, open, at, effect, successors);
    }
    if (this.#mayCrash(state)) for (const node of this.nodes) this.#crash(node, state, successors);
  }

  expandOne(state: Int32Array, successors: Successors, choose: Choose): void {
    const open = this.#open;
    const count = this.#whatMayHappen(state, open);
    const crashes = this.#mayCrash(state) ? this.nodes.length : 0;
    if (count + crashes === 0) return;
    const chosen = choose(count / openWidth + crashes) * openWidth;
    if (chosen >= count) return this.#crash(this.nodes[(chosen - count) / openWidth]!, state, successors);
    const effects = this.#effectsOf(state, open, chosen);
    this.#apply(state, open, chosen, effects.length === 1 ? effects[0]! : effects[choose(effects.length)]!, successors);
  }

  /**
   * Fills `open` with what may happen next but crashes, always in one order: node, event, source, and the place of the queue whose head it
   * consumes or of the client that calls, -1 for a node's own. Answers how much of `open` that is.
   */
  #whatMayHappen(state: Int32Array, open: number[]): number {
    const { nodes, messages, clients } = this;
    let count = 0;
    const add = (node: number, event: number, source: number, place: number): void => {
      open[count++] = node;
      open[count++] = event;
      open[count++] = source;
      open[count++] = place;
    };
    for (const node of nodes) {
      const { number } = node;
      for (const event of this.#ownEvents(node, state[number]!)) add(number, event, this.#sourceOf(number, ownSources[this.#events[event]!.kind]!), -1);
      for (const from of node.senders) {
        const place = this.placeOfQueue(from, number);
        if (state[place] !== 0) add(number, this.#messageEvent(from, messages.head(state[place]!)), this.#sourceOf(number, ownSourceCount + from), place);
      }
    }
    for (let client = 0; client < this.#callEvents.length; client++) {
      const place = this.placeOfClient(client);
      const at = state[place]!;
      const call = this.#callEvents[client]![clients.madeBy(at)];
      if (call !== undefined && !clients.isWaiting(at)) add(call.node, call.event, this.#sourceOf(nodes.length, client), place);
    }
    return count;
  }

  #effectsOf(state: Int32Array, open: readonly number[], at: number): readonly TurnEffect[] {
    const node = open[at]!;
    return this.nodes[node]!.turns.get(state[node]!, open[at + 1]!, this.#eventOf);
  }

  #mayCrash(state: Int32Array): boolean {
    return state[this.#placeOfCrashes]! < this.#crashes;
  }

  /**
   * Without Ken a node that crashes is born again: what it knew is gone, with what was under way from it and to it. Its peers notice a new
   * life, and whoever waited for it learns that.
   */
  #crash(node: ModelNode, state: Int32Array, successors: Successors): void {
    const { nodes, clients } = this;
    successors.add(unfair);
    successors.set(this.#placeOfCrashes, state[this.#placeOfCrashes]! + 1);
    successors.set(node.number, this.#initial[node.number]!);
    for (const other of nodes) {
      successors.set(this.placeOfQueue(other.number, node.number), 0);
      successors.set(this.placeOfQueue(node.number, other.number), this.#initial[this.placeOfQueue(node.number, other.number)]!);
      if (other === node) continue;
      const [told] = other.turns.get(state[other.number]!, this.#lostEvents[node.number]!, this.#eventOf);
      successors.set(other.number, told!.to);
    }
    for (let client = 0; client < this.#callEvents.length; client++) {
      const at = state[this.placeOfClient(client)]!;
      if (!clients.isWaiting(at) || this.#callEvents[client]![clients.madeBy(at) - 1]!.node !== node.number) continue;
      successors.set(this.placeOfClient(client), clients.answer(at, clients.outcomeNumber(unreachable())));
    }
  }

  /** What stands at `at` of `open` happens, with this effect. */
  #apply(state: Int32Array, open: readonly number[], at: number, effect: TurnEffect, successors: Successors): void {
    const { messages, clients } = this;
    const [node, place] = [open[at]!, open[at + 3]!];
    successors.add(open[at + 2]!);
    successors.set(node, effect.to);
    const { sent, answered } = effect;
    for (let i = 0; i < sent.length; i += 2) {
      if (sent[i]! < 0) continue;
      this.#noteSender(node, sent[i]!);
      const queue = this.placeOfQueue(node, sent[i]!);
      successors.set(queue, messages.append(successors.at(queue), sent[i + 1]!));
    }
    if (place >= this.placeOfClient(0)) successors.set(place, clients.call(successors.at(place)));
    // A node's messages to itself are in its state: its own queue is never written meanwhile.
    else if (place >= 0) successors.set(place, messages.rest(state[place]!));
    for (let i = 0; i < answered.length; i += 2) {
      const client = this.placeOfClient(answered[i]! - 1);
      successors.set(client, clients.answer(successors.at(client), answered[i + 1]!));
    }
    if (effect.failure !== undefined) successors.set(this.#placeOfFailure, this.#failureNumber(effect.failure));
  }

  #noteSender(from: number, to: number): void {
    const { senders } = this.nodes[to]!;
    if (senders.includes(from)) return;
    senders.push(from);
    senders.sort((a, b) => a - b);
  }

  /** Of a node: its own tables, then the channels into it; behind those of all nodes, the clients. */
  #sourceOf(node: number, index: number): number {
    return node * (ownSourceCount + this.nodes.length) + index;
  }

  /** A turn takes from its node's queues and tables alone, and only adds to others'. A client may turn to any node. */
  processOf(source: number): number {
    const node = Math.floor(source / (ownSourceCount + this.nodes.length));
    return node < this.nodes.length ? node : -1;
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
    const find = (): number | undefined => {
      const at = this.#failures.indexOf(failure);
      return at < 0 ? undefined : at;
    };
    return find() ?? (this.#nameFailure === undefined ? this.#failures.push(failure) - 1 : this.#nameFailure(find, (writer) => writer.string(failure)));
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
  *actions(state: Int32Array): Iterable<Action> {
    const open: number[] = [];
    const count = this.#whatMayHappen(state, open);
    for (let at = 0; at < count; at += openWidth) {
      const { name, number, states } = this.nodes[open[at]!]!;
      const event = this.#eventOf(open[at + 1]!);
      const words = eventInWords(event, states.view(state[number]!));
      const source = event.kind === "message" ? { from: event.from } : event.kind === "call" ? { client: event.client } : {};
      for (const effect of this.#effectsOf(state, open, at)) yield { node: name, words, effect, ...source };
    }
    if (!this.#mayCrash(state)) return;
    for (const { name, number } of this.nodes) yield { node: name, words: "crashes, and is born again", isCrash: true, effect: { to: this.#initial[number]!, sent: [], answered: [], failure: undefined } };
  }
}

/** Own events that are alike have one number. */
function keyOf(event: NodeEvent, clients: ClientStates): string {
  if (event.kind === "timer") return `t ${event.place}`;
  if (event.kind === "effect") return `e ${event.place} ${clients.outcomeNumber(event.outcome)}`;
  return event.kind;
}
