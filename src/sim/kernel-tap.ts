/**
 * Listens at a kernel from outside: which turn consumed what, with which clock and chances, and what came of it. Puts itself in front of
 * the kernel's own methods, so that the kernel needs to know nothing of it. Changes nothing; also tells the guards when a turn runs.
 */
import { assert } from "../base/assert.ts";
import type { TimeOfStep } from "../kernel/kernel-clock.ts";
import type { KernelEffect } from "../kernel/kernel-effect.ts";
import type { KernelInput } from "../kernel/kernel-input.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { NextTurn } from "../kernel/turn-queue.ts";
import type { TurnClock, TurnResult } from "../turn/executor.ts";
import type { TurnInput } from "../turn/turn-input.ts";
import { copyOfOutcome } from "./message-copies.ts";
import { guardTurn, type GuardedTurn } from "./turn-guards.ts";
import type { Consumed, Turn } from "./turn-history.ts";

export interface TapListener {
  /** The kernel has run the first turn of its life. */
  lives(kernel: Kernel): void;
  /** Recovery is over up to this turn; the restart turn is next. */
  recovered(lastTurn: number): void;
  /** Before the turn, whose input is still where it waits. */
  begins(input: TurnInput, consumed: Consumed, clock: TurnClock): void;
  /** The executor has committed it; the kernel has not recorded it yet. */
  ran(turn: Omit<Turn, "order" | "node">): void;
  /** The handler threw, and its turn was undone. */
  failed(input: TurnInput, error: unknown): void;
  /** Between two turns: heap, channels and tables are of one state. */
  settled(): void;
}

export interface TapPorts {
  readonly kernel: Kernel;
  wallMs(): number;
  /** Of the world. */
  random(): number;
  readonly listener: TapListener;
}

export class KernelTap {
  readonly #kernel: Kernel;
  readonly #listener: TapListener;
  readonly #wallMs: () => number;
  readonly #guarded: GuardedTurn;
  readonly #random: () => number;
  #randoms: number[] = [];
  #turnWallMs = 0;
  #next: NextTurn | undefined;
  /** A turn has run and the kernel may not have recorded it yet. */
  #unsettled = false;
  #isRunning = false;
  /** Of requests under way, by the driver's number. */
  readonly #acknowledged = new Map<number, number>();

  constructor({ kernel, wallMs, random, listener }: TapPorts) {
    this.#kernel = kernel;
    this.#listener = listener;
    this.#wallMs = wallMs;
    this.#random = random;
    const tap = this;
    this.#guarded = {
      get wallMs() {
        return tap.#turnWallMs;
      },
      random: () => tap.random(),
    };
    this.#tapStep();
    this.#tapQueue();
    this.#tapExecutor();
  }

  /** What the kernel's options are to ask. */
  random(): number {
    const drawn = this.#random();
    if (this.#isRunning) this.#randoms.push(drawn);
    return drawn;
  }

  #tapStep(): void {
    const kernel = this.#kernel;
    const step = kernel.step.bind(kernel);
    kernel.step = (input: KernelInput, time: TimeOfStep): KernelEffect[] => {
      if (input.kind === "request" && input.session !== undefined) this.#acknowledged.set(input.request, input.session.acknowledged);
      const effects = step(input, time);
      this.#settle();
      return effects;
    };
  }

  #tapQueue(): void {
    const { queue } = this.#kernel;
    const next = queue.next.bind(queue);
    queue.next = () => {
      this.#settle();
      // Guards of deferred messages are evaluated here, and they are the program's.
      this.#turnWallMs = this.#wallMs();
      guardTurn(this.#guarded);
      try {
        return (this.#next = next());
      } finally {
        guardTurn(undefined);
      }
    };
  }

  #settle(): void {
    if (!this.#unsettled) return;
    this.#unsettled = false;
    this.#listener.settled();
  }

  #tapExecutor(): void {
    const { executor } = this.#kernel;
    const { run, park, birth, restart } = {
      run: executor.run.bind(executor), park: executor.park.bind(executor), birth: executor.birth.bind(executor), restart: executor.restart.bind(executor),
    };
    executor.run = (input, writer, clock, options) => {
      const consumed = this.#consumed(input);
      this.#listener.begins(input, consumed, clock);
      const result = this.#guard(() => run(input, writer, clock, options));
      if (result.kind === "failed") this.#listener.failed(input, result.error);
      else this.#ran(consumed, clock, result, undefined);
      return result;
    };
    executor.park = (input, outcome, writer, clock, options) => {
      // A refusal is consumed by the executor itself, within its turn.
      if (this.#isRunning) return park(input, outcome, writer, clock, options);
      const consumed = this.#consumed(input);
      const result = this.#guard(() => park(input, outcome, writer, clock, options));
      this.#ran(consumed, clock, result, { outcome, options });
      return result;
    };
    executor.birth = (root, writer, clock) => this.#life({ kind: "birth", incarnation: root.incarnation }, clock, () => birth(root, writer, clock));
    executor.restart = (writer, clock, work) => {
      this.#listener.recovered(clock.turnNumber - 1);
      return this.#life({ kind: "restart" }, clock, () => restart(writer, clock, work));
    };
  }

  #life(consumed: Consumed, clock: TurnClock, run: () => TurnResult): TurnResult {
    const result = this.#guard(run);
    this.#listener.lives(this.#kernel);
    this.#ran(consumed, clock, result, undefined);
    return result;
  }

  #guard(run: () => TurnResult): TurnResult {
    this.#turnWallMs = this.#wallMs();
    if (this.#randoms.length > 0) this.#randoms = [];
    this.#isRunning = true;
    guardTurn(this.#guarded);
    try {
      return run();
    } finally {
      this.#isRunning = false;
      guardTurn(undefined);
    }
  }

  #ran(consumed: Consumed, clock: TurnClock, result: TurnResult, parked: Turn["parked"]): void {
    assert(result.kind === "committed", "every input of a world leaves a record");
    this.#unsettled = true;
    this.#listener.ran({ clock, wallMs: this.#turnWallMs, randoms: this.#randoms, consumed, outputs: result.outputs, parked });
  }

  #consumed(input: TurnInput): Consumed {
    const channel = this.#next?.input === input ? this.#next.channel : undefined;
    if (channel !== undefined) return { kind: "message", from: channel.peer, payload: channel.inbox.peek()! };
    switch (input.kind) {
      case "request": {
        const { origin } = input.request;
        assert(origin.kind === "external" && origin.key !== null, "requests of a world come from its clients, in sessions");
        const [, client, number] = origin.key.split(" ");
        const acknowledged = this.#acknowledged.get(origin.request)!;
        this.#acknowledged.delete(origin.request);
        return { kind: "call", client: client!, number: Number(number), acknowledged, request: origin.request };
      }
      case "local":
      case "deferred":
      case "timer":
        return { kind: input.kind, id: input.id };
      case "effect":
        return { kind: "effect", key: input.key, outcome: copyOfOutcome(input.outcome) };
      case "system":
        return { kind: "system", what: input.what };
      default:
        throw new Error(`no world has turns of ${input.kind}`);
    }
  }
}
