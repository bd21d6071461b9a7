/** `maceken status`: how a node is, in figures. Changes nothing. */
import { ask } from "./ask.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";

export const command: CommandSpec = {
  name: "status",
  summary: "how a node is: turns, peers, what waits",
  description: "A running node answers itself; otherwise the directory is read as it lies on disk.",
  arguments: [{ name: "DIR", help: "the data directory" }],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken status ./bank-data",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const { answer, running } = await ask<Record<string, unknown>>(input.arguments["DIR"]!, { command: "status" });
  if (input.flags["json"] === true) {
    await printJson({ running, ...answer });
    return exitCode.ok;
  }
  const { counters, ...rest } = answer;
  const rows: [string, unknown][] = [["running", running ? "yes" : "no"], ...Object.entries(rest)];
  if (running) rows.push(...Object.entries(counters as object).map(([name, value]): [string, unknown] => [`${name} since start`, value]));
  const width = Math.max(...rows.map(([name]) => words(name).length));
  await print(rows.map(([name, value]) => `${words(name).padEnd(width)}  ${show(value)}\n`).join(""));
  return exitCode.ok;
}

/** `deadLetters` as people write it. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ") || "none";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
