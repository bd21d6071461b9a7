/** `maceken upgrade --dry-run`: what a version of an app would do to a node's data, without touching them. */
import { resolve } from "node:path";
import type { ClassChange } from "../heap/outdated-objects.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode, exitCodeOf } from "./exit-codes.ts";
import { loadApp } from "./load-app.ts";
import { print, printError, printJson } from "./output.ts";
import { usage } from "./parse.ts";
import { readableBytes } from "../observe/readable-bytes.ts";
import type { UpgradeTrial } from "./try-upgrade.ts";

export const command: CommandSpec = {
  name: "upgrade",
  summary: "try a new version of an app on a node's data",
  description: [
    "Reads the directory into memory, runs the first turn of APP there, and says what it would change and whether it would start.",
    "DIR is not touched, and its node may run meanwhile. The upgrade itself happens when `maceken run` starts APP on DIR.",
  ].join("\n"),
  arguments: [
    { name: "DIR", help: "the data directory" },
    { name: "APP", help: "the new version of the app's module" },
  ],
  options: {
    "dry-run": { type: "boolean", help: "required: this command only tries" },
    json: { type: "boolean", help: "as JSON" },
  },
  example: "maceken upgrade --dry-run ./bank-data bank.ts",
  run,
};

async function run(input: CommandInput): Promise<number> {
  if (input.flags["dry-run"] !== true) throw usage(command, "upgrades happen when `maceken run` starts the new version; --dry-run tries one");
  const directory = input.arguments["DIR"]!;
  const { tryUpgrade } = await import("./try-upgrade.ts");
  const app = await loadApp(input.arguments["APP"]!);
  const trial = tryUpgrade(directory, app);
  const { error } = trial;
  if (input.flags["json"] === true) {
    const told = error === null ? null : { code: error.code, message: error.message, remedy: error.remedy, details: error.details ?? null };
    await printJson({ directory: resolve(directory), starts: error === null, ...trial, error: told });
  } else {
    await print(report(trial, directory));
    if (error !== null) printError(error, false);
  }
  return error === null ? exitCode.ok : exitCodeOf(error);
}

function report(trial: UpgradeTrial, directory: string): string {
  const { node, turn, fromVersion, toVersion, objects, services, classes, deadLetters, recordBytes, messages, notes, error } = trial;
  const versions = fromVersion === toVersion ? `version ${toVersion}, as the data` : `version ${fromVersion} -> ${toVersion}`;
  const lines = [`${node} in ${directory}: ${versions}, turn ${turn}, ${objects.toLocaleString("en")} objects`];
  const section = (title: string, rows: readonly string[]): void => rows.forEach((row, i) => void lines.push(`  ${(i === 0 ? title : "").padEnd(12)}${row}`));
  section("services", [
    ...services.born.map((name) => `+ ${name}  born`),
    ...services.removed.map((name) => `- ${name}  removed`),
    ...services.upgraded.map((name) => `  ${name}  upgraded(${fromVersion}), if it has one`),
  ]);
  section("classes", classes.flatMap(classRows));
  section("dead letters", deadLetters);
  section("log", notes.filter(({ code, message }) => code === undefined && !isOurs(message, trial)).map(({ level, message }) => `${level}: ${message}`));
  if (error === null) {
    section("messages", messages.map(({ to, count }) => `${count} to ${to}`));
    section("record", [recordBytes === 0 ? "nothing is written" : `${readableBytes(recordBytes)} in turn ${turn + 1}`]);
  }
  lines.push(error === null ? "It would start. Nothing was changed." : "It would be refused. Nothing was changed.");
  return `${lines.join("\n")}\n`;
}

function classRows({ name, storedName, objects, added, uninitialised, dropped, left }: ClassChange): string[] {
  const head = `${shortClass(name)}  ${objects.toLocaleString("en")} ${objects === 1 ? "object" : "objects"}`;
  return [
    name === storedName ? head : `${head}, stored as ${storedName}, now ${name}`,
    ...added.map((field) => `  + ${field}${uninitialised.includes(field) ? "  undefined: it has no initialiser" : ""}`),
    ...dropped.map((field) => `  - ${field}  its values are lost`),
    ...left.map((field) => `  ~ ${field}  no longer declared, still stored`),
  ];
}

/** `Account` of `shop/bank#Account`. */
function shortClass(name: string): string {
  return name.slice(name.lastIndexOf("#") + 1);
}

/** Notes that the rows above have told already. */
function isOurs(message: string, { classes, fromVersion, toVersion }: UpgradeTrial): boolean {
  return message === `upgraded from version ${fromVersion} to ${toVersion}` || classes.some(({ name }) => message.startsWith(`${name}: `));
}
