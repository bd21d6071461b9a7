/**
 * Chord (Stoica et al., IEEE/ACM Transactions on Networking 2003), as it is correct (Zave, IEEE Transactions on Software Engineering 2017): a
 * network begins with more members than a list has entries; who joins takes over a whole list; nobody becomes a successor who has not
 * answered; a predecessor is given up only for another one. A node is responsible for the keys from its predecessor's, which is left
 * out, up to its own. Fingers only shorten ways: about (1/2) log2 N hops among N nodes.
 */
import { Rejection, type Messages, type Outcome } from "maceken";
import { isBetween, isUpTo, keyAfter, keyDigits, type Key } from "./key.ts";
import { indexAt, type Founders, type Found, type OverlayApi, type Place, type Stage } from "./overlay.ts";
import { OverlayNode, type Hop } from "./overlay-node.ts";

export interface ChordOptions {
  /** The members that there are from the beginning: at least `successors` + 1. Nodes that are not among them join. */
  readonly founders: Founders;
  /** How many a node knows: so many neighbours, less one, may depart at once. Default 4. */
  readonly successors?: number;
  /** How often the ring is looked after. Default 30 s. */
  readonly periodMs?: number;
  /** How often one finger is looked up. Infinity: no fingers, and ways that are as long as the ring. Default 60 s. */
  readonly fingerMs?: number;
  /** A question that is not answered for so long means that the node is gone for good. Infinity: only declared ones are. Default 10 minutes. */
  readonly goneAfterMs?: number;
}

/** What a node tells of itself. */
export interface Neighbours {
  readonly predecessor: Place<ChordApi> | null;
  readonly successors: readonly Place<ChordApi>[];
}

/** Messages between nodes, beside those of every overlay. */
export interface ChordApi extends OverlayApi {
  look(): Neighbours;
  notify(place: Place<ChordApi>): void;
}

const highestFinger = keyDigits * 4 - 1;

export class Chord extends OverlayNode<ChordApi> implements ChordApi {
  static override readonly messages: Messages<Chord, ChordApi> = {
    ...OverlayNode.messages,
    look: { from: "peers" },
    notify: { from: "peers", guard: ({ isMember }) => isMember, otherwise: "drop" },
  };
  predecessor: Place<ChordApi> | null = null;
  /** Nobody has taken its place so far. */
  #isPredecessorGone = false;
  /** The nearest first. */
  successors: readonly Place<ChordApi>[] = [];
  /** By exponent: who is responsible for the key that is 2^exponent after the own one. None below the first that is the successor. */
  readonly fingers = new Map<number, Place<ChordApi>>();
  readonly #options: { readonly successors: number; readonly periodMs: number; readonly fingerMs: number };
  /** One round after the other. */
  #isBusy = false;
  #nextFinger = highestFinger;
  /** Told to be this node's predecessor, while the present one is asked whether it is there. */
  #candidate: Place<ChordApi> | null = null;

  constructor({ founders, successors = 4, periodMs = 30_000, fingerMs = 60_000, goneAfterMs = 600_000 }: ChordOptions) {
    super(goneAfterMs);
    if (founders.length <= successors) throw new Rejection(`Chord with ${successors} successors begins with at least ${successors + 1} members`, { code: "TOO_FEW_FOUNDERS" });
    this.#options = { successors, periodMs, fingerMs };
    const at = indexAt(founders, this.own.key);
    if (founders[at]!.key === this.own.key) this.#found(founders, at);
  }

