/**
 * For the loader, on a cache miss: what a file is that neither its extension nor a package.json describes, and its map in the
 * place where Node looks for it. And, when compiling has failed, whether the file was taken for what it is not.
 */
import { basename, dirname } from "node:path";
import { parseSync } from "oxc-parser";
import type { MaceKenError } from "../base/error.ts";
import { nearestPackage } from "./class-path.ts";
import { asFormatError } from "./compile-error.ts";
import { isTypeScript, type ModuleFormat } from "./module-format.ts";
import type { SourceMapV3 } from "./strip-types.ts";

/** As Node does: CommonJS, unless that is impossible and an ES module is possible. */
export function detectFormat(filename: string, source: string): ModuleFormat {
  const lang = filename.endsWith(".tsx") ? "tsx" : isTypeScript(filename) ? "ts" : "js";
  const parsed = parseSync(filename, source, { lang, sourceType: "commonjs" });
  if (parsed.module.hasModuleSyntax) return "module";
  if (!parsed.errors.some(({ severity }) => severity === "Error")) return "commonjs";
  const asModule = parseSync(filename, source, { lang, sourceType: "module" });
  return asModule.errors.some(({ severity }) => severity === "Error") ? "commonjs" : "module";
}

/** Why a file could not be compiled as CommonJS: perhaps it is an ES module, which the parser could not know. */
export function explainFormat(error: unknown, filename: string, source: string): unknown {
  if (!(error instanceof Error && "code" in error && error.code === "MK_COMPILE_FAILED") || detectFormat(filename, source) !== "module") return error;
  return asFormatError(error as MaceKenError, filename, nearestPackage(dirname(filename))?.directory);
}

/** Appends the map, as data, with the file's own name as source; maps of earlier build steps must not be taken for ours. */
export function inlineMap(code: string, map: SourceMapV3 | null, filename: string): string {
  const text = code.replace(/^([ \t]*\/\/[#@]) sourceMappingURL=/gm, "$1 earlierSourceMappingURL=");
  if (map === null) return text;
  const data = JSON.stringify({ version: 3, sources: [encodeURIComponent(basename(filename))], names: map.names, mappings: map.mappings });
  return `${text}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(data, "utf8").toString("base64")}`;
}
