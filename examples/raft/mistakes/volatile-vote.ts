/**
 * The vote is forgotten, without a word of crashes: a volatile field is one that a restart loses, and the checker takes every turn for the
 * first after one. The field without `volatile` is all there is to do right.
 */
import { volatile, type Ref } from "maceken";
import { Raft } from "../raft.ts";
import { raftWorld } from "../world.ts";

export class VolatileVote extends Raft {
  override votedFor: Ref<Raft> | null = volatile((): Ref<Raft> | null => null);
}

export default raftWorld({ Member: VolatileVote, terms: 1, commands: [["x"], ["y"], []] });
