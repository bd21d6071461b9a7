/**
 * Puts the groups of all segments into one sequence, and says whether its end is a torn tail or damage to durable turns.
 * Groups are chained by number, not by place: whatever lies between two groups that follow each other is without effect.
 * Because groups are written one at a time, every frame names a group up to which all was durable (`durableGroup`); if
 * the sequence ends before the highest one named anywhere, a durable group is missing, and the start is refused (K1). If
 * it ends there or one group later, nothing that was reported is missing. Does no I/O.
 */
import type { MaceKenError } from "../base/error.ts";
import { damaged } from "./log-error.ts";
import type { Frame } from "./segment-walk.ts";

export interface ChainAnchor {
  /** The group before the first one wanted. */
  readonly group: number;
  readonly turn: number;
  readonly durableGroup: number;
}

export class Chain {
  lastGroup: number;
  lastTurn: number;
  /** The highest group that anything claims was durable. */
  durableGroup: number;
  /** The last turn of that group. */
  provenTurn: number;
  /** The highest recovery epoch seen. */
  epoch = 0;
  readonly #anchorGroup: number;
  #claimant = "the snapshot";
  #lastPayloadCrc = 0;
  /**
   * Where the next group was looked for first; and where, after that, bytes lay first that are no frame although frames
   * follow.
   */
  #expected: { file: string; offset: number };
  #suspect: { file: string; offset: number } | null = null;

  constructor(anchor: ChainAnchor, firstFile: string) {
    this.#anchorGroup = anchor.group;
    this.lastGroup = anchor.group;
    this.lastTurn = anchor.turn;
    this.durableGroup = anchor.durableGroup;
    this.provenTurn = anchor.turn;
    this.#expected = { file: firstFile, offset: 0 };
  }

  /**
   * Takes the next frame in the order of segments and offsets; `skippedFrom` is where bytes before it were none, or -1.
   * True when it is the next group of the sequence.
   */
  accept(file: string, frame: Frame, skippedFrom: number): boolean {
    if (frame.epoch < this.epoch) throw damaged(file, frame.offset, "it is of an earlier life than the segment before it");
    this.epoch = frame.epoch;
    if (frame.durableGroup > this.durableGroup) {
      this.durableGroup = frame.durableGroup;
      // A mark repeats the last turn; a group begins behind the last turn of the one before it.
      this.provenTurn = frame.payloadBytes === 0 ? frame.lastTurn : frame.baseTurn;
      this.#claimant = `${file} at byte ${frame.offset}`;
    }
    if (skippedFrom >= 0) this.#suspect ??= { file, offset: skippedFrom };
    if (!frame.whole) {
      this.#suspect ??= { file, offset: frame.offset };
      return false;
    }
    // A mark, or a group that the snapshot replaces.
    if (frame.payloadBytes === 0 || frame.group <= this.#anchorGroup) return false;
    if (frame.group !== this.lastGroup + 1) {
      // Recovery copies the last group into a new segment: the copy says the same, or one of the two is not what was
      // written.
      if (frame.group === this.lastGroup && frame.payloadCrc !== this.#lastPayloadCrc) {
        throw damaged(file, frame.offset, `group ${frame.group} occurs twice with different content`);
      }
      return false;
    }
    this.lastGroup = frame.group;
    this.lastTurn = frame.lastTurn;
    this.#lastPayloadCrc = frame.payloadCrc;
    this.#expected = { file, offset: frame.end };
    this.#suspect = null;
    return true;
  }

  /** The refusal, if groups that were durable are missing; null when what is missing was never reported durable. */
  damage(): MaceKenError | null {
    if (this.durableGroup <= this.lastGroup) return null;
    const { file, offset } = this.#suspect ?? this.#expected;
    const missing = this.lastGroup + 1;
    const what = `group ${missing} (the turns after ${this.lastTurn}) should be here`;
    return damaged(file, offset, `${what}: ${this.#claimant} says that it was durable`);
  }
}
