/**
 * Errors in the program's text as people want them: file, line, column, the line itself with a mark under the place, the
 * remedy; no stack of ours.
 */
import { basename, extname, join } from "node:path";
import { MaceKenError } from "../base/error.ts";

/** The compiler cannot take what stands at this offset. */
export class Refusal extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** `offset` counts UTF-16 code units; `line` and `column` in the details count from one. */
export function compileError(filename: string, code: string, offset: number, problem: string): MaceKenError {
  const before = code.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  const column = offset - lineStart + 1;
  const lineEnd = code.indexOf("\n", lineStart);
  const text = code.slice(lineStart, lineEnd < 0 ? code.length : lineEnd).replace(/\r$/, "");
  const from = Math.max(0, column - 101);
  const shown = text.slice(from, from + 160).replaceAll("\t", " ");
  const gutter = `${line} | `;
  const frame = `${gutter}${shown}\n${" ".repeat(gutter.length + column - 1 - from)}^`;
  return withoutStack(new MaceKenError("MK_COMPILE_FAILED", `${filename}:${line}:${column}: ${problem}\n${frame}`, { details: { file: filename, line, column, problem } }));
}

/** The file is an ES module by its text, and CommonJS by its name or by what the package.json in `directory` says. */
export function asFormatError({ message, details }: MaceKenError, filename: string, directory: string | undefined): MaceKenError {
  const { problem } = details as { readonly problem: string };
  const extension = extname(filename);
  const isNamed = extension.startsWith(".c");
  const why = isNamed ? `a file named *${extension} is CommonJS` : `${join(directory ?? "", "package.json")} says "type": "commonjs"`;
  const other = `${basename(filename, extension)}${extension.endsWith("ts") || extension === ".tsx" ? ".mts" : ".mjs"}`;
  return withoutStack(new MaceKenError("MK_COMPILE_FAILED", message.replace(problem, () => `${problem}: ${why}`), {
    details, remedy: isNamed ? `Name the file ${other}.` : `Run \`npm pkg set type=module\` in that folder, or name the file ${other}.`,
  }));
}

/** A loader's error reaches the user as Node prints it: by its stack, and ours would only hide the place that matters. */
function withoutStack(error: MaceKenError): MaceKenError {
  error.stack = `${error.name} [${error.code}]: ${error.message}\n  remedy: ${error.remedy}`;
  return error;
}
