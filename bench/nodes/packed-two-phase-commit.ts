/**
 * Two-phase commit as in examples/two-phase-commit, written by hand for nothing but speed: a state is one integer, the states that were
 * seen are an open-addressed table of integers, and there are no services, messages as bytes, turns, traces or choice of properties. What
 * a search of service code is measured against; and it must count the same states.
 */

export interface PackedCounts {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
}

/**
 * Of each participant four bits: how far its vote is, and its decision, 3 values with 5 places. When both are consumed a yes and a no leave
 * nothing that is different, and both are `yesCounted`.
 */
const vote = { asked: 0, yesSent: 1, noSent: 2, yesCounted: 3, noCounted: 4 } as const;
const votes = 5;
const decision = { none: 0, sent: 1, received: 2 } as const;
const bitsEach = 4;
/** The decision, the votes that were counted before it, and whether the client has asked. */
const decided = { undecided: 0, committed: 1, aborted: 2 } as const;

/** Six: more do not fit into an integer. */
export const mostParticipants = 6;

const fullestShare = 0.6;

/** States that were seen, each + 1; grows twofold. */
class Seen {
  count = 0;
  #slots = new Int32Array(1 << 12);
  #mask = (1 << 12) - 1;

  /** False when it was there. */
  add(state: number): boolean {
    const slots = this.#slots;
    let at = hash(state) & this.#mask;
    for (let found = slots[at]!; found !== 0; found = slots[at]!) {
      if (found === state + 1) return false;
      at = (at + 1) & this.#mask;
    }
    slots[at] = state + 1;
    if (++this.count > this.#mask * fullestShare) this.#grow();
    return true;
  }

  #grow(): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    const slots = new Int32Array(this.#mask + 1);
    for (const each of before) {
      if (each === 0) continue;
      let at = hash(each - 1) & this.#mask;
      while (slots[at] !== 0) at = (at + 1) & this.#mask;
      slots[at] = each;
    }
    this.#slots = slots;
  }
}

function hash(state: number): number {
  const x = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
  return x ^ (x >>> 13);
}

/** Every state, breadth first, with the property that no two participants decide differently. Throws when it does not hold. */
export function explorePacked(participants: number): PackedCounts {
  const all = participants * bitsEach;
  const [decisionAt, countedAt, askedAt] = [all, all + 2, all + 5];
  const seen = new Seen();
  let layer: number[] = [];
  let next: number[] = [];
  let transitions = 0;
  const reach = (state: number): void => {
    transitions++;
    if (!seen.add(state)) return;
    if (!isConsistent(state, participants, decisionAt)) throw new Error(`two participants decide differently: ${state.toString(16)}`);
    next.push(state);
  };
  const decide = (state: number, what: number): number => {
    let after = (state & ~(3 << decisionAt)) | (what << decisionAt);
    for (let at = 0; at < all; at += bitsEach) after = put(after, at, ((after >> at) & 15) + votes * decision.sent);
    return after;
  };

  const expand = (state: number): void => {
    if (((state >> askedAt) & 1) === 0) return reach(state | (1 << askedAt));
    const managed = (state >> decisionAt) & 3;
    for (let at = 0; at < all; at += bitsEach) {
      const each = (state >> at) & 15;
      const [voted, told] = [each % votes, Math.floor(each / votes)];
      if (voted === vote.asked) {
        // The participant's turn: chance has two values, the first of which refuses.
        reach(put(state, at, each - vote.asked + vote.noSent));
        reach(put(state, at, each - vote.asked + vote.yesSent));
      } else if (told === decision.sent) reach(put(state, at, merged(voted, decision.received)));
      if (voted !== vote.yesSent && voted !== vote.noSent) continue;
      // The manager's turn.
      const yes = voted === vote.yesSent;
      const consumed = put(state, at, merged(yes ? vote.yesCounted : vote.noCounted, told));
      if (managed !== decided.undecided) reach(consumed);
      else if (!yes) reach(decide(consumed, decided.aborted));
      else {
        const counted = consumed + (1 << countedAt);
        reach(((counted >> countedAt) & 7) === participants ? decide(counted, decided.committed) : counted);
      }
    }
  };

  reach(0);
  transitions = 0;
  let depth = -1;
  while (next.length > 0) {
    [layer, next] = [next, layer];
    next.length = 0;
    depth++;
    for (const state of layer) expand(state);
  }
  return { states: seen.count, transitions, depth };
}

function put(state: number, at: number, value: number): number {
  return (state & ~(15 << at)) | (value << at);
}

function merged(voted: number, told: number): number {
  return (told === decision.received && voted === vote.noCounted ? vote.yesCounted : voted) + votes * told;
}

/** A participant has aborted when it refused, or was told so; committed when it was told so. */
function isConsistent(state: number, participants: number, decisionAt: number): boolean {
  if (((state >> decisionAt) & 3) !== decided.committed) return true;
  let [committed, aborted] = [false, false];
  for (let each = 0; each < participants; each++) {
    const digit = (state >> (each * bitsEach)) & 15;
    const voted = digit % votes;
    if (Math.floor(digit / votes) === decision.received) committed = true;
    else if (voted === vote.noSent || voted === vote.noCounted) aborted = true;
  }
  return !(committed && aborted);
}