  #found(founders: Founders, at: number) {
    const place = (index: number): Place<ChordApi> => this.placeOf(founders[(index + founders.length) % founders.length]!.node);
    this.phase = "member";
    this.predecessor = place(at - 1);
    this.successors = Array.from({ length: this.#options.successors }, (_, next) => place(at + 1 + next));
    if (this.#options.fingerMs === Infinity) return;
    for (let exponent = highestFinger; exponent >= 0; exponent--) {
      const index = indexAt(founders, this.#fingerKey(exponent));
      if (index === (at + 1) % founders.length || index === at) break;
      this.fingers.set(exponent, place(index));
    }
  }

  born() {
    if (this.isMember) this.begin();
  }

  protected begin() {
    const { periodMs, fingerMs } = this.#options;
    this.turn.every(this.#onTime, periodMs);
    if (fingerMs !== Infinity) this.turn.every(this.#onFingerTime, fingerMs);
  }

  // ---- joining: a walk to the node whose successor this one is going to precede

  protected enter(known: Place<ChordApi>) {
    this.turn.when(known.ref.inquire("", this.own.key, null, this.own, 0, "ahead"), this.#onStart);
  }

  #onStart(outcome: Outcome<unknown>) {
    if (!outcome.ok) return this.failedToJoin();
    const { owner } = outcome.value as Found;
    this.question("behind", owner as Place<ChordApi>, (owner as Place<ChordApi>).ref.look());
  }

  #onBehind(place: Place<ChordApi>, told: Neighbours | undefined) {
    const behind = told?.predecessor ?? place;
    if (told === undefined) this.failedToJoin();
    else this.question("walk", behind, behind.ref.look());
  }

  #onWalk(place: Place<ChordApi>, told: Neighbours | undefined) {
    const successor = told?.successors[0];
    if (told === undefined || successor === undefined) return this.failedToJoin();
    if (successor.key !== this.own.key && !isBetween(place.key, this.own.key, successor.key)) return this.question("walk", successor, successor.ref.look());
    this.predecessor = place;
    this.successors = told.successors.filter(({ key }) => key !== this.own.key);
    this.joined();
    this.#onTime();
  }

  // ---- keeping the ring

  look(): Neighbours {
    this.demandMember();
    return { predecessor: this.predecessor, successors: this.successors };
  }

  get successor(): Place<ChordApi> {
    return this.successors[0] ?? this.own;
  }

  #onTime() {
    if (!this.isMember || this.#isBusy) return;
    this.#isBusy = true;
    this.#stabilize();
  }

  /** From the successor, or from the first in the list that answers. */
  #stabilize() {
    if (this.successors.length === 0) throw new Rejection(`${this.own.ref.address} has lost all its successors`, { code: "CUT_OFF" });
    this.question("successor", this.successor, this.successor.ref.look());
  }

  protected answered(kind: string, place: Place<ChordApi>, answer: unknown) {
    const told = answer as Neighbours | undefined;
    switch (kind) {
      case "successor":
        return this.#onSuccessor(place, told);
      case "nearer":
        if (told !== undefined) this.#adopt(place, told);
        return this.#tellSuccessor();
      case "predecessor":
        return this.#onPredecessor(place, told);
      case "behind":
        return this.#onBehind(place, told);
      case "walk":
        return this.#onWalk(place, told);
      default:
        return this.#onPresentFinger(place, told, Number(kind.slice("finger ".length)));
    }
  }

  #onSuccessor(place: Place<ChordApi>, told: Neighbours | undefined) {
    if (told === undefined) return this.#stabilize();
    this.#adopt(place, told);
    const nearer = told.predecessor;
    if (nearer !== null && isBetween(this.own.key, nearer.key, place.key)) this.question("nearer", nearer, nearer.ref.look());
    else this.#tellSuccessor();
  }

  #adopt(successor: Place<ChordApi>, { successors }: Neighbours) {
    const list = [successor, ...successors].slice(0, this.#options.successors);
    if (list.length === this.successors.length && list.every(({ key }, at) => key === this.successors[at]!.key)) return;
    this.successors = list;
    this.changed();
  }

  #tellSuccessor() {
    this.#isBusy = false;
    this.successor.ref.notify(this.own);
  }

