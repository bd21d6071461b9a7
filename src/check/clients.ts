/**
 * Clients of a world as integers: how many calls each has made, whether the last is answered, and the answers so far. Calls of one
 * client come one after the other; between clients any order is possible.
 */
import { assert } from "../base/assert.ts";
import type { Outcome } from "../base/rejection.ts";
import { outcomePayload, readPayload } from "../turn/payload.ts";
import { bytesKey } from "./bytes-key.ts";
import type { Name, Naming } from "./naming.ts";
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
  readonly first = this.#enterState({ made: 0, answers: [] });
  readonly #nameOutcome: Name | undefined;
  readonly #nameState: Name | undefined;

  /** `naming`: numbers are agreed on with others. */
  constructor(naming?: Naming) {
    this.#nameOutcome = naming?.((reader) => void this.#enterOutcome(reader.raw(reader.remaining)));
    this.#nameState = naming?.((reader) => {
      const made = reader.uint();
      this.#enterState({ made, answers: Array.from({ length: reader.uint() }, () => reader.uint()) });
    });
  }

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
    const known = this.#outcomeNumbers.get(key);
    if (known !== undefined) return known;
    return this.#nameOutcome === undefined ? this.#enterOutcome(bytes, key) : this.#nameOutcome(() => this.#outcomeNumbers.get(key), (writer) => writer.raw(bytes));
  }

  #enterOutcome(bytes: Uint8Array, key = bytesKey(bytes)): number {
    const payload = readPayload(bytes);
    assert(payload.kind === "outcome", "an answer is an outcome");
    const number = this.#outcomes.push(payload.outcome) - 1;
    this.#outcomeNumbers.set(key, number);
    return number;
  }

  outcome(number: number): Outcome<unknown> {
    return this.#outcomes[number]!;
  }

  #numberOf(state: ClientState): number {
    const key = keyOf(state);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#nameState === undefined) return this.#enterState(state);
    return this.#nameState(() => this.#numbers.get(key), (writer) => {
      writer.uint(state.made);
      writer.uint(state.answers.length);
      for (const answer of state.answers) writer.uint(answer);
    });
  }

  #enterState(state: ClientState): number {
    const number = this.#states.push(state) - 1;
    this.#numbers.set(keyOf(state), number);
    return number;
  }
}

function keyOf({ made, answers }: ClientState): string {
  return `${made} ${answers.join(" ")}`;
}
