/**
 * ES module hooks where Node has `module.registerHooks`: on the main thread, without a second one to start. `require` asks these
 * hooks too; its text goes through unchanged, because commonjs.ts compiles it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { declaredFormat, isCompilable } from "./module-format.ts";
import { isNotFound, typescriptSpecifiers } from "./resolve-typescript.ts";
import { isRuntimeFile } from "./runtime-files.ts";
import type { SourceCompiler } from "./source-compiler.ts";

interface Resolved {
  url: string;
}

interface Loaded {
  format: string | null | undefined;
  source?: string | ArrayBuffer | NodeJS.TypedArray | null | undefined;
  shortCircuit?: boolean;
}

interface LoadContext {
  readonly conditions: readonly string[];
  readonly importAttributes?: Readonly<Record<string, string>>;
}

/** As far as we use it; Node 20's types do not have it. */
export type RegisterHooks = (hooks: {
  resolve(specifier: string, context: object, next: (specifier: string, context?: object) => Resolved): Resolved;
  load(url: string, context: LoadContext, next: (url: string, context?: object) => Loaded): Loaded;
}) => unknown;

export function installSynchronousHooks(registerHooks: RegisterHooks, compiler: SourceCompiler): void {
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        for (const other of typescriptSpecifiers(specifier)) {
          try {
            return next(other, context);
          } catch {
            // The error to report is the one for what was written.
          }
        }
        throw error;
      }
    },
    load(url, context, next) {
      if (!url.startsWith("file:") || context.importAttributes?.["type"] !== undefined) return next(url, context);
      const filename = fileURLToPath(url);
      if (!isCompilable(filename) || isRuntimeFile(filename)) return next(url, context);
      const format = declaredFormat(filename);
      const viaRequire = context.conditions.includes("require");
      if (format !== "commonjs") {
        const source = readFileSync(filename, "utf8");
        const compiled = compiler.compile(filename, source, format);
        if (compiled.format === "module") return { format: "module", source: viaRequire ? source : compiled.code, shortCircuit: true };
        if (viaRequire) return { format: "commonjs", source, shortCircuit: true };
      } else if (viaRequire) {
        return { format, source: readFileSync(filename, "utf8"), shortCircuit: true };
      }
      // Without a source, Node takes the CommonJS module from its own loader.
      return { format: "commonjs", source: undefined, shortCircuit: true };
    },
  });
}
