/**
 * ES module hooks for versions of Node without `module.registerHooks`: Node runs this file on a thread of its own, so it holds
 * little and starts quickly. CommonJS is left to the main thread (commonjs.ts).
 */
import { readFileSync } from "node:fs";
import type { LoadFnOutput, LoadHookContext, ResolveFnOutput, ResolveHookContext } from "node:module";
import { fileURLToPath } from "node:url";
import { CompileCache } from "./cache.ts";
import { declaredFormat, isCompilable } from "./module-format.ts";
import { isNotFound, typescriptSpecifiers } from "./resolve-typescript.ts";
import { isRuntimeFile } from "./runtime-files.ts";
import { SourceCompiler, type SourceCompilerOptions } from "./source-compiler.ts";

let compiler: SourceCompiler;

export function initialize(data: { cacheDirectory: string | undefined; options: SourceCompilerOptions }): void {
  compiler = new SourceCompiler(new CompileCache(data.cacheDirectory), data.options);
}

export async function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput | Promise<ResolveFnOutput>,
): Promise<ResolveFnOutput> {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    for (const other of typescriptSpecifiers(specifier)) {
      try {
        return await next(other, context);
      } catch {
        // The error to report is the one for what was written.
      }
    }
    throw error;
  }
}

export async function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput | Promise<LoadFnOutput>,
): Promise<LoadFnOutput> {
  if (!url.startsWith("file:") || context.importAttributes?.["type"] !== undefined) return next(url, context);
  const filename = fileURLToPath(url);
  if (!isCompilable(filename) || isRuntimeFile(filename)) return next(url, context);
  const format = declaredFormat(filename);
  // Without a source, Node takes the CommonJS module from the main thread's own loader.
  if (format === "commonjs") return { format, source: undefined, shortCircuit: true };
  const compiled = compiler.compile(filename, readFileSync(filename, "utf8"), format);
  if (compiled.format === "commonjs") return { format: "commonjs", source: undefined, shortCircuit: true };
  return { format: "module", source: compiled.code, shortCircuit: true };
}
