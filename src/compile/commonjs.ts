/**
 * The loader's CommonJS half: everything that `require` loads, and ES modules that `require` loads where Node can do that.
 * Works on the main thread, through the same two places that other tools use: Module._extensions and Module.prototype._compile.
 */
import { readFileSync } from "node:fs";
import Module from "node:module";
import { isAbsolute } from "node:path";
import { declaredFormat, isCompilable, type ModuleFormat } from "./module-format.ts";
import { isNotFound, typescriptSpecifiers } from "./resolve-typescript.ts";
import { isRuntimeFile } from "./runtime-files.ts";
import type { SourceCompiler } from "./source-compiler.ts";

interface ModuleInternals {
  prototype: { _compile(this: Module, content: string, filename: string, format?: string): unknown };
  _extensions: Record<string, (module: Module & { _compile: ModuleInternals["prototype"]["_compile"] }, filename: string) => unknown>;
  _resolveFilename(this: unknown, request: string, ...rest: unknown[]): string;
}

export function installCommonJs(compiler: SourceCompiler): void {
  const internals = Module as unknown as ModuleInternals;
  const compile = internals.prototype._compile;
  internals.prototype._compile = function (content, filename, format) {
    if (!isAbsolute(filename) || !isCompilable(filename) || isRuntimeFile(filename)) return compile.call(this, content, filename, format);
    const compiled = compiler.compile(filename, content, knownFormat(format) ?? declaredFormat(filename));
    return compile.call(this, compiled.code, filename, compiled.format);
  };

  for (const extension of [".ts", ".tsx", ".mts", ".cts"]) {
    internals._extensions[extension] = (module, filename) => module._compile(readFileSync(filename, "utf8"), filename, declaredFormat(filename));
  }

  const resolveFilename = internals._resolveFilename;
  internals._resolveFilename = function (request, ...rest) {
    try {
      return resolveFilename.call(this, request, ...rest);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      for (const other of typescriptSpecifiers(request)) {
        try {
          return resolveFilename.call(this, other, ...rest);
        } catch {
          // The error to report is the one for what was written.
        }
      }
      throw error;
    }
  };
}

function knownFormat(format: string | undefined): ModuleFormat | undefined {
  return format === "module" || format === "commonjs" ? format : undefined;
}
