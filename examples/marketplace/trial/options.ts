/**
 * The command line of the trial.
 */
import { parseArgs } from "node:util";

export interface TrialOptions {
  readonly seconds: number;
  readonly killsPerSecond: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly withoutKen: boolean;
}

export const usage = `Four apps trade with each other in processes of their own while processes are killed; then their books are audited.

  npm start -- [options]

  --seconds N            how long to kill and trade (default 30)
  --kills-per-second X   how often a random process gets SIGKILL (default 1; 0 for none)
  --seed N               repeats the choice of victims and the customers' requests (default: random)
  --keep                 keep the data directories, and say where they are
  --without-ken          the same apps without durability and gating: the audit shows the damage
  --help                 this text

The last line says PASS or FAIL with figures; the exit code is 0 or 1 (2 for a wrong command line).`;

export class UsageError extends Error {}

/** Undefined when help was asked for. */
export function readOptions(args: readonly string[]): TrialOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  return {
    seconds: number("--seconds", values.seconds ?? "30", 1, 86_400),
    killsPerSecond: number("--kills-per-second", values["kills-per-second"] ?? "1", 0, 50),
    seed: number("--seed", values.seed ?? String(Math.floor(Math.random() * 1_000_000)), 0, 2 ** 32 - 1),
    keep: values.keep,
    withoutKen: values["without-ken"],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: "string" },
        "kills-per-second": { type: "string" },
        seed: { type: "string" },
        keep: { type: "boolean", default: false },
        "without-ken": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function number(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most)) throw new UsageError(`${flag} takes a number from ${least} to ${most}, not "${text}"`);
  return value;
}
