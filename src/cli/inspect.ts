/** `maceken inspect`: the state of a node's services, running or not. Changes nothing. */
import type { Inspection } from "../observe/inspect.ts";
import { printView } from "../observe/print-view.ts";
import { ask } from "./ask.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { usage } from "./parse.ts";

export const command: CommandSpec = {
  name: "inspect",
  summary: "show the state of a node's services",
  description: [
    "A running node answers itself; otherwise the directory is read as it lies on disk. Then classes are only known by name",
    "unless --app loads them: private fields that they inherit are left out.",
  ].join("\n"),
  arguments: [
    { name: "DIR", help: "the data directory" },
    { name: "PATH", optional: true, help: "service[.field…], such as bank.accounts[\"a\"]; default: all services, one level deep" },
  ],
  options: {
    app: { type: "string", value: "FILE", help: "the app's module, for its classes, when no node runs" },
    depth: { type: "string", value: "N", help: "levels to show; default 4" },
    items: { type: "string", value: "N", help: "items to show of each array, Map and Set; default 100" },
    json: { type: "boolean", help: "as JSON: plain values as they are, everything else as {\"$\": kind, …}" },
  },
  example: "maceken inspect ./bank-data 'bank.accounts[\"a\"]'",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const path = input.arguments["PATH"] ?? "";
  const depth = count(input, "depth");
  const items = count(input, "items");
  const { answer, running, unknownClasses } = await ask<Inspection>(
    input.arguments["DIR"]!,
    { command: "inspect", path, ...(depth === undefined ? {} : { depth }), ...(items === undefined ? {} : { items }) },
    input.values["app"],
  );
  if (input.flags["json"] === true) await printJson({ ...answer, running, unknownClasses });
  else {
    await print(`${printView(answer.view)}\n`);
    if (unknownClasses.length > 0) process.stderr.write(`note: classes known by name only: ${unknownClasses.join(", ")}; --app FILE loads them\n`);
  }
  return exitCode.ok;
}

function count(input: CommandInput, name: "depth" | "items"): number | undefined {
  const text = input.values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw usage(command, `--${name} is a positive whole number, not ${JSON.stringify(text)}`);
  return value;
}
