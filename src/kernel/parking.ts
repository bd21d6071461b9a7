/**
 * How inputs are consumed that do not run any more, because they failed for good or ended the process: the outcome for the caller, what
 * the dead letter keeps, and notes for people. Decides nothing.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { failureOutcome, type ParkOptions } from "../turn/executor.ts";
import type { Note } from "./kernel-effect.ts";
import type { Attempt, LifeLedger } from "./life-ledger.ts";
import type { Lane } from "./lanes.ts";

/** How an input is consumed that does not run any more. */
export interface Parking {
  readonly outcome: Outcome<unknown>;
  readonly options: ParkOptions;
}

/** Its handler threw at every try. A request from outside is not tried again, and whoever asked keeps it. */
export function parkingOf({ retries, attempts: before }: Pick<Lane, "retries" | "attempts">, error: unknown): Parking {
  if (!retries) return { outcome: failureOutcome(error), options: { mustRecord: false } };
  const message = messageOf(error);
  const attempts = before + 1;
  return {
    outcome: { ok: false, error: new MaceKenError("MK_PARKED", `the handler failed ${attempts} times: ${message}`) },
    options: { mustRecord: true, letter: { error: stackOf(error) ?? message, attempts } },
  };
}

/** The process ended each time it ran. A timer with a period ends with it, or every period would cost a process. */
export function parkingOfDeadly({ input, handler }: Attempt, deaths: number): Parking {
  const message = `the process ended ${deaths} times while ${handler} ran`;
  return {
    outcome: { ok: false, error: new MaceKenError("MK_PARKED", message) },
    options: { mustRecord: true, letter: { error: `${message} (${input})`, attempts: deaths, endsTimer: true } },
  };
}

export function deadlyNote(attempt: Attempt, deaths: number): Note {
  return { level: "error", code: "MK_PARKED", message: `${attempt.handler} is a dead letter now: the process ended ${deaths} times while it ran`, fields: { ...attempt } };
}

/** At a start after which an attempt counts as the end of the process before. An unclean stop alone is worth no note. */
export function deathNote({ attempt, deaths }: LifeLedger, most: number): Note {
  assert(attempt !== undefined, "what counts was attempted");
  const times = (deaths.get(attempt.input) ?? 0) + 1;
  return { level: "warn", message: `the process ended while ${attempt.handler} ran (${attempt.input}): ${times} of ${most} times`, fields: { ...attempt, times } };
}
