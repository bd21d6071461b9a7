/**
 * What nodes of all overlays have in common: services above them, messages that are passed on from node to node, questions to other nodes,
 * and who is gone for good. Where a message goes next, and how places are kept, is the overlay's (chord.ts, pastry.ts).
 *
 * Under Ken a node that crashes and restarts is slow, and nothing else; what has to be found out is that a node never comes back. It is gone
 * when it says so itself (`depart`), when it was declared gone, when Ken has given it up (MK_PEER_LOST, after `maceken peers forget`), or
 * when a question has not been answered for `goneAfterMs`. The last may be wrong: who was only away takes its place again by itself.
 */
import { ref, Rejection, Service, type Messages, type Outcome, type Reply, type Timer } from "maceken";
import type { Key } from "./key.ts";
import type { Found, Overlay, OverlayApi, OverlayUser, Place, Stage } from "./overlay.ts";
import { placeOf } from "./overlay.ts";

/** A question to another node that is not answered yet. */
interface Question {
  readonly kind: string;
  readonly place: Place;
  silence: Timer | null;
  isOver: boolean;
}

/** Where a message goes next. */
export interface Hop<Api> {
  readonly place: Place<Api>;
  readonly stage: Stage;
}

/** Far above what any ring of nodes with good tables needs. */
const maxHops = 200;
/** A node that could not join tries again after so long. */
const rejoinMs = 5_000;

export type Phase = "outside" | "joining" | "member" | "departed";

const whenMember = { from: "peers", guard: ({ phase }: { phase: Phase }) => phase === "member" || phase === "departed", otherwise: "defer" } as const;

export abstract class OverlayNode<Api extends OverlayApi> extends Service implements Overlay, OverlayApi {
  static readonly messages: Messages<OverlayNode<OverlayApi>, OverlayApi> = { join: true, depart: true, carry: whenMember, inquire: whenMember };
  readonly own: Place<Api>;
  phase: Phase = "outside";
  readonly #users = new Map<string, OverlayUser>();
  readonly #goneAfterMs: number;

  constructor(goneAfterMs: number) {
    super();
    const [node, service] = ref(this).address.split("/") as [string, string];
    this.own = placeOf<Api>(node, service);
    this.#goneAfterMs = goneAfterMs;
  }

  get isMember(): boolean {
    return this.phase === "member";
  }

  protected placeOf(node: string): Place<Api> {
    return placeOf<Api>(node, this.own.ref.address.split("/")[1]!);
  }

  // ---- what an overlay decides

  /** Undefined: here. A node that has departed passes everything on. */
  protected abstract nextHop(key: Key, stage: Stage): Hop<Api> | undefined;
  /** Begins to join; calls `joined` or, when it comes to nothing, `failedToJoin`. */
  protected abstract enter(known: Place<Api>): void;
  /** Begins what members do again and again. */
  protected abstract begin(): void;
  /** The answer to a question; undefined when there is none, because that node is no member any more or not yet. */
  protected abstract answered(kind: string, place: Place<Api>, answer: unknown): void;
  /** It is not to be used any more. */
  protected abstract forget(key: Key): void;
  abstract isResponsible(key: Key): boolean;
  abstract replicas(key: Key, count: number): readonly Place<Api>[];

  // ---- joining and departing

  join(known: string) {
    if (this.phase !== "outside") throw new Rejection(`${this.own.ref.address} is not outside, it is ${this.phase}`, { code: "NOT_OUTSIDE" });
    this.#tryToJoin(known);
  }

  #known = "";

