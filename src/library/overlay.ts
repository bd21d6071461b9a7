/**
 * What an overlay offers to the services above it, whichever overlay it is: nodes have places on a ring of keys, each is responsible for the
 * keys about its own, and whatever is sent to a key comes to the node that is responsible for it. Interfaces only; Chord and Pastry
 * implement them (overlay-node.ts is what they have in common).
 */
import { ref, type Ref, type Reply } from "maceken";
import { keyOf, type Key } from "./key.ts";

/** A node of an overlay: where it is on the ring, and how to reach it. A value that messages may carry. */
export interface Place<T = unknown> {
  readonly key: Key;
  readonly ref: Ref<T>;
}

/** What is told of something that comes to its node. */
export interface Delivery {
  readonly from: Place;
  /** From node to node; 0 when it was sent where it belongs. */
  readonly hops: number;
}

/** A service above an overlay. All of these are upcalls: part of the turn in which the overlay makes them. */
export interface OverlayUser {
  /** The message has come to the node that is responsible for its key. Of `ask`, the answer is what this returns. */
  deliver(key: Key, message: unknown, delivery: Delivery): unknown;
  /** On the way, at a node that passes it on to `next`; not where it was sent. With false it ends here, and `ask` is answered undefined. */
  forward?(key: Key, message: unknown, next: Place): boolean;
  /** Other nodes may be responsible for other keys now, and `replicas` may answer otherwise. */
  neighboursChanged?(): void;
}

/** Who is responsible for a key. */
export interface Found {
  readonly owner: Place;
  readonly hops: number;
}

/** Downcalls of services on the same node. */
export interface Overlay {
  readonly own: Place;
  /** It has a place in the overlay, and has not left it. */
  readonly isMember: boolean;
  /** Once for each name; the service of that name on the node that is responsible is the one that gets a message. */
  register(name: string, user: OverlayUser): void;
  /**
   * Comes to the user of that name on the node that is responsible for the key: once, whatever crashes and restarts on the way. Not when a
   * node departs for good that holds the message. Waits while this node is not a member.
   */
  route(user: string, key: Key, message: unknown): void;
  /** As `route`, with an answer. It does not come when a node on the way has departed for good: ask again after a while. */
  ask(user: string, key: Key, message: unknown): Reply<unknown>;
  lookup(key: Key): Reply<Found>;
  isResponsible(key: Key): boolean;
  /** This node, and those that will be responsible for the key when it departs, in that order: `count` of them, or as many as there are. */
  replicas(key: Key, count: number): readonly Place[];
  /** A failure detector's verdict, or an operator's: the node does not come back. */
  declareGone(key: Key): void;
}

/** "ahead": to whoever is nearer. "last": to the node that the sender holds responsible. "here": to be delivered there, whatever that node thinks. */
export type Stage = "ahead" | "last" | "here";

/** What other nodes and clients may call. */
export interface OverlayApi {
  /** Takes a place next to the members, of which one is known by its node's name. Tries again until it has it. */
  join(known: string): void;
  /** Leaves for good: what comes is passed on, and who asks is told so. */
  depart(): void;
  carry(user: string, key: Key, message: unknown, from: Place, hops: number, stage: Stage): void;
  inquire(user: string, key: Key, message: unknown, from: Place, hops: number, stage: Stage): unknown;
}

/** Nodes that are members from their birth, in the order of the ring. */
export type Founders = readonly { readonly node: string; readonly key: Key }[];

/** Made once for a program, and given to all that are named. */
export function foundersOf(nodes: readonly string[]): Founders {
  return nodes.map((node) => ({ node, key: keyOf(node) })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Where the first founder is that is at `key` or after it; 0 when none is. */
export function indexAt(founders: Founders, key: Key): number {
  let [low, high] = [0, founders.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (founders[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low % founders.length;
}

export function placeOf<T>(node: string, service: string): Place<T> {
  return { key: keyOf(node), ref: ref<object>(`${node}/${service}`) as Ref<T> };
}