  /** That node believes that it is this one's predecessor. */
  notify(place: Place<ChordApi>) {
    if (this.predecessor?.key === place.key) return;
    if (this.predecessor === null || isBetween(this.predecessor.key, place.key, this.own.key)) this.#precede(place);
    else if (this.#candidate === null) {
      this.#candidate = place;
      this.question("predecessor", this.predecessor, this.predecessor.ref.look());
    }
  }

  #onPredecessor(place: Place<ChordApi>, told: Neighbours | undefined) {
    const candidate = this.#candidate;
    this.#candidate = null;
    if (told === undefined && candidate !== null && this.predecessor?.key === place.key) this.#precede(candidate);
  }

  #precede(place: Place<ChordApi>) {
    this.predecessor = place;
    this.#isPredecessorGone = false;
    this.changed();
  }

  /** A predecessor is kept until there is another: without one, nobody knows where this node's keys begin. */
  protected forget(key: Key) {
    if (this.predecessor?.key === key) this.#isPredecessorGone = true;
    for (const [exponent, finger] of this.fingers) if (finger.key === key) this.fingers.delete(exponent);
    if (!this.successors.some((place) => place.key === key)) return;
    this.successors = this.successors.filter((place) => place.key !== key);
    this.changed();
  }

  // ---- fingers

  #onFingerTime() {
    if (!this.isMember) return;
    const exponent = this.#nextFinger;
    this.#nextFinger = exponent === 0 ? highestFinger : exponent - 1;
    const present = this.fingers.get(exponent);
    if (present === undefined) this.#lookUpFinger(exponent);
    else this.question(`finger ${exponent}`, present, present.ref.look());
  }

  /** Most fingers are right still, and one question tells. */
  #onPresentFinger(place: Place<ChordApi>, told: Neighbours | undefined, exponent: number) {
    const isRight = told !== undefined && told.predecessor !== null && isUpTo(told.predecessor.key, this.#fingerKey(exponent), place.key);
    if (!isRight) this.#lookUpFinger(exponent);
  }

  #lookUpFinger(exponent: number) {
    this.turn.when(this.lookup(this.#fingerKey(exponent)), this.#onFinger, exponent);
  }

  #fingerKey(exponent: number): Key {
    return keyAfter(this.own.key, 1n << BigInt(exponent));
  }

  #onFinger(outcome: Outcome<Found>, exponent: number) {
    if (!outcome.ok) return;
    const { owner } = outcome.value;
    if (owner.key !== this.own.key && owner.key !== this.successor.key) {
      if (this.fingers.get(exponent)?.key !== owner.key) this.fingers.set(exponent, owner as Place<ChordApi>);
      return;
    }
    // All shorter ones are the successor, too.
    this.#nextFinger = highestFinger;
    for (const shorter of this.fingers.keys()) if (shorter <= exponent) this.fingers.delete(shorter);
  }

  // ---- routing

  isResponsible(key: Key): boolean {
    return this.isMember && (this.predecessor === null || isUpTo(this.predecessor.key, key, this.own.key));
  }

  replicas(_key: Key, count: number): readonly Place<ChordApi>[] {
    return [this.own, ...this.successors].slice(0, count);
  }

  /** Forward as long as it is ahead; what was sent too far goes back to the predecessor, one after the other. */
  protected nextHop(key: Key, stage: Stage): Hop<ChordApi> | undefined {
    const { successor } = this;
    if (!this.isMember) return { place: successor, stage: "here" };
    if (this.isResponsible(key) || stage === "here" || successor === this.own) return undefined;
    if (stage === "last") return this.predecessor === null || this.#isPredecessorGone ? undefined : { place: this.predecessor, stage };
    if (isUpTo(this.own.key, key, successor.key)) return { place: successor, stage: "last" };
    let nearest = successor;
    for (const places of [this.successors, this.fingers.values()]) for (const place of places) if (isBetween(nearest.key, place.key, key)) nearest = place;
    return { place: nearest, stage };
  }
}
