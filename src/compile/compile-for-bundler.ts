/**
 * One file for a bundler: the loader's function with the loader's names, so that a bundle and its sources name classes alike
 * and open each other's data. What a bundler wants around it is in its plugin.
 */
import { classPathOf } from "./class-path.ts";
import { compileModule, type CompileInput, type CompiledModule } from "./compile-module.ts";
import { detectFormat } from "./detect-format.ts";
import { declaredFormat, isCompilable } from "./module-format.ts";
import { isRuntimeFile } from "./runtime-files.ts";

/** What a bundle has to load before its first compiled statement. */
export const runtimeModule = "maceken/runtime";

/** Packages that stay outside of a bundle: ours finds its files by their place, and two copies of it would be two heaps. */
export const ownPackage = /^maceken(?:\/|$)/;

export type BundlerOptions = Pick<CompileInput, "typesGone" | "runtimeModule">;

/** Undefined for files that are not compiled. Throws MK_COMPILE_FAILED. */
export function compileForBundler(filename: string, source: string, options: BundlerOptions = {}): CompiledModule | undefined {
  if (!isCompilable(filename) || isRuntimeFile(filename)) return undefined;
  // Bundlers go by the syntax where Node goes by the name: TypeScript for CommonJS is full of imports.
  const format = declaredFormat(filename) === "module" ? "module" : detectFormat(filename, source);
  return compileModule({ ...options, code: source, filename, format, classPath: classPathOf(filename) });
}
