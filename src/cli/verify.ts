/** `maceken verify`: reads everything in a data directory's log and says what it found. Changes nothing. */
import { NodeDisk } from "../log/disk-node.ts";
import { verifyLog, type FileReport } from "../log/verify.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode, exitCodeOf } from "./exit-codes.ts";
import { print, printError, printJson, table } from "./output.ts";
import { demandDirectory } from "./read-directory.ts";

export const command: CommandSpec = {
  name: "verify",
  summary: "check a data directory for damage",
  description: "Judges as a start would. On the directory of a running node the end of the log may look torn: that is no damage.",
  arguments: [{ name: "DIR", help: "the data directory" }],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken verify ./bank-data",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const disk = new NodeDisk();
  const { directory, manifest } = demandDirectory(disk, input.arguments["DIR"]!);
  const report = verifyLog(disk, directory, manifest.salt);
  const { files, lastTurn, lastGroup, lastGroupProved, problem } = report;
  const json = input.flags["json"] === true;
  if (json) {
    const told = problem === null ? null : { code: problem.code, message: problem.message, remedy: problem.remedy, details: problem.details ?? null };
    await printJson({ name: manifest.name, files, lastTurn, lastGroup, lastGroupProved, problem: told });
  } else {
    await print(table(["FILE", "KIND", "BYTES", "USED", "GROUPS", "RECORDS", "LAST TURN", "REMARK"], files.map(row)));
    const proof = lastGroupProved ? "" : "; nothing proves that the last group was durable, so damage to it would look like a torn write";
    if (problem === null) await print(`${manifest.name}: sound up to turn ${lastTurn}, group ${lastGroup}${proof}\n`);
    else printError(problem, false);
  }
  return problem === null ? exitCode.ok : exitCodeOf(problem);
}

function row(file: FileReport): (string | number)[] {
  return [file.name, file.kind, file.sizeBytes, file.usedBytes, file.groups, file.records, file.lastTurn ?? "-", file.remark ?? ""];
}
