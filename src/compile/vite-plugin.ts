/**
 * `maceken/vite`: the write barrier in what Vite builds for the server, and in the modules that Vitest runs. The types are the
 * part of Vite's that is used here, so that Vite is nobody's dependency.
 */
import { compileForBundler, runtimeModule } from "./compile-for-bundler.ts";
import type { CompiledModule } from "./compile-module.ts";

interface Settings {
  ssr: { external: string[] };
  test: { execArgv: string[] };
}

export interface VitePlugin {
  readonly name: string;
  config(): Settings;
  transform(code: string, id: string, options?: { readonly ssr?: boolean | undefined }): CompiledModule | undefined;
}

/**
 * A plugin for `vite.config.ts` and `vitest.config.ts`. Compiles what Vite transforms for the server, and all that Vitest runs;
 * code for browsers is left alone. It runs after Vite's own TypeScript step, so the project's settings hold. Vitest's processes
 * also start with `maceken/register`, so packages that are left to Node are compiled too, and the audit is full. A server build
 * leaves packages outside, too: start it with `node --import maceken/register`. Files that do not compile fail the build
 * (MK_COMPILE_FAILED).
 */
export function maceken(): VitePlugin {
  return {
    name: "maceken",
    config: () => ({ ssr: { external: ["maceken"] }, test: { execArgv: ["--import", import.meta.resolve("maceken/register")] } }),
    transform(code, id, options) {
      const [filename = "", query = ""] = id.split("?");
      // Under Vitest, also what its browser-like environments run: it runs in Node all the same.
      const onServer = options?.ssr === true || process.env["VITEST"] !== undefined;
      // Queries ask for something else than the module (its URL, its text), except for those that only defeat caches.
      if (!onServer || filename.startsWith("\0") || !/^(?:(?:t|v)=[\w.]*&?)*$/.test(query)) return undefined;
      return compileForBundler(filename, code, { typesGone: true, runtimeModule });
    },
  };
}

export default maceken;
