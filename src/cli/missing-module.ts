/**
 * An import of the app's that leads nowhere, told by the file that imports it: Node's own error comes from the loader and has only a text.
 * Reads that file to find the line; decides nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

export interface MissingModule {
  readonly message: string;
  readonly remedy: string;
}

const packageName = /^(?:@[a-z\d~-][\w.~-]*\/)?[a-z\d~-][\w.~-]*$/i;
/** What people leave out, in the order in which TypeScript would look. */
const endings = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];

/** Undefined for other errors. */
export function missingModule(error: { readonly code?: unknown; readonly message?: unknown }): MissingModule | undefined {
  if (error.code !== "ERR_MODULE_NOT_FOUND" && error.code !== "MODULE_NOT_FOUND") return undefined;
  const found = /^Cannot find (?:package|module) '(.+?)'(?: imported from (.+)|\nRequire stack:\n- (.+))/.exec(String(error.message));
  if (found === null) return undefined;
  const [, wanted = "", imported, required] = found;
  const from = (imported ?? required ?? "").split("\n", 1)[0]!;
  if (/^[./]|^[A-Za-z]:/.test(wanted)) return missingFile(wanted, from);
  const name = wanted.split("/").slice(0, wanted.startsWith("@") ? 2 : 1).join("/");
  if (!packageName.test(name)) {
    return { message: `${place(from, wanted)}: there is no package ${wanted}`, remedy: "Import files by relative paths with their endings (\"./bank.ts\"): aliases of tsconfig.json are unknown at run time." };
  }
  return { message: `${place(from, name)}: the package ${name} is not installed`, remedy: `npm install ${name}` };
}

function missingFile(wanted: string, from: string): MissingModule {
  const ending = endings.find((each) => existsSync(wanted + each));
  const remedy = ending === undefined ? "Check the path in that import." : `Write the file's whole name in the import: it is called ${relative(process.cwd(), wanted + ending)}.`;
  return { message: `${place(from, wanted.slice(wanted.lastIndexOf("/") + 1))}: there is no file ${relative(process.cwd(), wanted)}`, remedy };
}

/** `bank.ts:3`, the line as far as it can be found: where the name stands in a string. */
function place(from: string, name: string): string {
  const shown = relative(process.cwd(), from) || from;
  try {
    const quoted = new RegExp(`["'](?:[^"']*/)?${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["'/]`);
    const line = readFileSync(from, "utf8").split("\n").findIndex((text) => quoted.test(text));
    return line < 0 ? shown : `${shown}:${line + 1}`;
  } catch {
    return shown;
  }
}
