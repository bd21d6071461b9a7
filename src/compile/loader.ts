/**
 * Puts the compiler between Node and the program's modules: ES modules and CommonJS, the program's own and its dependencies',
 * TypeScript and JavaScript. The runtime of the barrier must be in place before (barrier-contract.ts). Compiles nothing itself.
 */
import Module, { register } from "node:module";
import { CompileCache, cacheDirectory } from "./cache.ts";
import { installCommonJs } from "./commonjs.ts";
import { compilerVersion, SourceCompiler } from "./source-compiler.ts";
import { installSynchronousHooks, type RegisterHooks } from "./synchronous-hooks.ts";

export interface LoaderOptions {
  /** Where compiled modules are kept; `false` keeps nothing. Default: see cache.ts. */
  readonly cacheDirectory?: string | false;
  /**
   * Stack traces show the program's sources: "program" (the default) means lines everywhere, and columns except in the JavaScript
   * of dependencies; "all" means columns there too, at the price of a slower start; "none" leaves Node's setting alone.
   */
  readonly sourceMaps?: "program" | "all" | "none";
}

const installed = Symbol.for("maceken.loader");

/** Once for a process; further calls do nothing. Modules that were loaded before stay as they are. */
export function installLoader(options: LoaderOptions = {}): void {
  const marks = globalThis as { [installed]?: boolean };
  if (marks[installed] === true) return;
  marks[installed] = true;

  const directory = options.cacheDirectory === false ? undefined : (options.cacheDirectory ?? cacheDirectory(process.cwd()));
  const settings = { version: compilerVersion(), dependencyMaps: options.sourceMaps === "all" };
  const compiler = new SourceCompiler(new CompileCache(directory), settings);
  if (options.sourceMaps !== "none") process.setSourceMapsEnabled(true);
  const { registerHooks } = Module as { registerHooks?: RegisterHooks };
  if (registerHooks !== undefined) installSynchronousHooks(registerHooks, compiler);
  else register("./hooks.js", import.meta.url, { data: { cacheDirectory: directory, options: settings } });
  installCommonJs(compiler);
}
