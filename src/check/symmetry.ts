/**
 * Worlds whose nodes are alike but for their names: states that differ by an exchange of names count as one (Ip and Dill 1996). The
 * fingerprint of a state is the least of those of all its exchanged forms; states themselves are kept and explored as they are.
 */
import { invalidWorld } from "../sim/world-definition.ts";
import { readPayload } from "../turn/payload.ts";
import type { AppModel } from "./app-model.ts";
import { canonicalForm, type Rename } from "./canonical-form.ts";
import { hashHigh, hashLow } from "./model.ts";
import { PairTable } from "./pair-table.ts";

/** Of five nodes; more would cost more than they save. */
const mostPermutations = 120;

interface Permutation {
  /** By node, the node whose name it is given. */
  readonly to: readonly number[];
  readonly rename: Rename;
}

export class Symmetry {
  readonly #model: AppModel;
  readonly #permutations: readonly Permutation[];
  readonly #classes = new Map<string, number>();
  /** By permutation and what is renamed. */
  readonly #nodeStates: readonly PairTable[];
  readonly #messages = new PairTable();
  readonly #queues = new PairTable();
  readonly #clients = new PairTable();
  low = 0;
  high = 0;

  /** Errors: MK_WORLD_INVALID when the nodes are not alike. */
  constructor(model: AppModel) {
    this.#model = model;
    const { symmetric, clients } = model.definition;
    for (const [client, calls] of clients) {
      const called = calls.find(({ node }) => symmetric.flat().includes(node));
      if (called !== undefined) throw invalidWorld(`client ${client} calls ${called.node}, so it is not like the others that \`symmetric\` names`);
    }
    const groups = symmetric.map((group) => group.map((name) => model.nodes.findIndex((node) => node.name === name)));
    const identity = model.nodes.map(({ number }) => number);
    let all: number[][] = [identity];
    for (const group of groups) {
      const orders = permutationsOf(group);
      all = all.flatMap((to) => orders.map((order) => to.map((target, node) => (group.includes(node) ? order[group.indexOf(node)]! : target))));
    }
    if (all.length > mostPermutations) throw invalidWorld(`\`symmetric\` allows ${all.length} exchanges, more than ${mostPermutations}`);
    this.#permutations = all.map((to) => ({ to, rename: renaming(model.nodes.map(({ name }) => name), to) }));
    this.#nodeStates = model.nodes.map(() => new PairTable());
    this.#demandAlike(model.initial()[0]!);
  }

  #demandAlike(initial: Int32Array): void {
    const form = (permutation: number): string => [...this.#placed(initial, 0, permutation)].sort(([a], [b]) => a - b).join(" ");
    for (let permutation = 1; permutation < this.#permutations.length; permutation++) {
      if (form(permutation) !== form(0)) throw invalidWorld("nodes that `symmetric` names are not alike when they are born");
    }
  }

  /** Of the state at `from` of `rows`: sets `low` and `high`. */
  fingerprint(rows: Int32Array, from: number): void {
    let [least, leastHigh] = [0, 0];
    for (let permutation = 0; permutation < this.#permutations.length; permutation++) {
      let low = 0;
      let high = 0;
      for (const [place, value] of this.#placed(rows, from, permutation)) {
        low ^= hashLow(place, value);
        high ^= hashHigh(place, value);
      }
      if (permutation > 0 && (high >>> 0 > leastHigh >>> 0 || (high === leastHigh && low >>> 0 >= least >>> 0))) continue;
      least = low;
      leastHigh = high;
    }
    this.low = least;
    this.high = leastHigh;
  }

  /** The places and values of the state after the exchange. */
  *#placed(rows: Int32Array, from: number, permutation: number): Iterable<readonly [place: number, value: number]> {
    const model = this.#model;
    const { to } = this.#permutations[permutation]!;
    const { length } = model.nodes;
    for (const { number } of model.nodes) yield [to[number]!, this.#nodeState(number, rows[from + number]!, permutation)];
    for (let sender = 0; sender < length; sender++) {
      for (let receiver = 0; receiver < length; receiver++) {
        const queue = rows[from + model.placeOfQueue(sender, receiver)]!;
        if (queue !== 0) yield [model.placeOfQueue(to[sender]!, to[receiver]!), this.#queue(queue, permutation)];
      }
    }
    for (let client = 0; client < model.clientNames.length; client++) yield [model.placeOfClient(client), this.#client(rows[from + model.placeOfClient(client)]!, permutation)];
    for (let place = model.placeOfClient(model.clientNames.length); place < model.width; place++) yield [place, rows[from + place]!];
  }

  #nodeState(node: number, state: number, permutation: number): number {
    const table = this.#nodeStates[node]!;
    return remembered(table, permutation, state, () => this.#class(`n ${canonicalForm(this.#model.nodes[node]!.states.view(state).state, this.#permutations[permutation]!.rename).text}`));
  }

  #queue(queue: number, permutation: number): number {
    return remembered(this.#queues, permutation, queue, () => this.#class(`q ${Array.from(this.#model.messages.inQueue(queue), (message) => this.#message(message, permutation)).join(" ")}`));
  }

  #message(message: number, permutation: number): number {
    return remembered(this.#messages, permutation, message, () => this.#class(`m ${canonicalForm(readPayload(this.#model.messages.payloadOf(message)), this.#permutations[permutation]!.rename).text}`));
  }

  #client(state: number, permutation: number): number {
    const { clients } = this.#model;
    return remembered(this.#clients, permutation, state, () => this.#class(`c ${clients.madeBy(state)} ${canonicalForm([...clients.answersOf(state)], this.#permutations[permutation]!.rename).text}`));
  }

  #class(text: string): number {
    let number = this.#classes.get(text);
    if (number === undefined) this.#classes.set(text, (number = this.#classes.size + 1));
    return number;
  }
}

function remembered(table: PairTable, first: number, second: number, make: () => number): number {
  let value = table.get(first, second);
  if (value < 0) table.set(first, second, (value = make()));
  return value;
}

/** Texts that are a node's name, or an address at it; numbers of calls, which say whom they call (loaded-node.ts). */
function renaming(names: readonly string[], to: readonly number[]): Rename {
  const renamed = new Map(names.map((name, node) => [name, names[to[node]!]!]));
  return {
    text(text) {
      const slash = text.indexOf("/");
      const name = renamed.get(slash < 0 ? text : text.slice(0, slash));
      if (name === undefined) return text;
      return slash < 0 ? name : name + text.slice(slash);
    },
    call(call) {
      const node = (call - 1) % names.length;
      return call - node + to[node]!;
    },
  };
}

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutationsOf(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]));
}
