/** What is fuzzed, as the worker sees it: something that is fed, and that answers each input in one of two ways. */
import { MaceKenError } from "#maceken/base/error.js";
import { DecodeError } from "#maceken/codec/reader.js";
import type { Random } from "../lib/generator.ts";

export interface Tally {
  /** Inputs that were taken as valid. */
  accepted: number;
  /** Inputs that were refused, as the documentation says, and changed nothing. */
  refused: number;
}

export interface FuzzTarget {
  readonly tally: Tally;
  /** Feeds about `frames` inputs; throws at anything but the two ways. */
  feed(frames: number): void | Promise<void>;
  close?(): Promise<void>;
}

export type MakeTarget = (random: Random) => FuzzTarget | Promise<FuzzTarget>;

/** Runs a reader. True when it took the input; only the documented errors refuse one, everything else is a bug and thrown. */
export function takes(tally: Tally, read: () => unknown): boolean {
  try {
    read();
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof MaceKenError)) throw error;
    tally.refused++;
    return false;
  }
  tally.accepted++;
  return true;
}