  #tryToJoin(known: string) {
    this.phase = "joining";
    this.#known = known;
    this.enter(this.placeOf(known));
  }

  protected failedToJoin() {
    this.turn.schedule(this.#tryToJoin, rejoinMs, this.#known);
  }

  /** It has a place now. */
  protected joined() {
    this.phase = "member";
    this.begin();
    this.changed();
  }

  depart() {
    this.phase = "departed";
    this.changed();
  }

  declareGone(key: Key) {
    this.forget(key);
  }

  /** Throws what tells those who ask that this node has no place. */
  protected demandMember() {
    if (this.phase !== "member") throw new Rejection(`${this.own.ref.address} is ${this.phase}`, { code: this.phase === "departed" ? "DEPARTED" : "NOT_A_MEMBER" });
  }

  // ---- questions to other nodes

  /** `answered` is called with the answer, in a turn of its own. */
  protected question(kind: string, place: Place<Api>, reply: Reply<unknown>) {
    const question: Question = { kind, place, silence: null, isOver: false };
    if (Number.isFinite(this.#goneAfterMs)) question.silence = this.turn.schedule(this.#onSilence, this.#goneAfterMs, question);
    this.turn.when(reply, this.#onAnswer, question);
  }

  #onAnswer(outcome: Outcome<unknown>, question: Question) {
    if (question.isOver || this.phase === "departed") return;
    question.isOver = true;
    question.silence?.cancel();
    if (!outcome.ok) this.forget(question.place.key);
    this.answered(question.kind, question.place as Place<Api>, outcome.ok ? outcome.value : undefined);
  }

  #onSilence(question: Question) {
    if (question.isOver || this.phase === "departed") return;
    question.isOver = true;
    this.turn.log.warn("taken for gone, because it was silent for too long", { node: question.place.ref.address });
    this.forget(question.place.key);
    this.answered(question.kind, question.place as Place<Api>, undefined);
  }

  // ---- services above

  register(name: string, user: OverlayUser) {
    if (this.#users.has(name)) throw new Rejection(`two services above the overlay are called ${name}`, { code: "NAME_TAKEN" });
    this.#users.set(name, user);
  }

  protected changed() {
    for (const user of this.#users.values()) user.neighboursChanged?.();
  }

  route(user: string, key: Key, message: unknown) {
    ref<OverlayNode<OverlayApi>>(this).carry(user, key, message, this.own, 0, "ahead");
  }

  ask(user: string, key: Key, message: unknown): Reply<unknown> {
    return ref<OverlayNode<OverlayApi>>(this).inquire(user, key, message, this.own, 0, "ahead");
  }

  lookup(key: Key): Reply<Found> {
    return this.ask("", key, null) as Reply<Found>;
  }

  carry(user: string, key: Key, message: unknown, from: Place, hops: number, stage: Stage) {
    const next = this.#next(key, hops, stage);
    if (next === undefined) this.#deliver(user, key, message, from, hops);
    else if (this.#passes(user, key, message, next.place, hops)) next.place.ref.carry(user, key, message, from, hops + 1, next.stage);
  }

  /** The answer goes back the way that the question has come. */
  inquire(user: string, key: Key, message: unknown, from: Place, hops: number, stage: Stage): unknown {
    const next = this.#next(key, hops, stage);
    if (next === undefined) return this.#deliver(user, key, message, from, hops);
    if (!this.#passes(user, key, message, next.place, hops)) return undefined;
    return next.place.ref.inquire(user, key, message, from, hops + 1, next.stage);
  }

  #next(key: Key, hops: number, stage: Stage): Hop<OverlayApi> | undefined {
    if (hops > maxHops) throw new Rejection(`more than ${maxHops} hops to ${key}`, { code: "TOO_MANY_HOPS" });
    return this.nextHop(key, stage) as Hop<OverlayApi> | undefined;
  }

  #passes(user: string, key: Key, message: unknown, next: Place, hops: number): boolean {
    return hops === 0 || this.#users.get(user)?.forward?.(key, message, next) !== false;
  }

  #deliver(user: string, key: Key, message: unknown, from: Place, hops: number): unknown {
    if (user === "") return { owner: this.own, hops } satisfies Found;
    const above = this.#users.get(user);
    if (above === undefined) throw new Rejection(`${this.own.ref.address} has no service ${JSON.stringify(user)} above it`, { code: "NO_SUCH_USER" });
    return above.deliver(key, message, { from, hops });
  }
}
