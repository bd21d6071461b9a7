/**
 * What both versions of Chord have in common: identifiers on a ring, looking up one's place, and departing for good. A node's neighbours
 * are named by identifiers, small integers here; node `n3` has identifier 3.
 * A departed node refuses every question. Whoever asks takes this for what a time-out would tell, and is never wrong: both papers assume so.
 */
import { ref, Rejection, Service, type Messages, type Outcome, type Ref } from "maceken";

/** How many successors a node knows. */
export const listLength = 2;

const stabilizeMs = 1000;

/** What a node tells of itself. */
export interface Neighbours {
  readonly predecessor: number | null;
  readonly successors: readonly number[];
}

/** Whether `x` comes after `from` and before `to`, round the ring; all of it but `from` when the two are the same. */
export function isBetween(from: number, x: number, to: number): boolean {
  return from < to ? from < x && x < to : x > from || x < to;
}

export function nodeOf(id: number): Ref<Chord> {
  return ref<Chord>(`n${id}/chord`);
}

export abstract class Chord extends Service {
  static readonly messages: Messages<Chord> = {
    join: { guard: ({ phase }) => phase === "outside", otherwise: "reject" },
    depart: { guard: (node) => node.isMember, otherwise: "reject" },
    look: { from: "peers", guard: (node) => node.isMember, otherwise: "reject" },
    notify: { from: "peers", guard: (node) => node.isMember, otherwise: "reject" },
  };

  readonly id: number;
  phase: "outside" | "joining" | "member" | "departing" | "gone" = "outside";
  predecessor: number | null = null;
  /** The nearest first. */
  successors: number[] = [];
  /** One round after the other. */
  protected isBusy = false;

  /** `ring`: the members that there are from the beginning, in the order of the ring. The others join. */
  constructor(id: number, ring: readonly number[]) {
    super();
    this.id = id;
    const at = ring.indexOf(id);
    if (at < 0) return;
    this.phase = "member";
    this.predecessor = ring.at(at - 1)!;
    this.successors = Array.from({ length: listLength }, (_, next) => ring[(at + 1 + next) % ring.length]!);
  }

  get isMember(): boolean {
    return this.phase === "member";
  }

  born() {
    if (this.isMember) this.turn.every(this.#onTime, stabilizeMs);
  }

  #onTime() {
    if (!this.isMember || this.isBusy) return;
    this.isBusy = true;
    this.stabilize();
  }

  look(): Neighbours {
    return { predecessor: this.predecessor, successors: this.successors };
  }

  /** For good, without a word to anybody. */
  depart() {
    this.phase = "departing";
    this.turn.send(this.#gone);
  }

  /** A turn of its own, so that a world can tell what a departure does from what comes after it. */
  #gone() {
    this.phase = "gone";
  }

  // ---- joining

  /** Walks from the node it knows to the one whose successor it is going to precede. */
  join(known: number) {
    this.phase = "joining";
    this.turn.when(nodeOf(known).look(), this.#onLooked, known);
  }

  #onLooked(outcome: Outcome<Neighbours>, asked: number) {
    const successor = outcome.ok ? outcome.value.successors[0] : undefined;
    if (successor === undefined || !outcome.ok) {
      this.phase = "outside"; // somebody has departed: to be tried again later
      return;
    }
    if (successor !== this.id && !isBetween(asked, this.id, successor)) {
      this.turn.when(nodeOf(successor).look(), this.#onLooked, successor);
      return;
    }
    this.phase = "member";
    this.joinBehind(asked, outcome.value);
    this.turn.every(this.#onTime, stabilizeMs);
  }

  /** With what the future predecessor has told. */
  protected abstract joinBehind(predecessor: number, told: Neighbours): void;

  // ---- keeping the ring

  /** Ends, in this turn or a later one, with `isBusy` false. */
  protected abstract stabilize(): void;

  /** That node believes that it is this one's predecessor. */
  abstract notify(id: number): void;

  /** Errors: a Rejection when none is left. */
  protected get successor(): number {
    const [first] = this.successors;
    if (first === undefined) throw new Rejection("no successor is left", { code: "CUT_OFF" });
    return first;
  }
}
