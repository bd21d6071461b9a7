/**
 * What Ken promises, held against every turn of a world while it goes on: K1 and K7 at each recovery, K2, K3, K4 at each message that is
 * consumed, K5 at each acknowledgement, K9 at each timer, K10 at each effect. Keeps the history that the reference run needs.
 */
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { TurnClock } from "../turn/executor.ts";
import { handlerOf } from "../turn/input-facts.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import type { TapListener } from "./kernel-tap.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";
import type { Timeline } from "./timeline.ts";
import type { Consumed, Turn, TurnHistory } from "./turn-history.ts";
import { inputInWords, outputsInWords } from "./turn-in-words.ts";

export interface InvariantPorts {
  readonly timeline: Timeline;
  readonly history: TurnHistory;
  machine(node: string): SimulatedMachine | undefined;
  violated(property: string, what: string): void;
  /** A state that properties are to see. */
  settled(): void;
  /** Not after an old backup was put back: then numbers begin anew. */
  channelsHold(): boolean;
}

export class InvariantWatch implements TapListener {
  readonly #ports: InvariantPorts;
  readonly #machine: SimulatedMachine;
  /** By sender: how many of its messages are consumed by durable turns. */
  readonly #durablyConsumed = new Map<string, number>();
  /** What runs, for the trace. */
  #words = "";

  constructor(machine: SimulatedMachine, ports: InvariantPorts) {
    this.#machine = machine;
    this.#ports = ports;
  }

  recovered(lastTurn: number): void {
    const { name, durable } = this.#machine;
    const { history, violated, timeline } = this.#ports;
    timeline.note(name, `recovers up to turn ${lastTurn}`);
    if (lastTurn < durable) violated("K1 what was durable is recovered", `${name} recovers up to turn ${lastTurn}, and turn ${durable} was durable`);
    history.cut(name, lastTurn);
  }

  lives(kernel: Kernel): void {
    this.#machine.kernel = kernel;
  }

  begins(input: TurnInput, consumed: Consumed, clock: TurnClock): void {
    const { name } = this.#machine;
    if (this.#ports.timeline.trace !== undefined) this.#words = inputInWords(input, consumed, this.#machine.kernel!.state);
    const { history, machine, violated, channelsHold } = this.#ports;
    if (consumed.kind === "timer") {
      const dueAt = this.#machine.kernel?.state.timers.get(consumed.id)?.dueAt;
      if (dueAt !== undefined && dueAt > clock.now) violated("K9 a timer is never early", `${name}: timer ${consumed.id} fires ${dueAt - clock.now} ms before it is due`);
    }
    if (consumed.kind !== "message" || !channelsHold()) return;
    const channel = history.channel(consumed.from, name)!;
    const number = channel.consumed.length + 1;
    const sent = channel.sent[number - 1];
    const sender = machine(consumed.from);
    if (sent === undefined) violated("K3 a message is consumed once", `${name} is about to consume message ${number} of ${consumed.from}, which no surviving turn has sent: ${handlerOf(input, this.#machine.kernel!.state)}`);
    else if (sender !== undefined && sender.durable < sent.turn) violated("K2 nothing leaves before it is durable", `${name} is about to consume message ${number} of ${consumed.from}, sent by turn ${sent.turn}, and only ${sender.durable} is durable there`);
    else if (sent.payload.length !== consumed.payload.length || sent.payload.some((byte, at) => byte !== consumed.payload[at])) violated("K4 a channel is consumed in order", `${name} is about to consume another message ${number} of ${consumed.from} than was sent`);
  }

  ran(ran: Omit<Turn, "order" | "node">): void {
    const { history, timeline } = this.#ports;
    const { name } = this.#machine;
    const { clock, wallMs, randoms, consumed, outputs, parked } = ran;
    history.add({ order: history.nextOrder(), node: name, clock, wallMs, randoms, consumed, outputs, parked });
    if (timeline.trace !== undefined) {
      const words = consumed.kind === "birth" || consumed.kind === "restart" ? consumed.kind : this.#words;
      timeline.note(name, `turn ${clock.turnNumber}  ${words}${parked === undefined ? "" : " (parked)"}${outputsInWords(outputs)}`);
    }
    timeline.hash.int(clock.turnNumber);
    for (const { payload } of outputs.messages) timeline.hash.bytes(payload);
  }

  failed(input: TurnInput, error: unknown): void {
    const handler = handlerOf(input, this.#machine.kernel!.state);
    if (error instanceof MaceKenError && error.code === "MK_NONDETERMINISTIC") return this.#ports.violated(error.code, `${this.#machine.name}: ${handler}: ${error.message}`);
    this.#ports.violated("no handler throws", `${this.#machine.name}: ${handler} threw ${stackOf(error) ?? messageOf(error)}`);
  }

  settled(): void {
    if (this.#ports.channelsHold()) this.#checkAcknowledgements();
    this.#ports.settled();
  }

  /** What peers were told to forget. */
  #checkAcknowledgements(): void {
    const { history, machine, violated } = this.#ports;
    const { name, kernel } = this.#machine;
    for (const { peer, acknowledged } of kernel?.channels.all() ?? []) {
      const receiver = machine(peer);
      if (acknowledged === 0 || receiver === undefined) continue;
      let known = this.#durablyConsumed.get(peer) ?? 0;
      if (acknowledged <= known) continue;
      const { consumed } = history.channel(name, peer)!;
      while (known < consumed.length && consumed[known]! <= receiver.durable) known++;
      this.#durablyConsumed.set(peer, known);
      if (acknowledged > known) violated("K5 an acknowledgement is honest", `${name} was told that ${peer} has consumed message ${acknowledged}, and durable is only message ${known}`);
    }
  }
}
