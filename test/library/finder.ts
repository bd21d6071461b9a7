/** A service above an overlay that asks it who is responsible for a key, for clients of a world, and keeps what upcalls tell it. */
import { Service, type Messages, type Outcome, type Reply, type Deferred } from "maceken";
import type { Delivery, Found, Key, Overlay, OverlayUser, Place } from "maceken/services";

export interface Answer {
  readonly owner: string;
  readonly hops: number;
}

export class Finder extends Service implements OverlayUser {
  static readonly messages: Messages<Finder, Pick<Finder, "find" | "say">> = { find: true, say: true };
  readonly overlay: Overlay;
  readonly delivered: string[] = [];
  passed = 0;

  constructor(overlay: Overlay) {
    super();
    this.overlay = overlay;
    overlay.register("finder", this);
  }

  find(key: Key): Deferred<Answer> {
    const answer = this.turn.deferReply<Answer>();
    this.turn.when(this.overlay.lookup(key) as Reply<Found>, this.#onFound, answer);
    return answer;
  }

  #onFound(outcome: Outcome<Found>, answer: Deferred<Answer>) {
    if (outcome.ok) answer.resolve({ owner: outcome.value.owner.ref.address.split("/")[0]!, hops: outcome.value.hops });
    else answer.reject(outcome.error);
  }

  say(key: Key, message: string) {
    this.overlay.route("finder", key, message);
  }

  deliver(_key: Key, message: unknown, { from }: Delivery) {
    this.delivered.push(`${String(message)} from ${from.ref.address}`);
  }

  forward(_key: Key, message: unknown, _next: Place): boolean {
    this.passed++;
    return message !== "stop";
  }
}
