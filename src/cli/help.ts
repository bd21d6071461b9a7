/** The text of `maceken --help` and `maceken COMMAND --help`, made from the specs. Prints nothing itself. */
import type { CommandSpec, OptionSpec } from "./command.ts";

export function programHelp(commands: readonly CommandSpec[]): string {
  return [
    "maceken: services whose every message is an atomic durable turn, exactly once between nodes",
    "",
    "Usage: maceken COMMAND …",
    "",
    ...columns(commands.map((command) => [`  ${usageOf(command, "…")}`, command.summary])),
    "",
    ...columns([["  --version", "print the version"], ["  --help", "this page; maceken COMMAND --help says more"]]),
    "",
  ].join("\n");
}

export function commandHelp(command: CommandSpec): string {
  const options: [string, string][] = Object.entries(command.options).map(([name, option]) => [`  ${optionUsage(name, option)}`, optionHelp(option)]);
  options.push(["  --help", "this page"]);
  return [
    `${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`,
    ...(command.description === undefined ? [] : ["", command.description]),
    "",
    `Usage: maceken ${usageOf(command, "[options]")}`,
    "",
    ...columns(command.arguments.map((argument) => [`  ${argument.name}`, argument.help])),
    ...(command.arguments.length > 0 ? [""] : []),
    ...columns(options),
    "",
    `Example: ${command.example}`,
    "",
  ].join("\n");
}

function usageOf(command: CommandSpec, options: string): string {
  const parts = command.arguments.map(({ name, optional, multiple, choices }) => {
    const shown = `${choices === undefined ? name : choices.join("|")}${multiple === true ? " …" : ""}`;
    return optional === true ? `[${shown}]` : shown;
  });
  return [command.name, ...parts, ...(options === "…" ? [] : [options])].join(" ");
}

function optionUsage(name: string, { value, multiple }: OptionSpec): string {
  return `--${name}${value === undefined ? "" : ` ${value}`}${multiple === true ? " …" : ""}`;
}

function optionHelp({ help, required, choices }: OptionSpec): string {
  return `${help}${choices === undefined ? "" : ` (${choices.join(" or ")})`}${required === true ? " (required)" : ""}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(34, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => (left.length > width ? `${left}\n${" ".repeat(width)}  ${right}` : `${left.padEnd(width)}  ${right}`));
}
