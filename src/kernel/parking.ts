/**
 * How inputs are consumed that do not run any more, because they failed for good or ended the process: the outcome for the caller, what
 * the dead letter keeps, and notes for people. Decides nothing.
 */
import { assert } from "../base/assert.ts";
import { MaceKenError, messageOf, stackOf } from "../base/error.ts";
import type { Outcome } from "../base/rejection.ts";
import { failureOutcome, type ParkOptions } from "../turn/executor.ts";
import type { Note } from "./kernel-effect.ts";
import type { KernelLimits } from "./kernel-options.ts";
import type { Attempt, LifeLedger } from "./life-ledger.ts";
import type { Lane } from "./lanes.ts";

/** How an input is consumed that does not run any more. */
export interface Parking {
  readonly outcome: Outcome<unknown>;
  readonly options: ParkOptions;
}

/** How long an input waits that can neither run nor become a dead letter. */
const whileFullMs = 10_000;

/** When an input whose handler threw is tried again; undefined: not at all. A note says what people read in place of the failure, which they know by then. */
export function retryOf(lane: Pick<Lane, "name" | "retries" | "attempts">, { retryAttempts, retryDelaysMs, maxDeadLetters }: KernelLimits, letters: number): { readonly delayMs: number; readonly note?: Note } | undefined {
  if (!lane.retries) return undefined;
  if (lane.attempts < retryAttempts) return { delayMs: retryDelaysMs[Math.min(lane.attempts, retryDelaysMs.length - 1)]! };
  if (letters < maxDeadLetters) return undefined;
  return {
    delayMs: whileFullMs,
    note: { level: "error", code: "MK_DEAD_LETTERS_FULL", message: `there are ${letters} dead letters, as many as may be: what fails now waits, and what is behind it`, fields: { lane: lane.name } },
  };
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
