/**
 * Loads a module of the user's, an app's above all, through the compiler and takes its default export. Whatever is wrong with the
 * module is told with the line of the user's file. Runs nothing of the app but its top level.
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MaceKenError } from "../base/error.ts";
import { AppDefinition } from "../service/app.ts";
import { missingModule } from "./missing-module.ts";

/** This very package, or its build: what the loader throws is thrown there, and the cause is elsewhere. */
const ownFiles = new URL("../", import.meta.url).href;

/** MK_FILE_NOT_FOUND, before anything else is done. */
export function demandFile(file: string): string {
  const path = resolve(file);
  if (!existsSync(path)) throw new MaceKenError("MK_FILE_NOT_FOUND", `there is no file ${file}`);
  if (!statSync(path).isFile()) throw new MaceKenError("MK_FILE_NOT_FOUND", `${file} is not a file`);
  return realpathSync(path);
}

/** Errors: MK_FILE_NOT_FOUND, MK_FILE_FAILED, MK_COMPILE_FAILED, MK_APP_INVALID. */
export async function loadApp(file: string): Promise<AppDefinition> {
  const found = await loadDefault(file);
  if (found instanceof AppDefinition) return found;
  if (found === undefined) throw new MaceKenError("MK_APP_INVALID", `${file} has no default export`);
  if (isOfAnotherCopy(found, AppDefinition)) {
    throw new MaceKenError("MK_APP_INVALID", `${file} uses another copy of maceken than this command`, { remedy: "Run the copy that the app imports: npx maceken run …, in the app's folder." });
  }
  throw new MaceKenError("MK_APP_INVALID", `the default export of ${file} is not an app`);
}

/** Made by a class of that name, which is not ours. */
export function isOfAnotherCopy(found: unknown, ours: { readonly name: string }): boolean {
  return (found as object | null)?.constructor?.name === ours.name;
}

/** The default export of a module, loaded through the compiler. Errors: MK_FILE_NOT_FOUND, MK_FILE_FAILED, MK_COMPILE_FAILED. */
export async function loadDefault(file: string): Promise<unknown> {
  const path = demandFile(file);
  // The loader is in place before the module is asked for.
  await import("../node/register.ts");
  try {
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (error) {
    throw asLoadError(file, path, error);
  }
}

function asLoadError(file: string, path: string, error: unknown): MaceKenError {
  if (error instanceof MaceKenError) return error;
  const failure = error as { code?: unknown; message?: unknown; remedy?: unknown; stack?: unknown; name?: unknown } | null;
  const message = String(failure?.message ?? error);
  // From the loader's own thread an error comes as a copy, which has lost its class.
  if (failure?.code === "MK_COMPILE_FAILED") {
    return new MaceKenError("MK_COMPILE_FAILED", message.replace(/\n\s*remedy: .*$/s, ""), { cause: error, ...(typeof failure.remedy === "string" ? { remedy: failure.remedy } : {}) });
  }
  const missing = missingModule(failure ?? {});
  if (missing !== undefined) return new MaceKenError("MK_FILE_FAILED", missing.message, { cause: error, remedy: missing.remedy });
  const line = lineOf(String(failure?.stack ?? ""));
  const name = failure !== null && typeof failure === "object" && typeof failure.name === "string" ? `${failure.name}: ` : "";
  return new MaceKenError("MK_FILE_FAILED", `${line ?? relative(process.cwd(), path) ?? file}: ${name}${message.split("\n")[0]}`, { cause: error });
}

/** `bank.ts:3:7`: the first frame that is in a file of the user's, and not in the loader. */
function lineOf(stack: string): string | undefined {
  for (const frame of stack.split("\n")) {
    const found = /(?:file:\/\/)?(\/[^()]+?|[A-Za-z]:[^()]+?):(\d+):(\d+)\)?$/.exec(frame.trim());
    if (found === null || !frame.trimStart().startsWith("at ") || frame.includes("node:internal") || frame.includes(ownFiles)) continue;
    const shown = relative(process.cwd(), decodeURI(found[1]!));
    return `${shown}:${found[2]}:${found[3]}`;
  }
  return undefined;
}
