/** `maceken explain`: what an error code means and what to do, from the pages in docs/errors. */
import { errorCodes, type ErrorCode } from "../base/error-codes.ts";
import { MaceKenError } from "../base/error.ts";
import type { CommandInput, CommandSpec } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { print, printJson } from "./output.ts";
import { errorPage } from "./package-files.ts";
import { suggestion } from "./parse.ts";

export const command: CommandSpec = {
  name: "explain",
  summary: "what an error code means, and what to do",
  arguments: [{ name: "CODE", optional: true, help: "a code such as MK_PARKED, with or without MK_; without one all are listed" }],
  options: { json: { type: "boolean", help: "as JSON" } },
  example: "maceken explain MK_PARKED",
  run,
};

async function run(input: CommandInput): Promise<number> {
  const given = input.arguments["CODE"];
  if (given === undefined) {
    const codes = Object.keys(errorCodes);
    if (input.flags["json"] === true) await printJson(codes);
    else await print(`${codes.join("\n")}\n`);
    return exitCode.ok;
  }
  const asked = given.toUpperCase().replaceAll("-", "_");
  const code = asked.startsWith("MK_") ? asked : `MK_${asked}`;
  if (!Object.hasOwn(errorCodes, code)) {
    throw new MaceKenError("MK_CODE_UNKNOWN", `there is no error code ${asked}${suggestion(code, Object.keys(errorCodes), "")}`);
  }
  const { remedy, retriable, didNotRun } = errorCodes[code as ErrorCode];
  const page = errorPage(code);
  if (input.flags["json"] === true) await printJson({ code, remedy, retriable, certainlyDidNotRun: didNotRun, page: page ?? null });
  else await print(page ?? `# ${code}\n\nremedy: ${remedy}\nretriable: ${retriable}\ncertainly did not run: ${didNotRun}\n`);
  return exitCode.ok;
}
