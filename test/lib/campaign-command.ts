/**
 * The command line of a long-running proof (`npm run fuzz`, `crash`, `faults`, `bits`): options with --help, a seed that is always
 * printed, and one line of progress that changes on a terminal. Exit codes: 0 proved, 1 refuted, 2 called wrongly.
 */
import { parseArgs } from "node:util";

/** What the text of --help says of each option; the default tells its type. */
export interface CampaignOption {
  readonly default: string | number | boolean;
  readonly help: string;
}

type Values<O extends Record<string, CampaignOption>> = { readonly [K in keyof O]: O[K]["default"] extends number ? number : O[K]["default"] extends boolean ? boolean : string };

export const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31);

/** The options as given. Ends the process for --help, and for what is not understood. */
export function campaignOptions<const O extends Record<string, CampaignOption>>(command: string, about: string, options: O): Values<O> {
  const known = Object.fromEntries(Object.entries(options).map(([name, { default: given }]) => [name, { type: typeof given === "boolean" ? "boolean" : "string" } as const]));
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({ options: { ...known, help: { type: "boolean" } } }) as { values: typeof values });
  } catch (error) {
    return wrong(command, (error as Error).message);
  }
  if (values["help"] === true) {
    console.log(`${command}\n\n${about}\n`);
    for (const [name, { default: given, help }] of Object.entries(options)) {
      const left = typeof given === "boolean" ? `--${name}` : `--${name} ${typeof given === "number" ? "N" : "TEXT"}`;
      const usual = name === "seed" ? " (drawn by lot)" : given === "" || typeof given === "boolean" ? "" : ` (${given})`;
      console.log(`  ${left.padEnd(24)} ${help}${usual}`);
    }
    process.exit(0);
  }
  const read = Object.entries(options).map(([name, { default: given }]) => {
    const value = values[name];
    if (value === undefined) return [name, given];
    if (typeof given !== "number") return [name, value];
    const number = Number(value);
    return Number.isSafeInteger(number) && number >= 0 ? [name, number] : wrong(command, `--${name} takes a whole number, not ${String(value)}`);
  });
  return Object.fromEntries(read as [string, unknown][]) as Values<O>;
}

function wrong(command: string, message: string): never {
  console.error(`${message}\nSee ${command} --help`);
  return process.exit(2);
}

/** A terminal gets one line that changes, a file a line every few seconds. */
export class ProgressLine {
  readonly #live = process.stdout.isTTY;
  #shownAt = 0;

  show(text: string): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.#live ? 100 : 10_000)) return;
    this.#shownAt = now;
    process.stdout.write(this.#live ? `\r\x1b[K${text}` : `${text}\n`);
  }

  end(): void {
    if (this.#live) process.stdout.write("\r\x1b[K");
  }
}

/** Violations that differ only in numbers are one kind, of which one is shown. */
export function grouped(violations: readonly string[], most = 20): string[] {
  const kinds = new Map<string, [string, number]>();
  for (const violation of violations) {
    const kind = violation.slice(0, 300).replace(/\d+/g, "#");
    const known = kinds.get(kind);
    kinds.set(kind, [known?.[0] ?? violation, (known?.[1] ?? 0) + 1]);
  }
  return [...kinds.values()].slice(0, most).map(([example, count]) => `  ! ${example}${count > 1 ? ` (and ${count - 1} like it)` : ""}`);
}
