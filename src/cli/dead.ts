/** `maceken dead`: messages whose handler failed at every try, and what is not known to have reached a peer that was lost. */
import type { DeadAnswer, DeadLetterReport, DeadLetterReports, DeadRequest } from "../node/dead-letters.ts";
import { printView } from "../observe/print-view.ts";
import { ask, order } from "./ask.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson, table } from "./output.ts";
import { usage, wholeNumber } from "./parse.ts";

export const command: CommandSpec = {
  name: "dead",
  summary: "list, retry or drop dead letters",
  description: [
    "`ls` works on a running node and on a directory; with an ID it shows that letter whole. `retry` runs the message again",
    "as a new one, after everything consumed, and its caller is not answered again. Both `retry` and `drop` need a running node,",
    "and IDs, --peer or --all. What cannot run again (it was for a peer that is lost, or its method is gone) stays with `retry`.",
  ].join("\n"),
  arguments: [
    { name: "ACTION", choices: ["ls", "retry", "drop"], help: "ls, retry or drop" },
    { name: "DIR", help: "the data directory" },
    { name: "ID", optional: true, multiple: true, help: "letters' numbers, as ls shows them" },
  ],
  options: {
    peer: { type: "string", value: "NAME", help: "the letters that this peer sent, was to get, or was asked in" },
    all: { type: "boolean", help: "all letters there are when the command begins" },
    json: { type: "boolean", help: "as JSON" },
  },
  example: "maceken dead retry ./bank-data 17",
  run,
};

/** A request to a node has a bound, and a command line may have more. */
const idsAtOnce = 1_000;

async function run(input: CommandInput): Promise<number> {
  const directory = input.arguments["DIR"]!;
  const action = input.arguments["ACTION"] as "ls" | "retry" | "drop";
  const ids = input.lists["ID"]!.map((text) => wholeNumber(command, "ID", text, { least: 0 }));
  const peer = input.values["peer"];
  const isAll = input.flags["all"] === true;
  const said = [ids.length > 0, peer !== undefined, isAll].filter(Boolean).length;
  if (said > 1) throw usage(command, "IDs, --peer and --all exclude each other");
  if (said === 0 && action !== "ls") throw usage(command, `dead ${action} needs the ID of a letter, --peer NAME or --all`);
  if (action === "ls") await list(directory, ids, peer, input.flags["json"] === true);
  else {
    const { done, cannotRun } = await operate(directory, { command: `dead ${action}`, ...(peer === undefined ? {} : { peer }), ...(isAll ? { all: true } : {}) }, ids);
    if (input.flags["json"] === true) await printJson({ action, done, cannotRun });
    else await print(`${doneText(action, done, ids, peer)}${cannotRun === 0 ? "" : `; ${count(cannotRun)} cannot run again and stayed: \`dead drop\` forgets them`}\n`);
  }
  return exitCode.ok;
}

async function list(directory: string, ids: readonly number[], peer: string | undefined, json: boolean): Promise<void> {
  const letters: DeadLetterReport[] = [];
  for (let more = true, after = 0; more; after = letters.at(-1)?.id ?? 0) {
    const { answer } = await ask<DeadLetterReports>(directory, { command: "dead ls", after, ...(ids.length === 0 ? {} : { ids }), ...(peer === undefined ? {} : { peer }) });
    letters.push(...answer.letters);
    more = answer.more;
  }
  if (json) await printJson(letters);
  else if (ids.length > 0) await print(letters.map(whole).join("\n"));
  else if (letters.length === 0) await print(`no dead letters${peer === undefined ? "" : ` of ${peer}`}\n`);
  else await print(table(["ID", "AT", "WHAT", "TRIES", "ERROR"], letters.map((letter) => [letter.id, letter.at, letter.what, letter.attempts, letter.error])));
}

async function operate(directory: string, request: DeadRequest, ids: readonly number[]): Promise<{ readonly done: number; readonly cannotRun: number }> {
  let done = 0;
  if (ids.length > 0) {
    for (let i = 0; i < ids.length; i += idsAtOnce) done += (await order<DeadAnswer>(directory, { ...request, ids: ids.slice(i, i + idsAtOnce) })).done;
    return { done, cannotRun: 0 };
  }
  let answer = await order<DeadAnswer>(directory, request);
  for (done = answer.done; answer.more; done += answer.done) answer = await order<DeadAnswer>(directory, { ...request, upTo: answer.upTo });
  return { done, cannotRun: answer.cannotRun };
}

function doneText(action: "retry" | "drop", done: number, ids: readonly number[], peer: string | undefined): string {
  const verb = action === "retry" ? (done === 1 ? "runs again" : "run again") : done === 1 ? "is dropped" : "are dropped";
  if (ids.length > 0) return `dead ${ids.length === 1 ? "letter" : "letters"} ${ids.join(", ")} ${verb}`;
  const whose = peer === undefined ? "" : ` of ${peer}`;
  return done === 0 ? `no dead letter${whose} ${action === "retry" ? "runs again" : "is dropped"}` : `${count(done)}${whose} ${verb}`;
}

function count(letters: number): string {
  return `${letters} dead ${letters === 1 ? "letter" : "letters"}`;
}

function whole({ id, at, what, attempts, error, input }: DeadLetterReport): string {
  return `id     ${id}\nat     ${at}\nwhat   ${what}\ntries  ${attempts}\nerror  ${error}\ninput  ${printView(input)}\n`;
}
