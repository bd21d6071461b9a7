/**
 * Turns, each executed once: what comes of an event in a state of a node is a function of the two, and of the choices that the handler
 * asks chance for, all of which are tried. The rest of a search looks it up.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import { callOfInput } from "../turn/input-facts.ts";
import type { ClientStates } from "./clients.ts";
import type { LoadedNode } from "./loaded-node.ts";
import type { Messages } from "./messages.ts";
import { eventInWords, inputOf, isRetried, type NodeEvent } from "./node-events.ts";
import type { NodeStates } from "./node-states.ts";
import { PairTable } from "./pair-table.ts";
import { stateDifference } from "./state-difference.ts";

/** What one turn leads to. */
export interface TurnEffect {
  /** The node's next state. */
  readonly to: number;
  /** Pairs (node, message), in the order in which they were sent. */
  readonly sent: readonly number[];
  /** Pairs (request, outcome). */
  readonly answered: readonly number[];
  /** Of a handler that threw, and not a Rejection. */
  readonly failure: string | undefined;
}

export class TurnTable {
  readonly #states: NodeStates;
  readonly #messages: Messages;
  readonly #clients: ClientStates;
  readonly #nodeNumber: (name: string) => number;
  readonly #chance: Chance;
  readonly #table = new PairTable();
  readonly #effects: (readonly TurnEffect[])[] = [];
  executed = 0;
  lookedUp = 0;

  constructor(states: NodeStates, shared: { readonly messages: Messages; readonly clients: ClientStates; readonly nodeNumber: (name: string) => number; readonly chance: Chance }) {
    this.#states = states;
    this.#messages = shared.messages;
    this.#clients = shared.clients;
    this.#nodeNumber = shared.nodeNumber;
    this.#chance = shared.chance;
  }

  get(state: number, eventNumber: number, eventOf: (number: number) => NodeEvent): readonly TurnEffect[] {
    this.lookedUp++;
    let at = this.#table.get(state, eventNumber);
    if (at < 0) {
      at = this.#effects.push([...this.#runAll(state, eventOf(eventNumber))]) - 1;
      this.#table.set(state, eventNumber, at);
    }
    return this.#effects[at]!;
  }

  *#runAll(state: number, event: NodeEvent): Iterable<TurnEffect> {
    const chance = this.#chance;
    chance.begin();
    do {
      const effect = this.#run(state, event);
      // Once more, on the same state with the same chances: whatever differs is decided by something that no search can control.
      chance.again();
      const again = this.#run(state, event);
      if (!isSame(effect, again)) throw new MaceKenError("MK_NONDETERMINISTIC", `${this.#states.ports.name}: ${eventInWords(event, this.#states.view(state))} did two different things on the same state: ${this.#difference(effect, again)}`);
      yield effect;
    } while (chance.next());
  }

  #run(state: number, event: NodeEvent): TurnEffect {
    this.executed++;
    const node = this.#states.load(state);
    const input = inputOf(event, node);
    const settled = callOfInput(input, node.state);
    const { outputs, error, wrote } = node.run(input, isRetried(event));
    if (error instanceof MaceKenError && error.code === "MK_NONDETERMINISTIC") throw new MaceKenError(error.code, `${this.#states.ports.name}: ${eventInWords(event, this.#states.view(state))}: ${error.message}`);
    assert(outputs.effectKeys.length === 0 || wrote, "an effect is in the state");
    const to = wrote ? this.#states.add(node, this.#states.floorOf(state), node.waitingElsewhere.filter((call) => call !== settled)) : state;
    return { to, ...this.outputs(outputs), failure: error === undefined ? undefined : failureText(error) };
  }

  #difference(one: TurnEffect, other: TurnEffect): string {
    if (one.to !== other.to) return stateDifference(this.#states.view(one.to).state, this.#states.view(other.to).state).join("; ") || "the order of its properties";
    if (one.failure !== other.failure) return `${one.failure ?? "it did not throw"}, then ${other.failure ?? "it did not throw"}`;
    return one.answered.join() === other.answered.join() ? "what it sent" : "what it answered";
  }

  /** Messages and answers as numbers. */
  outputs(outputs: ReturnType<LoadedNode["run"]>["outputs"]): Pick<TurnEffect, "sent" | "answered"> {
    const sent: number[] = [];
    for (const { node, payload } of outputs.messages) sent.push(this.#nodeNumber(node), this.#messages.numberOf(payload));
    const answered: number[] = [];
    for (const { request, outcome } of outputs.answers) answered.push(request, this.#clients.outcomeNumber(outcome));
    return { sent, answered };
  }
}

/** The error and the program's own frames: those below them are MaceKen's. */
function failureText(error: unknown): string {
  const stack = stackOf(error);
  if (stack === undefined) return messageOf(error);
  const lines = stack.split("\n");
  const ours = lines.findIndex((line) => /^\s*at (?:callHandler|callHook) /.test(line));
  return (ours < 0 ? lines : lines.slice(0, ours)).join("\n");
}

function isSame(one: TurnEffect, other: TurnEffect): boolean {
  return one.to === other.to && one.failure === other.failure && one.sent.join() === other.sent.join() && one.answered.join() === other.answered.join();
}

/** What `this.turn.random()` answers: every value of a few, for each time it is asked, one after the other over several runs of a turn. */
export class Chance {
  readonly #values: readonly number[];
  #choices: number[] = [];
  #asked = 0;

  constructor(values: readonly number[]) {
    this.#values = values;
  }

  begin(): void {
    this.#choices = [];
    this.#asked = 0;
  }

  /** The same combination from the beginning. */
  again(): void {
    this.#asked = 0;
  }

  random(): number {
    const at = this.#asked++;
    if (at === this.#choices.length) this.#choices.push(0);
    return this.#values[this.#choices[at]!]!;
  }

  /** Goes on to the next combination; false when all were tried. */
  next(): boolean {
    this.#choices.length = this.#asked;
    this.#asked = 0;
    while (this.#choices.length > 0) {
      const last = this.#choices.pop()! + 1;
      if (last < this.#values.length) {
        this.#choices.push(last);
        return true;
      }
    }
    return false;
  }
}
