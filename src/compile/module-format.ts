/**
 * What kind of module a file is, decided as Node decides: by extension, then by the nearest package.json, then by its syntax
 * (source-compiler.ts looks at that). Also which files are modules with text at all.
 */
import { dirname, extname } from "node:path";
import { nearestPackage } from "./class-path.ts";

export type ModuleFormat = "module" | "commonjs";

const byExtension: Readonly<Record<string, ModuleFormat | "package">> = {
  ".mjs": "module",
  ".mts": "module",
  ".cjs": "commonjs",
  ".cts": "commonjs",
  ".js": "package",
  ".ts": "package",
  ".tsx": "package",
  "": "package",
};

/** JSON, WebAssembly and native modules are not ours. */
export function isCompilable(filename: string): boolean {
  return Object.hasOwn(byExtension, extname(filename));
}

export function isTypeScript(filename: string): boolean {
  return /\.[cm]?tsx?$/.test(filename);
}

/** Undefined when only the syntax can tell. */
export function declaredFormat(filename: string): ModuleFormat | undefined {
  const known = byExtension[extname(filename)];
  return known === "package" ? nearestPackage(dirname(filename))?.type : known;
}
