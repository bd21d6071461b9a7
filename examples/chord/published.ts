/**
 * Chord as it was published (Stoica, Morris, Liben-Nowell, Karger, Kaashoek, Dabek and Balakrishnan, "Chord: A Scalable Peer-to-Peer Lookup
 * Protocol for Internet Applications", IEEE/ACM Transactions on Networking 2003, figure 6 and section IV-E.3), line by line. It is not correct.
 */
import type { Outcome } from "maceken";
import { Chord, isBetween, listLength, nodeOf, type Neighbours } from "./chord.ts";

export class PublishedChord extends Chord {
  /** "predecessor = nil; successor = n'.find_successor(n)" */
  protected joinBehind(_predecessor: number, { successors }: Neighbours) {
    this.predecessor = null;
    this.successors = [successors[0]!];
  }

  protected stabilize() {
    if (this.successors.length === 0) this.isBusy = false;
    else this.turn.when(nodeOf(this.successor).look(), this.#onSuccessor, this.successor);
  }

  #onSuccessor(outcome: Outcome<Neighbours>, asked: number) {
    if (!this.isMember) return;
    if (outcome.ok) {
      // "n reconciles its list with its successor s by copying s's successor list, removing its last entry, and prepending s to it"
      this.successors = [asked, ...outcome.value.successors].slice(0, listLength);
      // "x = successor.predecessor; if (x in (n, successor)) successor = x; successor.notify(n)"
      const x = outcome.value.predecessor;
      if (x !== null && isBetween(this.id, x, asked)) this.successors[0] = x;
      nodeOf(this.successor).notify(this.id);
    } else {
      // "If node n notices that its successor has failed, it replaces it with the first live entry in its successor list"
      this.successors.shift();
    }
    this.#checkPredecessor();
  }

  /** "if (predecessor has failed) predecessor = nil" */
  #checkPredecessor() {
    if (this.predecessor === null) this.isBusy = false;
    else this.turn.when(nodeOf(this.predecessor).look(), this.#onPredecessor, this.predecessor);
  }

  #onPredecessor(outcome: Outcome<Neighbours>, asked: number) {
    if (!outcome.ok && this.predecessor === asked) this.predecessor = null;
    this.isBusy = false;
  }

  /** "n' thinks it might be our predecessor: if (predecessor is nil or n' in (predecessor, n)) predecessor = n'" */
  notify(id: number) {
    if (this.predecessor === null || isBetween(this.predecessor, id, this.id)) this.predecessor = id;
  }
}
