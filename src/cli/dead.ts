/** `maceken dead`: messages whose handler failed at every try, and what never reached a peer that was lost. */
import type { DeadLetterReport } from "../node/control-commands.ts";
import { printView } from "../observe/print-view.ts";
import { ask, order } from "./ask.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson, table } from "./output.ts";
import { usage } from "./parse.ts";

export const command: CommandSpec = {
  name: "dead",
  summary: "list, retry or drop dead letters",
  description: [
    "`ls` works on a running node and on a directory; with an ID it shows that letter whole. `retry` runs the message again",
    "as a new one, after everything consumed, and its caller is not answered again. Both `retry` and `drop` need a running node.",
  ].join("\n"),
  arguments: [
    { name: "ACTION", choices: ["ls", "retry", "drop"], help: "ls, retry or drop" },
    { name: "DIR", help: "the data directory" },
    { name: "ID", optional: true, help: "the letter's number, as ls shows it" },
  ],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken dead retry ./bank-data 17",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const directory = input.arguments["DIR"]!;
  const json = input.flags["json"] === true;
  const action = input.arguments["ACTION"] as "ls" | "retry" | "drop";
  const id = idOf(input.arguments["ID"]);
  if (action === "ls") {
    const { answer } = await ask<DeadLetterReport[]>(directory, { command: "dead ls" });
    const letters = id === undefined ? answer : answer.filter((letter) => letter.id === id);
    if (id !== undefined && letters.length === 0) throw usage(command, `there is no dead letter ${id}`);
    if (json) await printJson(letters);
    else if (id !== undefined) await print(letters.map(whole).join(""));
    else if (letters.length === 0) await print("no dead letters\n");
    else await print(table(["ID", "AT", "WHAT", "TRIES", "ERROR"], letters.map((letter) => [letter.id, letter.at, letter.what, letter.attempts, letter.error])));
    return exitCode.ok;
  }
  if (id === undefined) throw usage(command, `dead ${action} needs the ID of a letter`);
  await order(directory, { command: `dead ${action}`, id });
  if (json) await printJson({ id, done: action });
  else await print(action === "retry" ? `dead letter ${id} runs again\n` : `dead letter ${id} is dropped\n`);
  return exitCode.ok;
}

function whole({ id, at, what, attempts, error, input }: DeadLetterReport): string {
  return `id     ${id}\nat     ${at}\nwhat   ${what}\ntries  ${attempts}\nerror  ${error}\ninput  ${printView(input)}\n`;
}

function idOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 0) throw usage(command, `${JSON.stringify(text)} is not the ID of a dead letter`);
  return id;
}
