/**
 * Two-phase commit as specified in TLA+ (Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 2006, section 2 and appendix):
 * messages are a set that only grows. Packed into one integer and a half: its number of reachable states is published, 288 with 3
 * resource managers, 8,832 with 5, 296,448 with 7.
 */
import type { Model, Successors } from "#maceken/check/model.js";

export const working = 0;
export const prepared = 1;
export const committed = 2;
export const aborted = 3;
const manager = { init: 0, committed: 1, aborted: 2 } as const;

/** A state: two bits for each resource manager | the transaction manager, which it knows to be prepared, and the messages. */
export class TwoPhaseCommitSpecification implements Model {
  readonly width = 2;
  readonly #count: number;

  constructor(resourceManagers: number) {
    this.#count = resourceManagers;
  }

  initial(): readonly Int32Array[] {
    return [new Int32Array(2)];
  }

  #parts(word: number) {
    const mask = (1 << this.#count) - 1;
    return { manager: word & 3, known: (word >> 2) & mask, sent: (word >> (2 + this.#count)) & mask, commit: (word >> (2 + 2 * this.#count)) & 1, abort: (word >> (3 + 2 * this.#count)) & 1 };
  }

  #word({ manager, known, sent, commit, abort }: ReturnType<TwoPhaseCommitSpecification["parts"]>): number {
    return manager | (known << 2) | (sent << (2 + this.#count)) | (commit << (2 + 2 * this.#count)) | (abort << (3 + 2 * this.#count));
  }

  parts(word: number) {
    return this.#parts(word);
  }

  expand(state: Int32Array, successors: Successors): void {
    for (const { managers, word } of this.#next(state)) {
      successors.add(0);
      successors.set(0, managers);
      successors.set(1, word);
    }
  }

  *#next(state: Int32Array): Iterable<{ readonly managers: number; readonly word: number }> {
    const [managers, word] = [state[0]!, state[1]!];
    const parts = this.#parts(word);
    const all = (1 << this.#count) - 1;
    if (parts.manager === manager.init) {
      if (parts.known === all) yield { managers, word: this.#word({ ...parts, manager: manager.committed, commit: 1 }) }; // TMCommit
      yield { managers, word: this.#word({ ...parts, manager: manager.aborted, abort: 1 }) }; // TMAbort
    }
    for (let each = 0; each < this.#count; each++) {
      const bit = 1 << each;
      const current = (managers >> (2 * each)) & 3;
      const become = (next: number): number => (managers & ~(3 << (2 * each))) | (next << (2 * each));
      if (parts.manager === manager.init && (parts.sent & bit) !== 0) yield { managers, word: this.#word({ ...parts, known: parts.known | bit }) }; // TMRcvPrepared(each)
      if (current === working) {
        yield { managers: become(prepared), word: this.#word({ ...parts, sent: parts.sent | bit }) }; // RMPrepare(each)
        yield { managers: become(aborted), word }; // RMChooseToAbort(each)
      }
      if (parts.commit === 1) yield { managers: become(committed), word }; // RMRcvCommitMsg(each)
      if (parts.abort === 1) yield { managers: become(aborted), word }; // RMRcvAbortMsg(each)
    }
  }

  /** The specification's property: no two managers have decided differently. */
  isConsistent(state: Int32Array): boolean {
    let decided = 0;
    for (let each = 0; each < this.#count; each++) decided |= 1 << ((state[0]! >> (2 * each)) & 3);
    return (decided & (1 << committed)) === 0 || (decided & (1 << aborted)) === 0;
  }
}
