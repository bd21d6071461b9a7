/**
 * Which files the loader leaves alone: those of this package's own build, which implement the barrier and must not run through
 * it, and the packages that the compiler itself is made of. The service library is among them, because the build has compiled it.
 */
import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ownBuild = dirname(dirname(fileURLToPath(import.meta.url))) + sep;
const compilerPackages = /[\\/]node_modules[\\/](?:oxc-parser|oxc-transform|@oxc-(?:parser|transform|project)|magic-string|@jridgewell)[\\/]/;

export function isRuntimeFile(filename: string): boolean {
  return filename.startsWith(ownBuild) || compilerPackages.test(filename);
}
