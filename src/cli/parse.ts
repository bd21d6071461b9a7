/**
 * Arguments as a command's spec says, read with Node's own parseArgs. Everything wrong is MK_USAGE that names the argument;
 * nothing is run or changed here.
 */
import { parseArgs } from "node:util";
import { MaceKenError } from "../base/error.ts";
import { nearestName } from "../base/near-names.ts";
import type { CommandInput, CommandSpec, OptionSpec } from "./command.ts";

export function parseCommand(spec: CommandSpec, args: readonly string[]): CommandInput {
  const options: Record<string, { type: "string" | "boolean"; multiple: boolean }> = {};
  // All are read as lists, so that an option given twice by mistake is noticed.
  for (const [name, { type }] of Object.entries(spec.options)) options[name] = { type: type === "boolean" ? type : "string", multiple: true };
  // Not strict: the errors are ours to word.
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const given: Record<string, string[]> = {};
  const flags: Record<string, boolean> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    else if (token.kind === "option") takeOption(spec, token, given, flags);
  }
  const lists: Record<string, readonly string[]> = {};
  const values: Record<string, string | undefined> = {};
  const numbers: Record<string, number | undefined> = {};
  for (const [name, option] of Object.entries(spec.options)) {
    const list = given[name] ?? [];
    if (option.required === true && list.length === 0) throw usage(spec, `--${name} ${option.value ?? ""} is missing`.replace("  ", " "));
    if (option.multiple === true) lists[name] = list;
    else if (option.type === "number") numbers[name] = list[0] === undefined ? undefined : wholeNumber(spec, `--${name}`, list[0], option);
    else values[name] = list[0];
  }
  return { arguments: takePositionals(spec, positionals, lists), values, numbers, lists, flags };
}

function takeOption(
  spec: CommandSpec,
  token: { readonly name: string; readonly rawName: string; readonly value: string | undefined },
  given: Record<string, string[]>,
  flags: Record<string, boolean>,
): void {
  const { name, rawName, value } = token;
  const option = Object.hasOwn(spec.options, name) ? spec.options[name]! : undefined;
  if (option === undefined) throw usage(spec, `there is no option ${rawName}${suggestion(name, Object.keys(spec.options), "--")}`);
  if (option.type === "boolean") {
    if (value !== undefined) throw usage(spec, `${rawName} takes no value`);
    flags[name] = true;
    return;
  }
  // parseArgs takes a following option for the value of this one: `--name --http`.
  if (value === undefined || value === "" || value.startsWith("--")) throw usage(spec, `${rawName} needs a value: ${rawName} ${option.value ?? "VALUE"}`);
  demandChoice(spec, rawName, value, option.choices);
  const list = (given[name] ??= []);
  if (list.length > 0 && option.multiple !== true) throw usage(spec, `${rawName} was given twice`);
  list.push(value);
}

function takePositionals(spec: CommandSpec, positionals: readonly string[], lists: Record<string, readonly string[]>): Record<string, string | undefined> {
  const taken: Record<string, string | undefined> = {};
  let most = spec.arguments.length;
  spec.arguments.forEach((argument, i) => {
    if (argument.multiple === true) {
      lists[argument.name] = positionals.slice(i);
      most = Infinity;
      return;
    }
    const value = positionals[i];
    if (value === undefined && argument.optional !== true) throw usage(spec, `${argument.name} is missing`);
    if (value !== undefined) demandChoice(spec, argument.name, value, argument.choices);
    taken[argument.name] = value;
  });
  const extra = positionals[most];
  if (extra !== undefined) throw usage(spec, `${JSON.stringify(extra)} is one argument too many`);
  return taken;
}

function demandChoice(spec: CommandSpec, what: string, value: string, choices: OptionSpec["choices"]): void {
  if (choices === undefined || choices.includes(value)) return;
  throw usage(spec, `${what} is ${choices.join(", ").replace(/, ([^,]*)$/, " or $1")}, not ${JSON.stringify(value)}`);
}

/** As people write one: digits and nothing else. */
export function wholeNumber(spec: { readonly name: string }, what: string, text: string, { least = 1, most }: { readonly least?: number; readonly most?: number } = {}): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least && value <= (most ?? value)) return value;
  const range = most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`;
  throw usage(spec, `${what} is a whole number${range}, not ${JSON.stringify(text)}`);
}

export function usage(spec: { readonly name: string }, message: string): MaceKenError {
  return new MaceKenError("MK_USAGE", message, { remedy: `See \`maceken ${spec.name} --help\`.` });
}

/** `; did you mean --http?` when one of the names is near. */
export function suggestion(given: string, names: readonly string[], prefix: string): string {
  const near = nearestName(given, names);
  return near === undefined ? "" : `; did you mean ${prefix}${near}?`;
}
