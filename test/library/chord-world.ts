/** Worlds of the library's Chord for the model checker: founders of a ring, nodes that join, nodes that depart, each at any time; and what must hold. */
import { app } from "maceken";
import { always, call, eventuallyAlways, world, type Property, type WorldView } from "maceken/check";
import { Chord, foundersOf, keyOf } from "maceken/services";
import type { Chord as ExampleChord } from "../../examples/chord/chord.ts";
import { Ring } from "../../examples/chord/ring-properties.ts";

const options = { successors: 2, fingerMs: Infinity, goneAfterMs: Infinity };

/** Departs in two turns, so that a world can tell what a departure does from what comes after it. */
export class LeavingChord extends Chord {
  isDeparting = false;

  override depart() {
    this.isDeparting = true;
    this.turn.send(this.#gone);
  }

  #gone() {
    this.isDeparting = false;
    super.depart();
  }
}

/** `n0`, `n1` and so on, in the order of the ring. */
export function ringNames(count: number): string[] {
  return foundersOf(Array.from({ length: count }, (_, at) => `n${at}`)).map(({ node }) => node);
}

export interface ChordWorldOptions {
  readonly nodes: number;
  /** Places on the ring, from 0. */
  readonly founders: readonly number[];
  readonly joins?: readonly (readonly [joining: number, known: number])[];
  readonly departures?: readonly number[];
}

/** The library's services as the example's properties read them: with numbers for places. */
function ringOf(view: WorldView, names: readonly string[]): Ring {
  const rank = (key: string): number => names.findIndex((name) => keyOf(name) === key);
  const services = view.services<LeavingChord>("chord").map(({ own, isMember, isDeparting, predecessor, successors }) => ({
    id: rank(own.key), isMember: isMember && !isDeparting, predecessor: predecessor === null ? null : rank(predecessor.key), successors: successors.map(({ key }) => rank(key)),
  }));
  return new Ring({ services: () => services } as unknown as WorldView) as Ring & { members: readonly ExampleChord[] };
}

export function chordWorld({ nodes, founders, joins = [], departures = [] }: ChordWorldOptions) {
  const names = ringNames(nodes);
  const founding = foundersOf(founders.map((at) => names[at]!));
  const isDeparting = (view: WorldView): boolean => view.services<LeavingChord>("chord").some((node) => node.isDeparting);
  const questions = (view: WorldView): number => view.messages.filter(({ kind, method }) => kind === "outcome" || method === "look" || method === "inquire").length;
  const describe = (view: WorldView): string => ringOf(view, names).members.map(({ id, predecessor, successors }) => `${id}: ${predecessor ?? "none"} < ${id} > ${successors.join(", ")}`).join("; ");
  const property = (name: string, holds: (ring: Ring) => boolean): Property => always(name, (view) => isDeparting(view) || holds(ringOf(view, names)) || describe(view));
  return world({
    nodes: Object.fromEntries(names.map((name) => [name, app({ version: 1 }).service("chord", () => new LeavingChord({ founders: founding, ...options }))])),
    clients: Object.fromEntries([
      ...joins.map(([joining, known]) => [`join ${joining}`, [call<Chord>(`${names[joining]!}/chord`).join(names[known]!)]] as const),
      ...departures.map((at) => [`departure ${at}`, [call<Chord>(`${names[at]!}/chord`).depart()]] as const),
    ]),
    properties: [
      property("AtLeastOneRing", (ring) => ring.hasAtLeastOneRing()),
      property("AtMostOneRing", (ring) => ring.hasAtMostOneRing()),
      property("OrderedRing", (ring) => ring.isOrdered()),
      property("ConnectedAppendages", (ring) => ring.hasConnectedAppendages()),
      property("OneLiveSuccessor", (ring) => ring.hasOneLiveSuccessor()),
      property("SufficientPrincipals", (ring) => ring.principals.length > options.successors),
      property("NoDuplicates", (ring) => ring.hasNoDuplicates()),
      eventuallyAlways("the ring becomes ideal and stays so", (view) => ringOf(view, names).isIdeal()),
    ],
    // A question and its answer are one step in the proof, and no departure leaves a member without a successor.
    constraint: (view) => questions(view) <= 1 && (!isDeparting(view) || (questions(view) === 0 && ringOf(view, names).hasOneLiveSuccessor())),
  });
}
