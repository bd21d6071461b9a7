/** `maceken status`: how a node is, in figures. Changes nothing. */
import { showHostPort } from "../node/host-port.ts";
import type { HostPort } from "../transport/transport.ts";
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
  const { answer, running, holder } = await ask<Record<string, unknown>>(input.arguments["DIR"]!, { command: "status" });
  if (input.flags["json"] === true) {
    await printJson({ running, ...(holder === undefined ? {} : { holder }), ...answer });
    return exitCode.ok;
  }
  const { counters, ...rest } = answer;
  const rows: [string, unknown][] = [["running", running ? "yes" : holder === undefined ? "no" : `${holder.pid === null ? "a process" : `process ${holder.pid}`} has the directory but cannot be asked; this is what lies on disk`], ...Object.entries(rest)];
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
  if (value === null) return "no";
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (isHostPort(value)) return showHostPort(value);
  if (typeof value === "object" && value !== null && Object.values(value).every(isHostPort)) return Object.entries(value).map(([name, at]) => `${name} ${showHostPort(at)}`).join(", ") || "none";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function isHostPort(value: unknown): value is HostPort {
  const { host, port } = (value ?? {}) as Partial<HostPort>;
  return typeof host === "string" && typeof port === "number";
}
