/** The world of Raft: some members, clients that propose commands, and what must hold (figure 3 of the paper). */
import { app, ref, type Ref } from "maceken";
import { always, call, world, type WorldView } from "maceken/check";
import type { PersistsByHand } from "./mistakes/persists-by-hand.ts";
import { Raft, type Entry } from "./raft.ts";

export interface RaftWorldOptions {
  /** Default: three of them, all right. */
  readonly Member?: new (peers: Iterable<Ref<Raft>>) => Raft;
  /** Nothing is explored from states with a higher term. */
  readonly terms: number;
  /** Nor from those in which a member, by its place, stands for election in a term that is not its own. Default: all may in all. */
  readonly stands?: (member: number, term: number) => boolean;
  /** By member, what is proposed to it, at any time. */
  readonly commands: readonly (readonly string[])[];
  /** By place, a member that persists by hand and crashes once, at any time. */
  readonly crashes?: number;
}

/** For `stands`: the first two members, by turns. */
export const inTurn = (member: number, term: number): boolean => member === (term - 1) % 2;

const members = (world: WorldView): readonly Raft[] => world.services<Raft>("raft");
const committed = ({ log, commitIndex }: Raft): readonly Entry[] => log.slice(0, commitIndex);
const clientOf = (member: string): string => `client-of-${member}`;
const isSame = (one: Entry | undefined, other: Entry | undefined): boolean => one?.term === other?.term && one?.command === other?.command;
const inWords = (log: readonly Entry[]): string => `[${log.map(({ term, command }) => `${command} of term ${term}`).join(", ")}]`;

/** Every pair of members, both ways. */
function* pairs(world: WorldView): Iterable<readonly [Raft, Raft]> {
  for (const one of members(world)) for (const other of members(world)) if (one !== other) yield [one, other];
}

export const raftProperties = [
  always("election safety: a term has one leader at most", (world) => {
    const terms = members(world).filter(({ role }) => role === "leader").map(({ term }) => term);
    const twice = terms.find((term, at) => terms.indexOf(term) !== at);
    return twice === undefined || `term ${twice} has two leaders`;
  }),
  always("log matching: logs with the same entry at an index are the same up to it", (world) => {
    for (const [one, other] of pairs(world)) {
      let last = Math.min(one.log.length, other.log.length);
      while (last > 0 && one.log[last - 1]!.term !== other.log[last - 1]!.term) last--;
      for (let at = 0; at < last; at++) if (!isSame(one.log[at], other.log[at])) return `${inWords(one.log)} and ${inWords(other.log)}`;
    }
    return true;
  }),
  always("leader completeness: a leader has what was committed in earlier terms", (world) => {
    for (const [leader, other] of pairs(world)) {
      if (leader.role !== "leader" || leader.term < other.term) continue;
      if (!committed(other).every((entry, at) => isSame(entry, leader.log[at]))) return `the leader of term ${leader.term} has ${inWords(leader.log)}, but ${inWords(committed(other))} is committed`;
    }
    return true;
  }),
  always("state machine safety: what is committed is the same everywhere", (world) => {
    for (const [one, other] of pairs(world)) {
      const both = Math.min(one.commitIndex, other.commitIndex);
      if (!committed(one).slice(0, both).every((entry, at) => isSame(entry, other.log[at]))) return `${inWords(committed(one))} and ${inWords(committed(other))}`;
    }
    return true;
  }),
];

export function raftWorld({ Member = Raft, terms, commands, stands = () => true, crashes }: RaftWorldOptions) {
  const names = commands.map((_, at) => `n${at + 1}`);
  const member = (name: string) => app({ version: 1 }).service("raft", () => new Member(names.filter((other) => other !== name).map((other) => ref<Raft>(`${other}/raft`))));
  return world({
    nodes: Object.fromEntries(names.map((name) => [name, member(name)])),
    clients: {
      ...Object.fromEntries(names.map((name, at) => [clientOf(name), commands[at]!.map((command) => call<Raft>(`${name}/raft`).propose(command))])),
      ...(crashes === undefined ? {} : { "power-cut": [call<PersistsByHand>(`${names[crashes]!}/raft`).crash()] }),
    },
    properties: raftProperties,
    // A proposal that was refused has changed nothing: what can happen behind it can happen without it.
    constraint: (world) => names.every((name) => world.answers(clientOf(name)).every(({ ok }) => ok)) && members(world).every(({ term, role }, at) => term <= terms && (role === "follower" || stands(at, term))),
  });
}

export default raftWorld({ terms: 1, commands: [["x"], ["y"], []] });
