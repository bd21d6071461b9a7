/**
 * Which files the loader leaves alone: those of this package's own build, which implement the barrier and must not run through
 * it, and the packages that the compiler itself is made of. The service library below dist/library/ is written against the
 * public API, so it is compiled like any program.
 */
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ownBuild = dirname(dirname(fileURLToPath(import.meta.url))) + sep;
const compiledParts = [join(ownBuild, "library") + sep];
const compilerPackages = /[\\/]node_modules[\\/](?:oxc-parser|oxc-transform|@oxc-(?:parser|transform|project)|magic-string|@jridgewell)[\\/]/;

export function isRuntimeFile(filename: string): boolean {
  if (filename.startsWith(ownBuild)) return !compiledParts.some((part) => filename.startsWith(part));
  return compilerPackages.test(filename);
}
