#!/usr/bin/env node
/**
 * The command `maceken`: finds the command named and runs it. Kept light, because a node that restarts begins here: each
 * command's own file, and what that needs, is loaded only when it is asked for.
 */
import { MaceKenError } from "../base/error.ts";
import type { CommandSpec } from "./command.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { print, printError } from "./output.ts";
import { parseCommand, suggestion } from "./parse.ts";

const commands: Readonly<Record<string, () => Promise<{ readonly command: CommandSpec }>>> = {
  run: () => import("./run.ts"),
  inspect: () => import("./inspect.ts"),
  log: () => import("./log.ts"),
  verify: () => import("./verify.ts"),
  status: () => import("./status.ts"),
  backup: () => import("./backup.ts"),
  restore: () => import("./restore.ts"),
  upgrade: () => import("./upgrade.ts"),
  dead: () => import("./dead.ts"),
  peers: () => import("./peers.ts"),
  simulate: () => import("./simulate.ts"),
  check: () => import("./check.ts"),
  replay: () => import("./replay.ts"),
  explain: () => import("./explain.ts"),
};

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const { programHelp, commandHelp } = await import("./help.ts");
    const asked = rest[0];
    if (asked !== undefined) await print(commandHelp((await find(asked)).command));
    else await print(programHelp(await Promise.all(Object.values(commands).map(async (load) => (await load()).command))));
    return name === undefined ? exitCodeOf(new MaceKenError("MK_USAGE", "")) : 0;
  }
  if (name === "--version" || name === "-v") {
    const { version } = await import("./package-files.ts");
    await print(`${version()}\n`);
    return 0;
  }
  const { command } = await find(name);
  if (rest.includes("--help") || rest.includes("-h")) {
    const { commandHelp } = await import("./help.ts");
    await print(commandHelp(command));
    return 0;
  }
  return command.run(parseCommand(command, rest));
}

function find(name: string): Promise<{ readonly command: CommandSpec }> {
  if (Object.hasOwn(commands, name)) return commands[name]!();
  throw new MaceKenError("MK_USAGE", `there is no command ${JSON.stringify(name)}${suggestion(name, Object.keys(commands), "")}`);
}

const args = process.argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (error) {
  printError(error, args.includes("--json"));
  process.exitCode = exitCodeOf(error);
}
// Handles that a failed start may have left open must not keep a command from ending; `run` answers only when it is over.
process.exit();
