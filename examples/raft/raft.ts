/**
 * Raft: leader election and log replication (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014, figure 2),
 * as an ordinary service. `term`, `votedFor` and `log` must survive crashes, and do, as all fields do; they are written like the others.
 * Messages arrive once and in order, so nothing is sent twice: a follower is sent entries when it has answered the last ones.
 * Not here: changes of membership, snapshots, applying commands.
 */
import { ref, Rejection, Service, type Messages, type Outcome, type Ref, type Timer } from "maceken";

export interface Entry {
  readonly term: number;
  readonly command: string;
}

export interface Answer {
  /** The answering member's, for a leader or candidate that fell behind. */
  readonly term: number;
  readonly ok: boolean;
}

const heartbeatMs = 50;
const electionMs = 500;

export class Raft extends Service {
  static readonly messages: Messages<Raft> = { requestVote: { from: "peers" }, appendEntries: { from: "peers" }, propose: true };

  readonly peers: ReadonlySet<Ref<Raft>>;
  role: "follower" | "candidate" | "leader" = "follower";
  term = 0;
  votedFor: Ref<Raft> | null = null;
  /** Its first entry has index 1. */
  log: Entry[] = [];
  commitIndex = 0;
  /** A candidate's votes. */
  votes = new Set<Ref<Raft>>();
  /** Of a leader: by follower, the index of the next entry to send, the last one known to be there, and whether an answer is awaited. */
  followers = new Map<Ref<Raft>, { next: number; match: number; isAsked: boolean }>();
  #timer: Timer | undefined;

  constructor(peers: Iterable<Ref<Raft>>) {
    super();
    this.peers = new Set(peers);
  }

  born() {
    this.#wait(electionMs);
  }

  /** Answers the entry's index. It is committed when a leader has counted a majority for it, and may be lost until then. */
  propose(command: string): number {
    if (this.role !== "leader") throw new Rejection("not the leader", { code: "NOT_LEADER" });
    return this.log.push({ term: this.term, command });
  }

  // ---- elections

  /** Silence from a leader: a coin tells whether to stand now or in a while, so that not all stand at once. A leader's time to be heard. */
  #onTime() {
    if (this.role === "leader") return this.#replicate();
    if (this.turn.random() < 0.5) this.#stand();
    this.#wait(electionMs);
  }

  #stand() {
    this.term++;
    this.role = "candidate";
    this.votedFor = ref<Raft>(this);
    this.votes = new Set([ref<Raft>(this)]);
    for (const peer of this.peers) this.turn.when(peer.requestVote(this.term, ref<Raft>(this), this.log.length, this.#termAt(this.log.length)), this.#onVote, peer, this.term);
  }

  requestVote(term: number, candidate: Ref<Raft>, lastIndex: number, lastTerm: number): Answer {
    this.#observe(term);
    const ok = term === this.term && this.hasVoteFor(candidate) && this.isUpToDate(lastIndex, lastTerm);
    if (ok) {
      this.votedFor = candidate;
      this.#wait(electionMs);
    }
    return { term: this.term, ok };
  }

  protected hasVoteFor(candidate: Ref<Raft>): boolean {
    return this.votedFor === null || this.votedFor === candidate;
  }

  /** Whether a log that ends like this has everything that may be committed. */
  protected isUpToDate(lastIndex: number, lastTerm: number): boolean {
    const own = this.#termAt(this.log.length);
    return lastTerm > own || (lastTerm === own && lastIndex >= this.log.length);
  }

  #onVote(outcome: Outcome<Answer>, voter: Ref<Raft>, term: number) {
    if (!this.#isAnswered(outcome, term) || this.role !== "candidate" || !outcome.value.ok) return;
    this.votes.add(voter);
    if (this.#isMajority(this.votes.size)) this.#lead();
  }

  #lead() {
    this.role = "leader";
    this.votes.clear();
    for (const peer of this.peers) this.followers.set(peer, { next: this.log.length + 1, match: 0, isAsked: false });
    this.#replicate();
  }

  // ---- the log

  #replicate() {
    for (const [peer, follower] of this.followers) {
      if (follower.isAsked) continue;
      follower.isAsked = true;
      const before = follower.next - 1;
      const entries = this.log.slice(before);
      this.turn.when(peer.appendEntries(this.term, before, this.#termAt(before), entries, this.commitIndex), this.#onAppended, peer, this.term, before + entries.length);
    }
    this.#wait(heartbeatMs);
  }

  appendEntries(term: number, before: number, termBefore: number, entries: readonly Entry[], leaderCommit: number): Answer {
    this.#observe(term);
    if (term < this.term) return { term: this.term, ok: false };
    this.follow();
    if (before > this.log.length || this.#termAt(before) !== termBefore) return { term, ok: false };
    const differs = entries.findIndex((entry, at) => this.log[before + at]?.term !== entry.term);
    if (differs >= 0) this.log.splice(before + differs, Infinity, ...entries.slice(differs));
    this.commitIndex = Math.max(this.commitIndex, Math.min(leaderCommit, before + entries.length));
    return { term, ok: true };
  }

  #onAppended(outcome: Outcome<Answer>, peer: Ref<Raft>, term: number, upTo: number) {
    if (!this.#isAnswered(outcome, term) || this.role !== "leader") return;
    const follower = this.followers.get(peer)!;
    follower.isAsked = false;
    if (outcome.value.ok) {
      follower.match = upTo;
      follower.next = upTo + 1;
      this.#commit();
    } else follower.next--;
  }

  #commit() {
    for (let index = this.log.length; index > this.commitIndex; index--) {
      const holders = 1 + [...this.followers.values()].filter(({ match }) => match >= index).length;
      if (this.#isMajority(holders) && this.mayCommit(index)) this.commitIndex = index;
    }
  }

  /** An entry of an earlier term is committed only by a later one of the leader's own: a majority that has it is not enough (figure 8). */
  protected mayCommit(index: number): boolean {
    return this.#termAt(index) === this.term;
  }

  // ---- terms

  #observe(term: number) {
    if (term <= this.term) return;
    this.term = term;
    this.votedFor = null;
    this.follow();
  }

  protected follow() {
    this.role = "follower";
    this.votes.clear();
    this.followers.clear();
    this.#wait(electionMs);
  }

  /** Whether an answer is one to what this member asked in its present term. */
  #isAnswered(outcome: Outcome<Answer>, term: number): outcome is Extract<Outcome<Answer>, { ok: true }> {
    if (outcome.ok) this.#observe(outcome.value.term);
    return outcome.ok && term === this.term;
  }

  #isMajority(members: number): boolean {
    return members > (this.peers.size + 1) / 2;
  }

  #termAt(index: number): number {
    return index === 0 ? 0 : (this.log[index - 1]?.term ?? 0);
  }

  #wait(delayMs: number) {
    this.#timer?.cancel();
    this.#timer = this.turn.schedule(this.#onTime, delayMs);
  }
}
