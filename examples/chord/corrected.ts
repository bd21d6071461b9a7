/**
 * Chord as it is correct (Zave, "Reasoning about Identifier Spaces: How to Make Chord Correct", IEEE Transactions on Software Engineering 2017).
 * What is different: a network begins with one member more than a list has entries; who joins takes over a whole list; nobody becomes a
 * successor before it was found alive and has told its own successors; a predecessor is given up only for another one.
 */
import type { Outcome } from "maceken";
import { Chord, isBetween, listLength, nodeOf, type Neighbours } from "./chord.ts";

export class CorrectedChord extends Chord {
  /** Told to be this node's predecessor, while the present one is asked whether it is alive. */
  #candidate: number | null = null;

  protected joinBehind(predecessor: number, { successors }: Neighbours) {
    this.predecessor = predecessor;
    this.successors = [...successors];
  }

  /** From the successor, or from the first in the list that is alive. */
  protected stabilize() {
    this.turn.when(nodeOf(this.successor).look(), this.#onSuccessor, this.successor);
  }

  #onSuccessor(outcome: Outcome<Neighbours>, asked: number) {
    if (!this.isMember) return;
    if (!outcome.ok) {
      this.successors.shift();
      return this.stabilize();
    }
    this.#adopt(asked, outcome.value);
    const nearer = outcome.value.predecessor;
    if (nearer !== null && isBetween(this.id, nearer, asked)) this.turn.when(nodeOf(nearer).look(), this.#onNearer, nearer);
    else this.#tellSuccessor();
  }

  /** From the successor's predecessor, which may be a better successor. */
  #onNearer(outcome: Outcome<Neighbours>, asked: number) {
    if (!this.isMember) return;
    if (outcome.ok) this.#adopt(asked, outcome.value);
    this.#tellSuccessor();
  }

  #adopt(successor: number, { successors }: Neighbours) {
    this.successors = [successor, ...successors].slice(0, listLength);
  }

  #tellSuccessor() {
    nodeOf(this.successor).notify(this.id);
    this.isBusy = false;
  }

  notify(id: number) {
    if (this.predecessor === id) return;
    if (this.predecessor === null || isBetween(this.predecessor, id, this.id)) this.predecessor = id;
    else if (this.#candidate === null) {
      this.#candidate = id;
      this.turn.when(nodeOf(this.predecessor).look(), this.#onPredecessor, this.predecessor);
    }
  }

  #onPredecessor(outcome: Outcome<Neighbours>, asked: number) {
    if (!outcome.ok && this.predecessor === asked) this.predecessor = this.#candidate;
    this.#candidate = null;
  }
}
