/** `maceken inspect`: the state of a node's services, running or not. Changes nothing. */
import type { Inspection } from "../observe/inspect.ts";
import { printPending } from "../observe/pending.ts";
import { printService, printView } from "../observe/print-view.ts";
import { deepest } from "../observe/view.ts";
import { ask } from "./ask.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";

export const command: CommandSpec = {
  name: "inspect",
  summary: "show the state of a node's services",
  description: [
    "A running node answers itself; otherwise the directory is read as it lies on disk, without the app's code.",
    "Sizes are those of all objects below, each counted where it is reached first, and their bytes in a snapshot.",
  ].join("\n"),
  arguments: [
    { name: "DIR", help: "the data directory" },
    { name: "PATH", optional: true, help: "service[.field…], such as bank.accounts[\"a\"]; default: all services, one level deep" },
  ],
  options: {
    app: { type: "string", value: "FILE", help: "the app's module, for its classes, when no node runs" },
    depth: { type: "number", value: "N", help: `levels to show, ${deepest} at most; default 4, of all services 1` },
    limit: { type: "number", value: "N", help: "items to show of each array, Map and Set; default 20" },
    json: { type: "boolean", help: "as JSON: plain values as they are, everything else as {\"$\": kind, …}" },
  },
  example: "maceken inspect ./bank-data 'bank.accounts[\"a\"]'",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const path = input.arguments["PATH"] ?? "";
  const { depth, limit: items } = input.numbers;
  const { answer, running, unknownClasses } = await ask<Inspection>(
    input.arguments["DIR"]!,
    { command: "inspect", path, ...(depth === undefined ? {} : { depth }), ...(items === undefined ? {} : { items }) },
    input.values["app"],
  );
  if (input.flags["json"] === true) await printJson({ ...answer, running, unknownClasses });
  else await print(textOf(answer));
  return exitCode.ok;
}

function textOf({ path, view, measured, pending }: Inspection): string {
  const few = measured === false ? `// more than can be counted while the node runs: sizes are of what was counted\n` : "";
  if (path !== "" || typeof view !== "object" || view === null || view.$ !== "object") return `${few}${printView(view)}\n`;
  const services = (view.fields ?? []).map(([name, service]) => printService(name, service)).join("");
  return `${few}${services}${pending === undefined ? "" : printPending(pending)}`;
}
