/**
 * Every turn of a world that survives, in the order in which they ran, with all that a turn depends on: what can be run again (the
 * reference run), and what the invariants are held against while the world goes on (invariants.ts). A turn that a crash has undone is
 * taken out again.
 */
import type { Outcome } from "../base/rejection.ts";
import type { ParkOptions, TurnClock } from "../turn/executor.ts";
import type { TurnOutputs } from "../turn/turn-input.ts";

/** What a turn has consumed. */
export type Consumed =
  | { readonly kind: "birth"; readonly incarnation: string }
  | { readonly kind: "restart" }
  | { readonly kind: "message"; readonly from: string; readonly payload: Uint8Array }
  /** The `number`-th call of a client; `request` is the driver's number of it. */
  | { readonly kind: "call"; readonly client: string; readonly number: number; readonly acknowledged: number; readonly request: number }
  | { readonly kind: "local" | "deferred" | "timer"; readonly id: number }
  | { readonly kind: "effect"; readonly key: string; readonly outcome: Outcome<unknown> }
  | { readonly kind: "system"; readonly what: string };

export interface Turn {
  /** Of all turns of the world. */
  readonly order: number;
  readonly node: string;
  readonly clock: TurnClock;
  readonly wallMs: number;
  /** What chance has answered. */
  readonly randoms: readonly number[];
  readonly consumed: Consumed;
  readonly outputs: TurnOutputs;
  /** Set when the input was consumed without its handler, or instead of what that did. */
  readonly parked: { readonly outcome: Outcome<unknown>; readonly options: ParkOptions } | undefined;
}

/** The messages of one direction between two nodes, by number - 1. */
export interface ChannelHistory {
  readonly from: string;
  readonly to: string;
  readonly sent: { readonly turn: number; readonly payload: Uint8Array }[];
  /** The turns that consumed them. */
  readonly consumed: number[];
}

export class TurnHistory {
  readonly #turns = new Map<string, Turn[]>();
  readonly #channels = new Map<string, Map<string, ChannelHistory>>();
  #lastOrder = 0;
  /** All, also those that were undone. */
  executed = 0;
  undone = 0;

  constructor(nodes: readonly string[]) {
    for (const node of nodes) {
      this.#turns.set(node, []);
      this.#channels.set(node, new Map());
    }
  }

  /** Undefined when one of them is no node of this world. */
  channel(from: string, to: string): ChannelHistory | undefined {
    const channels = this.#channels.get(from);
    if (channels === undefined || from === to || !this.#turns.has(to)) return undefined;
    let channel = channels.get(to);
    if (channel === undefined) channels.set(to, (channel = { from, to, sent: [], consumed: [] }));
    return channel;
  }

  nextOrder(): number {
    return ++this.#lastOrder;
  }

  add(turn: Turn): void {
    const { node, consumed, clock: { turnNumber } } = turn;
    this.executed++;
    this.#turns.get(node)!.push(turn);
    for (const { node: to, payload } of turn.outputs.messages) this.channel(node, to)?.sent.push({ turn: turnNumber, payload });
    if (consumed.kind === "message") this.channel(consumed.from, node)!.consumed.push(turnNumber);
  }

  /** The node has recovered: its turns after this one have never been. */
  cut(node: string, lastTurn: number): void {
    const turns = this.#turns.get(node)!;
    while (turns.length > 0 && turns.at(-1)!.clock.turnNumber > lastTurn) {
      turns.pop();
      this.undone++;
    }
    for (const { sent } of this.#channels.get(node)!.values()) while (sent.length > 0 && sent.at(-1)!.turn > lastTurn) sent.pop();
    for (const others of this.#channels.values()) {
      const consumed = others.get(node)?.consumed;
      if (consumed !== undefined) while (consumed.length > 0 && consumed.at(-1)! > lastTurn) consumed.pop();
    }
  }

  ofNode(node: string): readonly Turn[] {
    return this.#turns.get(node)!;
  }

  inOrder(): Turn[] {
    return [...this.#turns.values()].flat().sort((a, b) => a.order - b.order);
  }
}
