/**
 * Clients of a world as integers: how many calls each has made, whether the last is answered, and the answers so far. Calls of one
 * client come one after the other; between clients any order is possible.
 */
import type { Outcome } from "../base/rejection.ts";
import { outcomePayload, readPayload } from "../turn/payload.ts";
import { bytesKey } from "./bytes-key.ts";
import { PairTable } from "./pair-table.ts";

interface ClientState {
  readonly made: number;
  readonly answers: readonly number[];
}

export class ClientStates {
  readonly #states: ClientState[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #outcomes: Outcome<unknown>[] = [];
  readonly #outcomeNumbers = new Map<string, number>();
  readonly #called = new PairTable();
  readonly #answered = new PairTable();
  /** Has made no call. */
  readonly first = this.#numberOf({ made: 0, answers: [] });

  madeBy(state: number): number {
    return this.#states[state]!.made;
  }

  isWaiting(state: number): boolean {
    const { made, answers } = this.#states[state]!;
    return answers.length < made;
  }

  call(state: number): number {
    let next = this.#called.get(state, 0);
    if (next >= 0) return next;
    const { made, answers } = this.#states[state]!;
    next = this.#numberOf({ made: made + 1, answers });
    this.#called.set(state, 0, next);
    return next;
  }

  answer(state: number, outcome: number): number {
    let next = this.#answered.get(state, outcome);
    if (next >= 0) return next;
    const { made, answers } = this.#states[state]!;
    next = this.#numberOf({ made, answers: [...answers, outcome] });
    this.#answered.set(state, outcome, next);
    return next;
  }

  answersOf(state: number): readonly Outcome<unknown>[] {
    return this.#states[state]!.answers.map((outcome) => this.#outcomes[outcome]!);
  }

  outcomeNumber(outcome: Outcome<unknown>): number {
    const bytes = outcomePayload(0, outcome, "an answer");
    const key = bytesKey(bytes);
    let number = this.#outcomeNumbers.get(key);
    if (number === undefined) {
      const payload = readPayload(bytes);
      number = this.#outcomes.push(payload.kind === "outcome" ? payload.outcome : outcome) - 1;
      this.#outcomeNumbers.set(key, number);
    }
    return number;
  }

  outcome(number: number): Outcome<unknown> {
    return this.#outcomes[number]!;
  }

  #numberOf(state: ClientState): number {
    const key = `${state.made} ${state.answers.join(" ")}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#states.push(state) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}
