/** Worlds of Chord: members of a ring, nodes that join it, nodes that depart for good, each at any time; and what must hold. */
import { app } from "maceken";
import { always, call, eventuallyAlways, world, type ClientCall, type Property, type WorldView } from "maceken/check";
import { listLength, type Chord } from "./chord.ts";
import { CorrectedChord } from "./corrected.ts";
import { PublishedChord } from "./published.ts";
import { Ring } from "./ring-properties.ts";

export interface ChordWorldOptions {
  readonly version: "published" | "corrected";
  /** How many nodes there are; their identifiers are 0 and up. */
  readonly nodes: number;
  /** The members that there are from the beginning, in the order of the ring. */
  readonly ring: readonly number[];
  /** Which node joins, and whom it asks. */
  readonly joins?: readonly (readonly [joining: number, known: number])[];
  readonly departures?: readonly number[];
  /** Nobody departs while a question or its answer is under way: in both papers the two are one step. Default: at any time. */
  readonly departsBetween?: boolean;
  /** Nothing is explored from states with more questions under way, or answers to them. With one, each step is atomic, as in Zave's model. */
  readonly questions: number;
  /** Default: `ringProperties`. */
  readonly properties?: readonly Property[];
}

/** While a node departs, it may be that it must not: see the constraint. */
const isDeparting = (world: WorldView): boolean => world.services<Chord>("chord").some(({ phase }) => phase === "departing");

function ringProperty(name: string, holds: (ring: Ring) => boolean): Property {
  return always(name, (world) => isDeparting(world) || holds(new Ring(world)) || describe(world));
}

function describe(world: WorldView): string {
  return new Ring(world).members.map(({ id, predecessor, successors }) => `${id}: ${predecessor ?? "none"} < ${id} > ${successors.join(", ")}`).join("; ");
}

export const ringProperties: readonly Property[] = [
  ringProperty("AtLeastOneRing", (ring) => ring.hasAtLeastOneRing()),
  ringProperty("AtMostOneRing", (ring) => ring.hasAtMostOneRing()),
  ringProperty("OrderedRing", (ring) => ring.isOrdered()),
  ringProperty("ConnectedAppendages", (ring) => ring.hasConnectedAppendages()),
];

/** Stronger than what a ring needs; what its proof rests on. */
export const invariant: readonly Property[] = [
  ringProperty("ValidSuccessorList", (ring) => ring.hasValidLists()),
  ringProperty("OneLiveSuccessor", (ring) => ring.hasOneLiveSuccessor()),
  ringProperty("SufficientPrincipals", (ring) => ring.principals.length > listLength),
  ringProperty("NoDuplicates", (ring) => ring.hasNoDuplicates()),
];

export const becomesIdeal: Property = eventuallyAlways("the ring becomes ideal and stays so", (world) => new Ring(world).isIdeal());

export function chordWorld({ version, nodes, ring, joins = [], departures = [], departsBetween = false, questions, properties = ringProperties }: ChordWorldOptions) {
  const Node = version === "published" ? PublishedChord : CorrectedChord;
  const node = (id: number) => app({ version: 1 }).service("chord", () => new Node(id, ring));
  const calls: [string, ClientCall[]][] = [
    ...joins.map(([joining, known]): [string, ClientCall[]] => [`join-${joining}`, [call<Chord>(`n${joining}/chord`).join(known)]]),
    ...departures.map((id): [string, ClientCall[]] => [`departure-${id}`, [call<Chord>(`n${id}/chord`).depart()]]),
  ];
  return world({
    nodes: Object.fromEntries(Array.from({ length: nodes }, (_, id) => [`n${id}`, node(id)])),
    clients: Object.fromEntries(calls),
    properties,
    constraint: (world) => questionsUnderWay(world) <= questions && (!isDeparting(world) || isAllowed(world, departsBetween)),
  });
}

function questionsUnderWay(world: WorldView): number {
  return world.messages.filter(({ kind, method }) => kind === "outcome" || method === "look").length;
}

/** The papers assume that no departure leaves a member without any successor. */
function isAllowed(world: WorldView, departsBetween: boolean): boolean {
  return new Ring(world).hasOneLiveSuccessor() && !(departsBetween && questionsUnderWay(world) > 0);
}

/** Two nodes join three members, one behind the other, and both may depart again. */
export const fiveNodes = { nodes: 5, ring: [0, 3, 4], joins: [[2, 0], [1, 0]], departures: [1, 2], departsBetween: true, questions: 1 } as const;

export default chordWorld({ version: "corrected", ...fiveNodes, properties: [...ringProperties, ...invariant, becomesIdeal] });
